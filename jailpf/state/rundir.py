"""The run directory: where things are, and the one lock. Nothing but `os`, `fcntl` and `time`."""

import fcntl
import os
import time

from jailpf import __version__
from jailpf.state import writes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

SECONDS = 30.0
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


class Lock:
    """The one lock, held within `with`. Raises TimeoutError after `seconds`; a holder that dies lets go of it."""

    def __init__(self, run: RunDir, seconds: float = SECONDS) -> None:
        self.file = run.path + "/lock"
        self.seconds = seconds
        self.descriptor = -1

    def __enter__(self) -> "Lock":
        self.descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        deadline = time.monotonic() + self.seconds
        pause = 0.001
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except OSError:
                if time.monotonic() > deadline:
                    os.close(self.descriptor)
                    raise TimeoutError from None
                time.sleep(pause)
                pause = min(pause * 2, 0.02)

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        os.close(self.descriptor)


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
