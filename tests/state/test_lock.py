"""The one lock: bounded, and never left behind by the dead."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import TryAgainError
from jailpf.lifecycle.session import locked
from jailpf.state import rundir
from jailpf.state.rundir import Lock, RunDir

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine

HOLD = "import sys, fcntl; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


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
    monkeypatch.setattr(Lock.__init__, "__defaults__", (0.05,))
    with holder(run) as child:
        with pytest.raises(TryAgainError, match="lock"), locked(run):
            pass
        child.kill()


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
            [sys.executable, "-I", "-c", "import sys; from jailpf.state.rundir import *\nwith Lock(RunDir(sys.argv[1])): print('mine')", run.path],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        child.communicate("")
        assert waiter.communicate(timeout=30)[0] == "mine\n"


def test_a_command_that_finds_the_lock_held_ends_75(machine: Machine) -> None:
    """Exit status 75, nothing loaded; poststop says so and ends 0."""
    machine.declare("web")
    machine.jailpf("load", "web")
    machine.calls()
    script = "import jailpf.state.rundir as r; r.Lock.__init__.__defaults__ = (0.05,); import sys; from jailpf.cli import main; sys.exit(main(sys.argv[1:]))"
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
    assert machine.calls() == []
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
