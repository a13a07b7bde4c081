"""watch: when the kernel says that a jail came or went, `jailpf sync` does what there is to do.

Run as `python -I -m jailpf.lifecycle.watch` by the command `watch`, so that what waits is small: nothing but `os` and its
like is imported here, the work is done by `jailpf sync` in a process of its own, under the lock of the hooks.
Source of the events: facts-2.md section 9 (EVFILT_JAIL of 15); elsewhere jls(8) is asked every few seconds.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from jailpf.system import itself, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

EVFILT_JAIL = -14
CHILD, SET, REMOVE = 0x80000000, 0x40000000, 0x10000000
HOST = 0  # the ident whose CHILD events tell of new jails
GRACE = 0.3  # seconds for the hook of the event to take the lock first: CHILD and REMOVE come before it
SYNC_SECONDS = 600.0
FOLLOWED = "followed by sync"


class Ended(Exception):  # noqa: N818 - no error
    """SIGTERM or SIGINT came. again: SIGHUP came."""

    def __init__(self, again: bool = False) -> None:
        super().__init__()
        self.again = again


class Kernel:
    """Events of jails by kqueue(2). Raises OSError where the kernel does not know them (14 and older: EINVAL)."""

    def __init__(self, wake: int) -> None:
        self.queue: Any = select.kqueue()  # type: ignore[attr-defined,unused-ignore]
        self.queue.control([select.kevent(wake)], 0)  # type: ignore[attr-defined,unused-ignore]
        self._add(HOST, CHILD)
        self.known: set[int] = set()

    def follow(self, jids: Iterable[int]) -> bool:
        """Hear of these from now on. False when one of them was gone already: then jls has to be asked again."""
        now = set(jids)
        new, self.known = now - self.known, now
        there = True
        for jid in new:
            try:
                self._add(jid, REMOVE | SET)
            except OSError:
                there = False
        return there

    def wait(self, seconds: float) -> bool:
        """Until something happens, or that many seconds. Whether it was about a jail."""
        return any(event.filter == EVFILT_JAIL for event in self.queue.control(None, 64, seconds))

    def _add(self, ident: int, notes: int) -> None:
        event: Any = select.kevent(ident, filter=EVFILT_JAIL, flags=1)  # type: ignore[attr-defined,unused-ignore]  # EV_ADD
        event.fflags = notes
        self.queue.control([event], 0)


class Clock:
    """Where the kernel tells nothing: time passes, and jls(8) is asked."""

    def __init__(self, wake: int) -> None:
        self.wake = wake

    def follow(self, jids: Iterable[int]) -> bool:  # noqa: ARG002 - as Kernel
        """Nothing to do."""
        return True

    def wait(self, seconds: float) -> bool:
        """That many seconds, or until a signal."""
        select.select([self.wake], [], [], seconds)
        return True


class Watch:
    """What was seen last, and what to do about what is seen now.

    sync: called with names as jls(8) has them, () for everything; jails: name -> jid, None when it cannot be told; rules:
    the main ruleset and since when pf is enabled (seconds of time.monotonic()), None likewise; start: whether jails
    that came without their hook get their rules.
    """

    def __init__(
        self,
        sync: Callable[[tuple[str, ...]], None],
        jails: Callable[[], dict[str, int] | None],
        rules: Callable[[], tuple[bytes, float] | None],
        say: Callable[[str], None],
        start: bool = False,
    ) -> None:
        self.sync, self.jails, self.rules, self.say, self.start = sync, jails, rules, say, start
        self.seen: dict[str, int] = {}
        self.main: tuple[bytes, float] | None = None

    def begin(self) -> Iterable[int]:
        """Everything once; the jids to follow."""
        self.seen = self.jails() or {}
        self.main = self.rules()
        self.sync(())
        return self.seen.values()

    def look(self) -> Iterable[int]:
        """Compare with what was seen last, and act. The jids to follow."""
        now = self.jails()
        if now is None:
            self.say("jls(8) does not answer; what is loaded stays")
            return self.seen.values()
        went = {name for name, jid in self.seen.items() if now.get(name) != jid}
        came = {name for name, jid in now.items() if self.seen.get(name) != jid}
        self.seen = now
        if self._other_rules():
            self.sync(())
        elif names := went | (came if self.start else set()):
            for name in sorted(names):
                self.say(f"{name} {'came' if name in now else 'is gone'}")
            self.sync(tuple(sorted(names)))
        return now.values()

    def _other_rules(self) -> bool:
        """Whether pf was restarted or has another main ruleset than last time."""
        now = self.rules()
        was, self.main = self.main, now or self.main
        if now is None or was is None:
            return False
        text, since = now
        if text != was[0]:
            self.say("pf has another main ruleset")
            return True
        if since > was[1] + 2:  # seconds: it counts whole ones
            self.say("pf was enabled again")
            return True
        return False


def listed(out: bytes) -> dict[str, int] | None:
    """What `jls jid name` prints, None for anything else."""
    found = {}
    for line in out.decode("utf-8", "surrogateescape").splitlines():
        jid, _, name = line.strip().partition(" ")
        if not jid.isdigit() or not name.strip():
            return None
        found[name.strip()] = int(jid)
    return found


def enabled_since(info: bytes, now: float) -> float:
    """ "Status: Enabled for 0 days 00:01:23" of `pfctl -s info` at the time `now`: when that began; 0 when it is disabled."""
    words = info.decode("ascii", "replace").partition("\n")[0].split()
    try:
        days, clock = int(words[words.index("for") + 1]), words[words.index("for") + 3]
        hours, minutes, seconds = map(int, clock.split(":"))
    except (ValueError, IndexError):
        return 0.0
    return now - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def main(arguments: list[str]) -> int:
    """FILE RUN JLS PFCTL EVERY START [OPTION ...]: options are jailpf's own, for sync. pfctl "" with the simulated pf."""
    file, run, jls, pfctl, every, start, *options = arguments
    pid_file = _only_one(os.path.join(run, "watch.pid"))
    if pid_file < 0:
        print("jailpf: another watch is already running", file=sys.stderr)
        return 75
    jailpf = [*itself.command(), "-c", file, "--run", run, *options]  # not this Python, which may be upgraded away

    def jails() -> dict[str, int] | None:
        status, out, _ = _ask([jls, "jid", "name"])
        return listed(out) if status == 0 else None

    def rules() -> tuple[bytes, float] | None:
        if not pfctl:
            return None
        answers = [_ask([pfctl, "-P", "-s", what]) for what in ("info", "rules", "nat")]
        if any(status for status, _, _ in answers):
            return None
        return answers[1][1] + b"\n" + answers[2][1], enabled_since(answers[0][1], time.monotonic())

    def sync(names: tuple[str, ...]) -> None:
        words = ["sync", *(["--running", *names] if names else [])]
        status, out, err = _ask([*jailpf, *words], SYNC_SECONDS)
        for line in (out + err).decode("utf-8", "replace").splitlines():
            say(line)
        if status:
            say(f"sync ended {status}; the next change, or `jailpf sync`, tries again")

    watch = Watch(sync, jails, rules, say, start == "start")
    while True:
        try:
            _loop(watch, float(every))
        except Ended as end:
            if end.again and not _readable(jailpf):
                continue
            os.unlink(os.path.join(run, "watch.pid"))
            if end.again:
                say("reading the settings again")
                os.execv(jailpf[0], [*jailpf, "watch"])  # noqa: S606 - no shell
            return 0


def _readable(jailpf: list[str]) -> bool:
    """Whether the settings of now can be read: with broken ones the old go on."""
    status, _, err = _ask([*jailpf, "init"])  # reads them, and only prints
    for line in err.decode("utf-8", "replace").splitlines() if status else ():
        say(line)
    if status:
        say("the old settings stay in use")
    return not status


def _loop(watch: Watch, every: float) -> None:
    """Until a signal ends it: no lock is held here."""
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        events: Kernel | Clock = Kernel(wake)
        say("waiting for jail events from the kernel")
    except (OSError, AttributeError):
        events = Clock(wake)
        say(f"asking jls every {every:g} s")
    jids = watch.begin()
    while True:
        if not events.follow(jids):
            jids = watch.look()
            continue
        if events.wait(every):
            time.sleep(GRACE)
        jids = watch.look()


def _end(number: int, _frame: object) -> None:
    raise Ended(again=number == signal.SIGHUP)


def _ask(argv: list[str], seconds: float = 0) -> tuple[int, bytes, bytes]:
    spawn.silent.clear()
    try:
        return spawn.run(argv, seconds=seconds)
    except (OSError, OverflowError) as wrong:  # TimeoutError is one
        return 1, b"", f"{argv[0]}: {str(wrong) or type(wrong).__name__}".encode()


def _only_one(file: str) -> int:
    """The descriptor of the pid file, locked as long as this process lives; -1 when another one has it."""
    import fcntl

    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return -1
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def say(sentence: str) -> None:
    """To syslog, and to standard error where somebody reads it."""
    import syslog

    try:
        syslog.openlog("jailpf", syslog.LOG_PID, syslog.LOG_DAEMON)
        syslog.syslog(syslog.LOG_NOTICE, f"watch: {sentence}".encode("utf-8", "backslashreplace").decode("utf-8"))
    except (OSError, ValueError):  # no syslogd: nobody to tell
        pass
    if sys.stderr is not None:
        print(f"watch: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
