"""The one lock: bounded, and never left behind by the dead."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import TryAgainError
from jailpf.lifecycle.opening import locked
from jailpf.state import lock, rundir, writes
from jailpf.state.lock import Lock
from jailpf.state.rundir import RunDir
from jailpf.system import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.machine import Machine

HOLD = "import sys, fcntl; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


class Clock:
    """time, for a wait through several holders of 20 seconds each: to sleep is to see the lock change hands, and at last be free."""

    def __init__(self, descriptor: int, holders: int) -> None:
        self.descriptor, self.holders, self.seconds = descriptor, holders, 0

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    def monotonic_ns(self) -> int:
        """Nanoseconds."""
        return self.seconds * 10**9

    def sleep(self, _seconds: float) -> None:
        """One holder's time."""
        self.seconds += 20
        self.holders -= 1
        if self.holders:
            lock._sign(self.descriptor)
        else:
            os.close(self.descriptor)


def forked(step: Callable[[], None], closing: int) -> int:
    """The pid of a child that takes the step, without a descriptor of its parent's, and ends whatever happens: it is no second test run."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.close(closing)
        step()
        status = 0
    finally:
        os._exit(status)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    run = RunDir(str(tmp_path / "run"))
    run.make()
    return run


def holder(run: RunDir) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input ends."""
    child = subprocess.Popen(
        [sys.executable, "-IS", "-c", HOLD, run.path + "/lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_wait_is_bounded(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the lock held elsewhere the end is TryAgainError (75), not for ever."""
    monkeypatch.setattr(lock, "SECONDS", 0.05)
    with holder(run) as child:
        with pytest.raises(TryAgainError, match="lock"), locked(run):
            pass
        child.kill()


def test_the_holder_is_named_and_waited_for_once(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits in vain learns which process it was, doing what, for which jail; and does not wait for it a second time."""
    monkeypatch.setattr(lock, "who", "created web")
    with Lock(run):
        monkeypatch.setattr(lock, "SECONDS", 0.05)
        with pytest.raises(TryAgainError, match=rf"created web, pid {os.getpid()}"), locked(run):
            pass
        monkeypatch.setattr(lock, "SECONDS", 1000)
        with pytest.raises(TryAgainError), locked(run):
            pass
    with locked(run):
        pass
    assert os.listdir(run.path + "/waiting") == []


def test_the_lock_lasts_as_long_as_what_was_started_under_it(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that outlives its killed jailpf still holds the lock: nobody changes pf while it may."""
    reading, writing = os.pipe()

    def dies() -> None:
        with Lock(run):
            spawn.start(["/bin/cat"], reading)
            os.kill(os.getpid(), 9)

    pid = forked(dies, closing=writing)
    os.close(reading)
    os.waitpid(pid, 0)
    monkeypatch.setattr(lock, "SECONDS", 0.05)
    with pytest.raises(TryAgainError, match=rf"pid {pid}, gone"), locked(run):
        pass
    os.close(writing)
    monkeypatch.setattr(lock, "SECONDS", 30)
    monkeypatch.setattr(lock, "given_up", b"")
    with locked(run):
        pass


def test_a_queue_is_served_in_order(run: RunDir, tmp_path: Path) -> None:
    """Whoever came first is served first."""
    children, order = [], tmp_path / "order"

    def waits(number: int) -> None:
        with Lock(run, 600), order.open("a") as opened:
            opened.write(f"{number}\n")

    with Lock(run) as mine:
        for number in range(6):
            known = set(mine._waiting())
            children.append(forked(lambda number=number: waits(number), closing=mine.descriptor))  # type: ignore[misc]
            while not set(mine._waiting()) - known:
                select.select([], [], [], 0.002)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 6
    assert order.read_text().split() == list("012345")


def test_the_wait_begins_anew_when_the_lock_changes_hands(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that moves is waited for, however long all of it takes: six holders of 20 seconds each, and a bound of 30."""
    held = Lock(run)
    held._open()
    assert held._take()
    clock = Clock(held.descriptor, holders=6)
    monkeypatch.setattr(lock, "time", clock)
    with Lock(run, 30):
        assert clock.seconds == 120


def test_the_dead_do_not_hold_up_the_queue(run: RunDir) -> None:
    """A waiter that was killed leaves a ticket, which the next one throws away."""
    writes.folder(run.path + "/waiting")
    (Path(run.path) / "waiting" / f"{1:020d}.1").write_text("")
    with Lock(run):
        pass
    assert os.listdir(run.path + "/waiting") == []


def test_a_lock_file_that_was_replaced_is_no_lock(run: RunDir) -> None:
    """Whoever opened the old file and gets it looks again: two never hold two different files."""
    first = Lock(run)
    first._open()
    os.unlink(first.file)
    with Lock(run):
        assert not first._take()
        assert not first._take()
    assert first._take()
    os.close(first.descriptor)


def test_a_holder_that_dies_lets_go(run: RunDir) -> None:
    """kill -9 of the holder: the next one gets the lock."""
    with holder(run) as child:
        child.kill()
        child.wait()
        with locked(run):
            pass


def test_a_waiter_gets_the_lock_when_the_holder_is_done(run: RunDir) -> None:
    """Whoever waits within the time gets it."""
    with holder(run) as child:
        waiter = subprocess.Popen(
            [sys.executable, "-I", "-c", "import sys; from jailpf.state.rundir import *; from jailpf.state.lock import *\nwith Lock(RunDir(sys.argv[1])): print('mine')", run.path],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        child.communicate("")
        assert waiter.communicate(timeout=30)[0] == "mine\n"


def test_a_command_that_finds_the_lock_held_ends_75(machine: Machine) -> None:
    """Exit status 75, nothing loaded; poststop says so and ends 0."""
    machine.card()
    machine.declare("web")
    machine.jailpf("load", "web")
    machine.calls()
    script = "import jailpf.state.lock as r; r.SECONDS = 0.05; import sys; from jailpf.cli import main; sys.exit(main(sys.argv[1:]))"
    with holder(RunDir(str(machine.run_dir))) as child:
        for words, status in (
            (["load", "web"], 75),
            (["unload", "web"], 75),
            (["sync"], 75),
            (["created", "web"], 75),
            (["poststop", "web"], 0),
        ):
            done = subprocess.run(
                [sys.executable, "-I", "-c", script, *machine.arguments(*words)[4:]],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == status, (words, done.stderr)
            assert "lock" in done.stderr
        child.kill()
    assert machine.changes() == []
    assert list(machine.anchors()) == ["jailpf/web"]


def test_a_link_is_no_lock(run: RunDir, tmp_path: Path) -> None:
    """A lock file that is a link elsewhere is refused, not created there."""
    (tmp_path / "run/lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"."), Lock(run):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_stamps_see_every_change_of_a_file(tmp_path: Path) -> None:
    """Size, time and identity; a file that is gone has a stamp of its own."""
    file = tmp_path / "f"
    seen = {rundir.stamp(str(file))}
    for text in ("a", "bb"):
        file.write_text(text)
        seen.add(rundir.stamp(str(file)))
    (tmp_path / "g").write_text("bb")
    (tmp_path / "g").rename(file)
    seen.add(rundir.stamp(str(file)))
    assert len(seen) == 4


def test_who_waits_for_a_command_that_gets_on_waits_on(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync of thousands of jails renews the lock at each: its holder is another one to those who wait."""
    with Lock(run) as held:
        before = held.holder()
        lock.renew()
        assert held.holder() != before
        assert held.holder().split()[0] == before.split()[0]
    lock.renew()  # without a lock it is nothing
