"""Reading files that decide who gets in: opened so that nobody but root (or oneself) could have written them.

DESIGN.md section 9. Every folder on the way is opened from the one above it, so what is checked is what is read.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.errors import DeclarationError, JailpfError, PermissionDeniedError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 16 << 20
MAX_LINKS = 32
# O_PATH: to be gone through, a folder need not be readable.
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC


def read(file: str, error: type[JailpfError] = DeclarationError, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file, at most `limit`.

    Everything on the way must belong to root or to oneself. Raises `error` when there is no such file,
    PermissionDeniedError when somebody else could have written it.
    """
    try:
        descriptor = _open(os.path.abspath(file))
    except FileNotFoundError:
        if os.path.islink(file):
            raise error(f"is a link to {os.readlink(file)}, which is not there", Place(file)) from None
        raise error("no such file", Place(file)) from None
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(file), "run as root") from None
    except OSError as wrong:
        raise error(f"cannot be read: {wrong.strerror}", Place(file)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise error("is not a regular file", Place(file))
    with open(descriptor, "rb") as opened:
        content = opened.read(limit + 1)
    if len(content) > limit:
        raise error(f"is larger than {limit >> 20} MiB", Place(file))
    return content


def absent(path: str) -> bool:
    """Whether nothing is there. What cannot be looked at is not absent: whoever opens it learns why."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def must_be_trusted(program: str) -> None:
    """Refuse a program, or folder, that somebody else could have written: it runs with our rights. One that is not there passes.

    Raises PermissionDeniedError.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        os.close(_open(os.path.abspath(program), FOLDER & ~os.O_DIRECTORY))


def must_be_outside(file: str, roots: Iterable[str]) -> None:
    """Refuse a file in a jail's root, or one that is reached through it: it is the jail's word, not the administrator's.

    Raises PermissionDeniedError.
    """
    steps = way(file)
    for root in roots:
        real = os.path.realpath(root) if root else "/"
        if real != "/" and any(within(step, real) for step in steps):
            raise PermissionDeniedError(
                f"is inside the jail's root {root}", Place(file), "keep it outside of all jails"
            )


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or below it; both absolute, without links."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def way(file: str) -> list[str]:
    """Every folder and file that opening `file` goes through, links followed, without links in their own names.

    What the jail changes in its root afterwards changes nothing here: the first step into the root is in the list.
    """
    todo = os.path.abspath(file).split("/")[:0:-1]
    steps, here, links = ["/"], "", 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = here.rpartition("/")[0]
            continue
        try:
            target = os.readlink(f"{here}/{name}") if links < MAX_LINKS else ""
        except OSError:  # no link, or not there
            target = ""
        if target:
            links += 1
            todo += target.split("/")[::-1]
            here = "" if target.startswith("/") else here
            continue
        here = f"{here}/{name}"
        steps.append(here)
    return steps


def _open(path: str, last: int = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK) -> int:
    todo = path.split("/")[:0:-1]
    folder = os.open("/", FOLDER)
    done, links = [""], 0
    try:
        _check(os.fstat(folder), "/")
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            here = "/".join([*done, name])
            status = os.lstat(name, dir_fd=folder)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > MAX_LINKS:
                    raise PermissionDeniedError("too many links", Place(path))
                _check_owner(status, here)
                target = os.readlink(name, dir_fd=folder)
                todo += target.split("/")[::-1]
                if target.startswith("/"):
                    folder, done = (
                        _swap(folder, os.open("/", FOLDER)),
                        [""],
                    )
                continue
            flags = FOLDER if todo else last
            opened = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
            folder = _swap(folder, opened)
            status = os.fstat(folder)
            if (
                todo or stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
            ):  # of a device or a FIFO the reader says that it is none
                _check(status, here)
            done = done[:-1] or [""] if name == ".." else [*done, name]
        folder, opened = -1, folder
        return opened
    finally:
        if folder >= 0:
            os.close(folder)


def _swap(old: int, new: int) -> int:
    os.close(old)
    return new


def _check(status: os.stat_result, path: str) -> None:
    _check_owner(status, path)
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if status.st_mode & 0o022 and not sticky:
        raise PermissionDeniedError("others can write to it", Place(path), f"chmod go-w {path}")


def _check_owner(status: os.stat_result, path: str) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise PermissionDeniedError(f"belongs to user {status.st_uid}", Place(path), f"chown root {path}")
