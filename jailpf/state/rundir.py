"""The run directory: where things are. Nothing but `os`: it is on the path of every jail start."""

import os

from jailpf import __version__
from jailpf.state import writes

EINVAL = 22
MOST = 64 << 20
FORMAT = f"jailpf {__version__} plan 1"  # the first line of a plan: another version's is none


class RunDir:
    """Paths below the run directory (0700). `jail` below is the file name form of a jail's name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.records = path + "/records"
        self.compiled = path + "/compiled"

    def make(self) -> None:
        """Make it and its folders. Raises OSError."""
        for path in (self.path, self.records, self.compiled):
            writes.folder(path)

    def record(self, jail: str) -> str:
        """The record of a jail; with ".new" behind it while something is being loaded."""
        return f"{self.records}/{jail}.json"

    def plan(self, jail: str) -> str:
        """The folder of a compiled ruleset."""
        return f"{self.compiled}/{jail}"

    @property
    def simulated(self) -> str:
        """Where the simulated pf lives."""
        return self.path + "/simulated.json"


def read(path: str) -> bytes:
    """A file of the run directory: regular, one's own, of at most 64 MiB, and no link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_mode & 0o170000 != 0o100000 or status.st_uid != os.geteuid() or status.st_size > MOST:
            raise OSError(EINVAL, "is not a file that jailpf has written", path)
        parts = []
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def file_name(jail: str) -> str:
    """A jail's name as a file name: itself when it is short and plain, else a short form with a hash."""
    if (
        len(jail) <= 60
        and jail[:1].isalnum()
        and jail.isascii()
        and jail.replace("-", "").replace("_", "").replace(".", "").isalnum()
    ):
        return jail
    from jailpf.values.anchors import component

    return component(jail, 60)


def stamp(path: str) -> str:
    """What must stay the same for a file or folder to count as unchanged; "-" when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return "-"
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"
