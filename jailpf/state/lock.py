"""The one lock: served in order, bounded, named, and held as long as a program lives that was started under it.

Nothing but `os`, `fcntl` and `time`: it is on the path of every jail start.
"""

import fcntl
import os
import time

from jailpf.state import writes
from jailpf.system import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from jailpf.state.rundir import RunDir

SECONDS = 30.0
LOWEST = 10  # of the lock's descriptor, so that it is none of those that a program gets for its own use
who = ""  # what this process does, for those who wait: "created web"
given_up = b""  # whom this process has waited for in vain: it does not wait for the same one again


class Lock:
    """The one lock, held within `with`. A holder that dies lets go of it, as soon as its programs are gone too.

    Raises TimeoutError, with who holds it, when it has not changed hands for `seconds`.
    """

    def __init__(self, run: "RunDir", seconds: float = 0) -> None:
        self.file = run.path + "/lock"
        self.queue = run.path + "/waiting"
        self.seconds = seconds or SECONDS
        self.descriptor = -1

    def __enter__(self) -> "Lock":
        self._open()
        try:
            if self._waiting() or not self._take():
                self._wait()
        except BaseException:
            os.close(self.descriptor)
            raise
        spawn.held = self.descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        spawn.held = -1
        os.close(self.descriptor)

    def _open(self) -> None:
        opened = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self.descriptor = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, LOWEST)
        os.close(opened)

    def _take(self) -> bool:
        """Take it if it is free, and say who has it. A file that was replaced meanwhile is no lock."""
        if not _lock(self.descriptor):
            return False
        if not _is(self.descriptor, self.file):
            os.close(self.descriptor)
            self._open()
            return False
        _sign(self.descriptor)
        return True

    def _wait(self) -> None:
        """Until it is ours: whoever came first is served first."""
        global given_up
        ticket = _ticket(self.queue)
        try:
            seen, since, pause = self.holder(), time.monotonic(), 0.001
            while not (self._first(ticket) and self._take()):
                holder, now = self.holder(), time.monotonic()
                if holder != seen:
                    seen, since = holder, now
                if holder == given_up != b"" or now - since > self.seconds:
                    given_up = holder
                    raise TimeoutError(_named(seen))
                time.sleep(pause)
                pause = min(pause * 2, 0.01)
        finally:
            if ticket[1]:
                os.close(ticket[0])
                writes.remove(ticket[1])

    def holder(self) -> bytes:
        """What the holder wrote: its process, when it took the lock, and what it does."""
        return os.pread(self.descriptor, 300, 0)

    def _waiting(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.queue) if name[:1] != ".")
        except OSError:
            return []

    def _first(self, ticket: tuple[int, str]) -> bool:
        """Whether nobody who lives has waited longer. The tickets of the dead are thrown away."""
        mine = ticket[1].rpartition("/")[2]
        for name in self._waiting():
            if not mine or name >= mine:
                return True
            try:
                other = os.open(f"{self.queue}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                if not _lock(other):
                    return False
                writes.remove(f"{self.queue}/{name}")
            finally:
                os.close(other)
        return True


def renew() -> None:
    """Of a command about many jails, between two of them: those who wait see that it gets on, and go on waiting."""
    if spawn.held >= 0:
        _sign(spawn.held)


def _sign(descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {time.monotonic_ns()} {who}".encode(errors="replace"), 0)
    except OSError:
        pass  # no room for the name; the lock itself needs none


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _ticket(queue: str) -> tuple[int, str]:
    """A file that tells by its name since when somebody waits, and by a lock of its own that he lives. (-1, "") without room."""
    name = f"{time.monotonic_ns():020d}.{os.getpid()}"
    try:
        writes.folder(queue)
        hidden = f"{queue}/.{name}"
        opened = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _lock(opened)
        os.rename(hidden, f"{queue}/{name}")
    except OSError:
        return -1, ""
    return opened, f"{queue}/{name}"


def _named(holder: bytes) -> str:
    pid, _, rest = holder.decode(errors="replace").partition(" ")
    what = rest.partition(" ")[2]
    if not pid.isdigit():
        return "another program"
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return f"a program that jailpf ({what or 'process'}, pid {pid}, gone) has started"
    except OSError:
        pass
    return f"another jailpf ({what or 'process'}, pid {pid})"
