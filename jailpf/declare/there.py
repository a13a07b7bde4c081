"""Whether a jail has a declaration, which is something else than whether it can be seen."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, PermissionDeniedError, Place, UsageError
from jailpf.values import JailName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.declare.settings import Settings


def declares(settings: Settings, name: str) -> bool:
    """Whether a jail has a file. Only one that is missing in a folder that is there is none.

    Raises UsageError for what cannot be a jail's name, ConfigError, or PermissionDeniedError, where it cannot be told: a
    file system that is not mounted must not look like jails without declarations.
    """
    file = settings.jail_file(checked(name))
    with looking_at(file):
        try:
            os.lstat(file)
            return True
        except FileNotFoundError:
            pass
    folder = os.path.dirname(settings.jail_file("{jail}").partition("{jail}")[0])
    with looking_at(folder):
        os.listdir(folder)
    return False


@contextmanager
def looking_at(path: str) -> Iterator[None]:
    """Turn an OSError into the error that says that declarations cannot be looked at."""
    path = path.rstrip("/") or path
    make = "" if os.path.lexists(path) else f"`mkdir -p {path}` if nothing is declared yet, or "
    remedy = f"{make}mount it, or correct `services` in jailpf.toml; until then, what is loaded stays"
    try:
        yield
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(path), "run as root") from None
    except OSError as wrong:
        raise ConfigError(f"the declarations cannot be read: {wrong.strerror}", Place(path), remedy) from None


def valid(name: str) -> bool:
    """Whether this can be the name of a jail."""
    try:
        JailName.parse(name)
    except ValueError:
        return False
    return True


def checked(name: str) -> str:
    """The name itself. Raises UsageError: '', '*', '/', '..' and the like would address the main ruleset."""
    try:
        return JailName.parse(name)
    except ValueError as wrong:
        plain = os.path.basename(name).removesuffix(".toml")
        remedy = (
            f"this needs a jail's name, {plain}, because its file has that name" if "/" in name and valid(plain) else ""
        )
        if name == "*":
            remedy = "most commands take all jails if you name none"
        raise UsageError(str(wrong), None, remedy) from None
