"""watch: when the kernel says that a jail came or went, `jailpf sync` does what there is to do.

Run as `python -I -m jailpf.lifecycle.watch` by the command `watch`, so that what waits is small: nothing but `os` and its
like is imported here, the work is done by `jailpf sync` in a process of its own, under the lock of the hooks.
Source of the events: facts-2.md section 9 (EVFILT_JAIL of 15); elsewhere jls(8) is asked every few seconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from jailpf.lifecycle.watch_events import Clock, Kernel
from jailpf.lifecycle.watch_seen import Watch, enabled_since, listed
from jailpf.system import itself, spawn

TYPE_CHECKING = False

GRACE = 0.3  # seconds for the hook of the event to take the lock first: CHILD and REMOVE come before it
SYNC_SECONDS = 600.0
FOLLOWED = "followed by sync"


class Ended(Exception):  # noqa: N818 - no error
    """SIGTERM or SIGINT came. again: SIGHUP came."""

    def __init__(self, again: bool = False) -> None:
        super().__init__()
        self.again = again


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
