"""Every write of jailpf goes through these functions. Nothing but `os`: they are on the path of every jail start."""

import os

MARK = ".jailpf-"  # in the name of a temporary file; a dot in front hides it from the globs of jail.conf(5)


def folder(path: str) -> None:
    """Make a folder that only its owner may enter. One that already exists must be such. Raises OSError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        status = os.lstat(path)
        if status.st_mode & 0o170000 != 0o040000 or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(1, "somebody else could have made it", path) from None


def stage(path: str, content: bytes, mode: int = 0o600) -> str:
    """Put `content` beside `path`, whole or not at all; the name to `commit`. Raises OSError."""
    staged = path + ".new"
    replace(staged, content, mode)
    return staged


def commit(staged: str) -> None:
    """Put a staged file in its place, atomically; an empty folder that stands there goes. Raises OSError."""
    path = staged[:-4]
    try:
        os.rename(staged, path)
    except IsADirectoryError:
        remove(path)
        os.rename(staged, path)


def replace(
    path: str, content: bytes, mode: int = 0o600, owner: "tuple[int, int] | None" = None, *, sync: bool = True
) -> None:
    """Write a file beside `path`, and put it in its place. owner: (user, group), one's own by default.

    sync: False for what a power failure may take. Raises OSError; the old file then stays.
    """
    written = temporary(path, content, mode, owner, sync=sync)
    try:
        os.rename(written, path)
    except OSError:
        remove(written)
        raise


def temporary(
    path: str, content: bytes, mode: int = 0o600, owner: "tuple[int, int] | None" = None, *, sync: bool = True
) -> str:
    """Write a file beside `path` under a name that nobody can know before; that name. Raises OSError.

    What stands under a name that can be guessed may be somebody's, or a link to it: such a file is never opened here.
    """
    folder, slash, name = path.rpartition("/")
    written = f"{folder}{slash}.{name[:60]}{MARK}{os.urandom(8).hex()}"
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if owner and owner != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            done = 0
            while done < len(content):
                done += os.write(descriptor, content[done:])
            if sync:
                os.fsync(descriptor)
        except BaseException:
            remove(written)
            raise
        finally:
            os.close(descriptor)
    except OSError as wrong:
        wrong.filename = path
        raise
    return written


def append(path: str, line: bytes, most: int) -> None:
    """Add a line to a file of a folder of one's own. One of more than `most` bytes is put aside, as PATH.old. Raises OSError."""
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        os.write(descriptor, line)
        full = os.fstat(descriptor).st_size > most
    finally:
        os.close(descriptor)
    if full:
        os.rename(path, path + ".old")


def remove(path: str) -> None:
    """Remove a file, or an empty folder that stands in its place; fine when it is gone already. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError:
        if os.path.islink(path) or not os.path.isdir(path):
            raise
        os.rmdir(path)
