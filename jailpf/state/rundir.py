"""The run directory: where things are. Nothing but `os` and `time`: it is on the path of every jail start."""

import os
import time

from jailpf.state import writes

EINVAL = 22
MOST = 64 << 20
STARTING = 60.0  # seconds for which a jail that passed prestart keeps its claims; after that `created` looks again
RUN = "/var/run/jailpf"
PLANS = "/var/db/jailpf"


class RunDir:
    """Paths below the run directory, and that of the plans, which outlive the boot (0700 both).

    `jail` below is the file name form of a jail's name. plans: "" for PLANS, and for PATH/plans where `path` is not RUN.
    """

    def __init__(self, path: str, plans: str = "") -> None:
        self.path = path
        self.plans = plans or (PLANS if path == RUN else path + "/plans")
        self.records = path + "/records"
        self.starting = path + "/starting"
        self.claims = path + "/claims"
        self.took = path + "/took"  # lines "VERB SECONDS JAIL", one for each hook; the older ones in took.old

    def make(self) -> None:
        """Make it and its folders, but that of the plans. Raises OSError."""
        for path in (self.path, self.records, self.starting):
            writes.folder(path)

    def record(self, jail: str) -> str:
        """The record of a jail; with ".new" behind it while something is being loaded."""
        return f"{self.records}/{jail}.json"

    def start(self, jail: str) -> str:
        """The record to be of a jail that passed prestart and is not loaded yet."""
        return f"{self.starting}/{jail}"

    def plan(self, jail: str) -> str:
        """The folder of a compiled ruleset."""
        return f"{self.plans}/{jail}"

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


def is_private(path: str) -> bool:
    """Whether a folder is there, ours, and nobody else's to write to."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return status.st_uid == os.geteuid() and status.st_mode & 0o170022 == 0o040000


def is_fresh(since: float) -> bool:
    """Whether a prestart at that time counts."""
    return 0 <= time.time() - since < STARTING


def is_recent(mark: str) -> bool:
    """Whether a jail has passed prestart, by its mark (`RunDir.start`), and not long ago. Raises OSError without one."""
    return is_fresh(os.lstat(mark).st_mtime)


def file_name(jail: str) -> str:
    """A jail's name as a file name: itself when it is short and plain, else a short form with a hash.

    What looks like such a short form gets one of its own (values/anchors.py), so that no two jails share a file.
    """
    if (
        len(jail) <= 60
        and jail[:1].isalnum()
        and jail.isascii()
        and jail.replace("-", "").replace("_", "").replace(".", "").isalnum()
        and jail[-10:-8] != "-h"
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
