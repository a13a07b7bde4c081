"""Files that look like declarations, and are none or nobody's."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.declare.there import valid
from jailpf.errors import JailpfError, Problem
from jailpf.lifecycle.jails import near_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session

_LIKE = re.compile(r"(?P<name>[^.].*?)(?P<end>\.(?:t[om]{1,3}l?|toml\.\w+|TOML|conf|tolm))$")
_EDITORS = (".bak", ".orig", ".swp", ".save", ".rej", ".dist", ".sample", ".example", "~")


def strays(session: Session) -> Iterator[Problem]:
    """Files that look like declarations and are read by nobody, because of their names."""
    end = session.settings.jail_file("{jail}").partition("{jail}")[2]
    folder = os.path.dirname(session.settings.jail_file("x"))
    home = os.path.dirname(session.settings.file)
    for name in _listed(folder):
        found = _LIKE.fullmatch(name)
        if found and not name.endswith((*_EDITORS, ".table")) and not (name.endswith(end) and valid(name[: -len(end)])):
            plain = re.sub(r"[^A-Za-z0-9_.:+@-]", "_", found["name"].removesuffix(".toml"))
            yield Problem(
                f"{folder}/{name} is not read: a declaration is called JAIL{end}",
                None,
                f"mv it to {folder}/{plain}{end}, if it is one",
            )
    yield from _nobodys(session)
    if home != folder:
        for name in _listed(home):
            if name.endswith(".toml") and name.removesuffix(".toml") in set(_nameable(session)):
                yield Problem(
                    f"{home}/{name} is not read: declarations are in {folder}",
                    None,
                    f"mv it to {session.settings.jail_file(name.removesuffix('.toml'))}",
                )


def _nobodys(session: Session) -> Iterator[Problem]:
    """Declarations with addresses of their own whose jail no manager has, where a name that is near has no file."""
    declared = session.jails.declared()
    try:
        known = {name for adapter in session.jails.adapters for name in adapter.names()}
    except JailpfError:
        return
    for name in declared if known else ():
        near = near_name(name, [one for one in known if one not in declared]) if name not in known else ""
        if near and _has_address(session, name):
            there, wanted = session.settings.jail_file(name), session.settings.jail_file(near)
            what = f"{there}: no jail manager knows {name}, but one knows {near}, which has no declaration"
            yield Problem(what, None, f"mv {there} {wanted}, if it is meant for {near}")


def _has_address(session: Session, name: str) -> bool:
    """Whether its [jail] names one: without, it is told as broken."""
    try:
        return any(session.jails.services(name).jail.addresses.values())
    except JailpfError:
        return False


def _nameable(session: Session) -> list[str]:
    try:
        return session.jails.everybody()
    except JailpfError:
        return []


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
