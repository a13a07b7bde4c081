"""A pfctl that outlives its jailpf, a lock that is waited for, and decisions that were overtaken while waiting."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from stand_ins.machine import Machine, web

SLOW = """\
#!/bin/sh
# A pfctl that waits, before it loads an anchor, until somebody opens the other end.
case "$*" in {pattern}) : > {asked}; read line < {fifo};; esac
exec {real} "$@"
"""


def slow(machine: Machine, pattern: str) -> None:
    """Put a pfctl in front of the stand-in that is held up at arguments of this form."""
    real = machine.bin / "pfctl"
    real.rename(machine.bin / "pfctl.real")
    (machine.bin / "pfctl.real.state").symlink_to(machine.state)
    os.mkfifo(machine.bin / "fifo")
    text = SLOW.format(
        pattern=pattern, asked=machine.bin / "asked", fifo=machine.bin / "fifo", real=machine.bin / "pfctl.real"
    )
    real.write_text(text)
    real.chmod(0o755)


def start(machine: Machine, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(machine.arguments(*words), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)


def held_up(machine: Machine) -> None:
    """Until pfctl has been asked what it is held up at: the other end of the FIFO is being waited for."""
    while not (machine.bin / "asked").exists():
        os.sched_yield()


def let_go(machine: Machine) -> None:
    with open(machine.bin / "fifo", "w") as opened:
        opened.write("go\n")


def waits(machine: Machine) -> None:
    """Until somebody stands in the queue of the lock."""
    queue = machine.run_dir / "waiting"
    while not queue.exists() or not [name for name in os.listdir(queue) if name[0] != "."]:
        os.sched_yield()


def test_a_pfctl_that_outlives_its_hook_has_the_last_word_before_the_next_verb(machine: Machine) -> None:
    """The hook is killed while its pfctl loads; poststop waits for that pfctl, so that nothing is loaded afterwards."""
    machine.declare("web")
    slow(machine, "*jailpf/web*-f*-")
    child = start(machine, "created", "web")
    held_up(machine)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    after = start(machine, "poststop", "web")
    waits(machine)
    let_go(machine)
    assert after.wait(timeout=60) == 0
    after.communicate()
    assert machine.anchors() == {}
    assert machine.records() == []


def test_a_reload_that_waited_does_not_bring_a_stopped_jail_back(machine: Machine) -> None:
    """Whether the jail is loaded is asked again when it is one's turn."""
    machine.declare("web")
    machine.jailpf("created", "web")
    slow(machine, "*-f*/dev/null")
    machine.running()
    first = start(machine, "poststop", "web")
    held_up(machine)
    second = start(machine, "reload", "web")
    waits(machine)
    let_go(machine)
    assert first.wait(timeout=60) == 0
    assert b"is not loaded" in second.communicate(timeout=60)[1]
    first.communicate()
    assert second.returncode == 66
    assert (machine.anchors(), machine.records()) == ({}, [])


@pytest.mark.parametrize("count", [8, pytest.param(30, marks=pytest.mark.exam)])
def test_jails_that_start_together_all_start(machine: Machine, count: int) -> None:
    """The wait for the lock begins anew whenever it changes hands: it is longer for all of them than for any."""
    machine.card()
    names = [f"j{number:02}" for number in range(count)]
    for number, name in enumerate(names):
        machine.declare(name, web(1000 + number, f"172.16.1.{number + 1}"))
    script = "import sys, jailpf.state.lock as l; l.SECONDS = 5.0; from jailpf.__main__ import main; sys.exit(main())"
    children = []
    for name in names:
        words = machine.arguments("created", name)
        children.append(subprocess.Popen([words[0], "-I", "-c", script, *words[4:]], stdin=subprocess.DEVNULL))
    assert [child.wait(timeout=120) for child in children] == [0] * count
    assert len(machine.anchors()) == count
