"""Every write of jailpf goes through these functions. Nothing but `os`: they are on the path of every jail start."""

import os


def folder(path: str) -> None:
    """Make a folder that only its owner may enter. One that is there already must be such. Raises OSError."""
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
    """Put a staged file in its place, atomically. Raises OSError."""
    os.rename(staged, staged[:-4])


def replace(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a file beside `path`, synced, and put it in its place. Raises OSError; the old file then stays."""
    temporary = path + ".tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            os.fchmod(descriptor, mode)
            done = 0
            while done < len(content):
                done += os.write(descriptor, content[done:])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except OSError:
        remove(temporary)
        raise


def remove(path: str) -> None:
    """Remove a file; fine when it is gone already."""
    try:  # noqa: SIM105 - contextlib would be one more import on the way of a hook
        os.unlink(path)
    except FileNotFoundError:
        pass
