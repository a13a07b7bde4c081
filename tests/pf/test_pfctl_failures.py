"""The pfctl driver where pfctl refuses, hangs, is busy, or is not there: typed errors, each with a remedy."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import (
    JailpfError,
    PermissionDeniedError,
    PfInterruptedError,
    PfRefusedError,
    PfUnavailableError,
    TryAgainError,
)
from jailpf.pf.pfctl import Pfctl
from jailpf.pf.program import BUSY_TRIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stand_ins.machine import Machine


TEXT = """\
table <friends> persist { 192.0.2.0/24 }
rdr on em0 inet proto tcp from any to <ext_ip4> port 80 -> 172.16.15.16
pass quick inet proto tcp from any to 172.16.15.16 port 80 label "jailpf/web" label "jailpf/web/http"
"""


TABLE, RULE = "table <friends> persist { 192.0.2.0/24 }\n", "pass all\n"


@pytest.fixture
def pf(machine: Machine) -> Pfctl:
    return Pfctl(str(machine.bin / "pfctl"), release=15)


def test_each_refused_line_is_a_problem(pf: Pfctl, machine: Machine) -> None:
    """Syntax errors come with their line and its number, without the trailer; and what was loaded stays."""
    pf.load("jailpf/web", TEXT)
    before = machine.anchors()
    with pytest.raises(PfRefusedError) as wrong:
        pf.load("jailpf/web", "pas quick\npass all\nrdrr\n")
    assert [problem.message.rpartition(": ")[2] for problem in wrong.value.problems] == ["pas quick", "rdrr"]
    assert ["refuses line 1" in str(wrong.value), "refuses line 3" in str(wrong.value)] == [True, True]
    assert machine.anchors() == before


def test_a_path_that_is_too_long(pf: Pfctl) -> None:
    """64 bytes are refused by pfctl, with what it said."""
    with pytest.raises(PfRefusedError, match="strlcpy"):
        pf.load("jailpf/" + "x" * 57, TEXT)


MOODS = {
    "missing": (PfUnavailableError, "kldload"),
    "netlink": (PfUnavailableError, "kldload"),
    "denied": (PermissionDeniedError, "root"),
    "refuses": (PfRefusedError, "line 1"),
    "mute": (PfRefusedError, "nothing"),
    "busy": (TryAgainError, "try again"),
    "killed": (PfInterruptedError, "signal 9"),
}


DOES: dict[str, Callable[[Pfctl], object]] = {
    "check": lambda pf: pf.check("jailpf/web", TEXT),
    "load": lambda pf: pf.load("jailpf/web", TEXT),
    "load_children": lambda pf: pf.load_children("jailpf", {"web": TEXT}),
    "unload": lambda pf: pf.unload("jailpf/web"),
    "kill": lambda pf: pf.kill("label", "jailpf/web"),
    "table": lambda pf: pf.table("jailpf/web", "t", "add", ["192.0.2.1"]),
}


@pytest.mark.parametrize("what", DOES)
@pytest.mark.parametrize("mood", MOODS)
def test_every_failure_is_typed_and_has_a_remedy(pf: Pfctl, machine: Machine, what: str, mood: str) -> None:
    """No pf.ko, not root, refused, busy, killed: each its own error, whatever was asked."""
    kind, word = MOODS[mood]
    machine.mood("", mood)
    with pytest.raises(JailpfError) as raised:
        DOES[what](pf)
    assert type(raised.value) is kind
    assert word in str(raised.value)


@pytest.mark.parametrize(
    "ask", [lambda pf: pf.read("jailpf/web"), lambda pf: pf.anchors(), lambda pf: pf.states(), lambda pf: pf.enabled()]
)
@pytest.mark.parametrize("mood", ["missing", "denied", "killed"])
def test_looking_fails_as_loudly(pf: Pfctl, machine: Machine, mood: str, ask: Callable[[Pfctl], object]) -> None:
    """A pf that cannot be asked is never taken for an empty one."""
    machine.mood("", mood)
    with pytest.raises(MOODS[mood][0]):
        ask(pf)


def test_busy_is_tried_again_a_bounded_number_of_times(pf: Pfctl, machine: Machine) -> None:
    """EBUSY once is nothing; for ever it is 75."""
    machine.mood("-f -", "busy", BUSY_TRIES - 1)
    pf.load("jailpf/web", TEXT)
    assert len(machine.calls()) == BUSY_TRIES
    machine.mood("-f -", "busy")
    with pytest.raises(TryAgainError):
        pf.load("jailpf/web", TEXT)
    assert len(machine.calls()) == BUSY_TRIES


@pytest.mark.parametrize("mood", ["hangs", "hangs after"])
def test_a_pfctl_that_hangs_is_killed(machine: Machine, mood: str) -> None:
    """The time is bounded, and nobody is left behind."""
    pf = Pfctl(str(machine.bin / "pfctl"), seconds=0.3)
    machine.mood("-f -", mood)
    with pytest.raises(PfInterruptedError, match=r"0\.3 s"):
        pf.load("jailpf/web", TEXT)
    # On a slow machine it is killed before it comes to hang, and has not left its number.
    for file in machine.state.glob("hanging"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.read_text()), 0)


def test_noise_about_altq_is_ignored(pf: Pfctl, machine: Machine) -> None:
    """Two lines of every pfctl on a kernel without ALTQ."""
    machine.mood("", "altq")
    pf.load("jailpf/web", TEXT)
    assert pf.read("jailpf/web")
    assert not pf.read("jailpf/nobody")
    with pytest.raises(PfRefusedError) as wrong:
        pf.load("jailpf/web", "pas\n")
    assert "ALTQ" not in str(wrong.value)


def test_no_program(tmp_path: Path) -> None:
    """A missing pfctl, one that is no program, and one that may not be run."""
    with pytest.raises(PfUnavailableError, match=r"\[programs\]"):
        Pfctl(str(tmp_path / "nobody")).enabled()
    (tmp_path / "text").write_text("")
    with pytest.raises(PermissionDeniedError):
        Pfctl(str(tmp_path / "text")).enabled()
    (tmp_path / "text").chmod(0o755)
    (tmp_path / "text").write_text("\0\0\0")
    with pytest.raises(PfUnavailableError):
        Pfctl(str(tmp_path / "text")).enabled()


def test_no_room_for_the_rules(pf: Pfctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full /tmp is not taken for a missing pfctl."""

    def full() -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(PfUnavailableError, match="cannot be passed"):
        pf.load("jailpf/web", TEXT)


@pytest.mark.parametrize("step", ["-f /dev/null", "-F Tables"])
@pytest.mark.parametrize("mood", ["refuses", "mute", "busy", "killed"])
def test_only_what_is_left_is_a_failure(pf: Pfctl, machine: Machine, step: str, mood: str) -> None:
    """A complaint with something left is raised; the same complaint over an empty anchor is none."""
    pf.load("jailpf/web", TABLE + RULE)
    machine.mood(f"-a jailpf/web {step}", mood)
    with pytest.raises(JailpfError):
        pf.unload("jailpf/web")
    machine.calm()
    pf.unload("jailpf/web")
    machine.mood(f"-a jailpf/web {step}", mood)
    pf.unload("jailpf/web")


def test_a_pf_that_cannot_be_looked_at_is_not_empty(pf: Pfctl, machine: Machine) -> None:
    """Where neither unloading nor looking works, the first complaint is raised."""
    machine.mood("-f /dev/null", "refuses")
    machine.mood("-s ", "denied")
    with pytest.raises(PfRefusedError, match="line 1"):
        pf.unload("jailpf/web")


@pytest.mark.parametrize("command", ["add", "delete", "replace"])
def test_a_const_table_is_said_to_be_one(pf: Pfctl, command: str) -> None:
    """With euid 0 nobody is told to run as root: the table is named, and how it changes."""
    pf.load("jailpf/web", "table <fixed> persist const { 192.0.2.1 }\n")
    with pytest.raises(PfRefusedError, match="`const` table <fixed>"):
        pf.table("jailpf/web", "fixed", command, ["192.0.2.2"])
    assert pf.table("jailpf/web", "fixed", "kill") == []
