"""A disk that is full or broken at any write, fsync, rename of a change: what pf holds is the old or the new, and sync ends it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from stand_ins.machine import Machine
from test_crash_points import VERBS, before, ends_right

from jailpf.errors import JailpfError
from jailpf.lifecycle import prestart
from jailpf.lifecycle.tables import change, find
from jailpf.state import writes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALLS = ("open", "write", "fchmod", "fsync", "rename")
FAULTS = ("ENOSPC", "EIO", "short", "ENOSPC from then on")


class Disk:
    """`os` for jailpf.state.writes, which goes wrong at the Nth of these calls. done: how many there were."""

    def __init__(self, number: int, fault: str) -> None:
        self.number, self.fault, self.done = number, fault, 0

    def __getattr__(self, name: str) -> Any:
        whole = getattr(os, name)
        return whole if name not in CALLS else lambda *words, **named: self._call(name, whole, words, named)

    def _call(self, name: str, whole: Any, words: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self.done += 1
        hit = self.done >= self.number if "then on" in self.fault else self.done == self.number
        if hit and self.fault == "short" and name == "write":
            return whole(words[0], words[1][: len(words[1]) // 2 or 1])
        if hit and self.fault != "short":
            number = getattr(errno, self.fault.partition(" ")[0])
            if name == "write":  # a disk that fills up takes a part first
                whole(words[0], words[1][: len(words[1]) // 2])
            raise OSError(number, os.strerror(number))
        return whole(*words, **named)


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written just now counts as old."""
    monkeypatch.setattr(prestart, "TICK", -(10**18))


def scenes(tmp_path: Path, verb: str, fault: str, first: int, step: int) -> Iterator[tuple[Machine, bool]]:
    """(the host after the fault, whether the verb did what it is for), for each call of the verb."""
    steps, run, runs = VERBS[verb]
    number = first
    while True:
        machine = Machine(tmp_path / str(number))
        disk = Disk(number, fault)
        with machine.swift():
            before(machine, steps, verb)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(writes, "os", disk)
                done = False
                with suppress(JailpfError, OSError):
                    run(machine)
                    done = True
            if disk.done < number:
                return
            yield machine, done
            ends_right(machine, runs)
        number += step


def whole(tmp_path: Path, verb: str, fault: str, first: int = 1, step: int = 1) -> None:
    """Until the verb makes no more calls: short writes are none of its trouble; else pf has the old rules or the new ones."""
    tried = 0
    for machine, done in scenes(tmp_path, verb, fault, first, step):
        tried += 1
        if fault == "short":
            assert done
        if verb in ("reload", "sync", "table"):
            assert "jailpf/web" in machine.anchors()  # a jail that runs is never left without
            held = machine.pf().table("jailpf/web", "f", "show")
            assert held in (["192.0.2.1"], ["192.0.2.99"])
    assert tried or verb in ("poststop", "warm poststop")  # they write nothing


@pytest.mark.parametrize(
    ("verb", "fault", "first"),
    [
        ("table", "EIO", 2),
        ("table", "ENOSPC from then on", 5),
        ("reload", "short", 2),
        ("reload", "ENOSPC", 5),
        ("created", "EIO", 4),
    ],
)
def test_a_choice_of_full_disks(tmp_path: Path, verb: str, fault: str, first: int) -> None:
    """Some of them at every run of the tests."""
    whole(tmp_path, verb, fault, first, 5)


@pytest.mark.exam
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("verb", VERBS)
def test_every_full_disk(tmp_path: Path, verb: str, fault: str) -> None:
    """Each call of each verb, and each way to fail."""
    whole(tmp_path, verb, fault)


def test_a_table_that_pf_refuses_on_a_disk_that_fills_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file cannot be put back: pf and file differ, it is an error, and sync makes pf what the file says."""
    machine = Machine(tmp_path)
    with machine.swift():
        before(machine, ("created",), "table")
        session = machine.session()
        home = find(session, "web", "f")
        machine.mood("-T replace", "denied", 1)
        table = session.pf.table

        def denied(*words: Any, **named: Any) -> Any:
            monkeypatch.setattr(writes, "os", Disk(1, "ENOSPC from then on"))
            return table(*words, **named)

        monkeypatch.setattr(session.pf, "table", denied)
        with pytest.raises((JailpfError, OSError)):
            change(session, home, "replace", ["192.0.2.99"])
        monkeypatch.setattr(writes, "os", os)
        machine.calm()
        ends_right(machine, True)
