"""Replacing a manager's file: whole or not at all, with owner and mode kept, and the old text beside it."""

from __future__ import annotations

import os
from contextlib import suppress

from jailpf.errors import ConfigError, PermissionDeniedError, Place, TryAgainError
from jailpf.state import writes


def backup_of(file: str) -> str:
    """Where the text before the last change is kept. The dot hides it from globs such as `jail.conf.d/*`."""
    folder, name = os.path.split(os.path.realpath(file))
    return f"{folder}/.{name}.jailpf-backup"


def replace(file: str, old: bytes | None, new: bytes | None, mode: int = 0o644, clear: bool = False) -> str:
    """Replace a file that still says `old`; the name of the backup. None: no file, before or afterwards; mode: of a new one;
    clear: take its folder away with it when that is empty.

    Raises TryAgainError when another program changed it meanwhile, PermissionDeniedError, ConfigError. The old file stays
    then.
    """
    real = os.path.realpath(file)
    backup = backup_of(file)
    try:
        if old is None or new is None:
            _make(real, new or b"", mode) if old is None else _take_away(file, real, old or b"", clear)
            return backup
        _put(backup, real, old)
        staged = _stage(real, new)
        try:
            with open(real, "rb") as now:
                if now.read() != old:
                    raise TryAgainError("another program changed it meanwhile", Place(file))
            os.rename(staged, real)
        except BaseException:
            writes.remove(staged)
            raise
        _sync(os.path.dirname(real))
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be written: {wrong.strerror}", Place(file), "run as root") from None
    except OSError as wrong:
        raise ConfigError(f"cannot be written: {wrong.strerror}", Place(file)) from None
    return backup


def _make(real: str, content: bytes, mode: int) -> None:
    """A new file, whole or not at all. Staged above its folder: managers run whatever lies in it."""
    folder = os.path.dirname(real)
    os.makedirs(folder, 0o755, exist_ok=True)
    staged = writes.stage(f"{os.path.dirname(folder)}/.{os.path.basename(real)}.jailpf", content, mode)
    try:
        os.link(staged, real)
    except FileExistsError:
        raise TryAgainError("another program created it meanwhile", Place(real)) from None
    finally:
        writes.remove(staged)
    _sync(folder)


def _take_away(file: str, real: str, old: bytes, clear: bool) -> None:
    with open(real, "rb") as now:
        if now.read() != old:
            raise TryAgainError("another program changed it meanwhile", Place(file))
    os.unlink(real)
    if clear:
        with suppress(OSError):  # others have files there
            os.rmdir(os.path.dirname(real))


def _put(path: str, like: str, content: bytes) -> None:
    os.rename(_stage(like, content), path)


def _stage(real: str, content: bytes) -> str:
    """A file with `content` beside `real`, with its owner and mode."""
    status = os.stat(real)
    return writes.temporary(real, content, status.st_mode & 0o7777, (status.st_uid, status.st_gid))


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
