"""kill -9 at each system call that writes and at each program that is started, before and after it: sync makes it right."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import Machine, web

from jailpf import warm
from jailpf.lifecycle import load, poststop, prestart, tables
from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.sync import sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALLS = ("write", "pwrite", "ftruncate", "fsync", "fchmod", "rename", "unlink", "rmdir", "mkdir", "posix_spawn")
NOT_REACHED = 100
FILED = '[service.http]\nport = 80\nfrom = "<f>"\n[table.f]\nfile = "f.table"\n[jail]\nip4 = "172.16.15.16"\n'


def hook(verb: str) -> Callable[[Machine], object]:
    return lambda machine: warm.hook(machine.arguments(verb, "web")[4:])


def change_table(machine: Machine) -> None:
    session = machine.session()
    tables.change(session, tables.find(session, "web", "f"), "replace", ["192.0.2.99"])


# verb -> (what was done before, the verb, whether the jail runs afterwards)
VERBS: dict[str, tuple[tuple[str, ...], Callable[[Machine], object], bool]] = {
    "warm prestart": (("prestart", "created", "poststop"), hook("prestart"), False),
    "warm created": (("prestart",), hook("created"), True),
    "warm poststop": (("prestart", "created"), hook("poststop"), False),
    "prestart": ((), lambda machine: prestart.prestart(machine.session(), "web"), False),
    "created": ((), lambda machine: load.created(machine.session(), "web"), True),
    "reload": (("created", "edit"), lambda machine: load.load(machine.session(), "web", again=True), True),
    "poststop": (("created",), lambda machine: poststop.poststop(machine.session(), "web"), False),
    "sync": (("created", "edit"), lambda machine: sync(machine.session()), True),
    "table": (("created",), change_table, True),
}


def dies(verb: Callable[[], object], number: int, after: bool) -> int:
    """Run it in a process of its own that is killed at the Nth call; NOT_REACHED when it makes fewer."""
    pid = os.fork()
    if not pid:
        done, status, own = 0, 99, os.getpid()

        def counted(name: str) -> None:
            whole = getattr(os, name)

            def call(*words: object, **named: object) -> object:
                nonlocal done
                done += os.getpid() == own  # sh forks, and its child writes before it becomes the program
                if done == number and not after:
                    os.kill(own, 9)
                try:
                    return whole(*words, **named)
                finally:
                    if done == number:
                        os.kill(own, 9)

            setattr(os, name, call)

        try:
            for name in CALLS:
                counted(name)
            verb()
            status = NOT_REACHED
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


STEPS: dict[str, Callable[[Machine], object]] = {
    "prestart": lambda machine: prestart.prestart(machine.session(), "web"),
    "created": lambda machine: load.created(machine.session(), "web"),
    "poststop": lambda machine: poststop.poststop(machine.session(), "web"),
}


def before(machine: Machine, steps: tuple[str, ...], verb: str) -> None:
    machine.declare("mail", web(25, "172.16.15.17"))
    (machine.root / "etc/jails/f.table").write_text("192.0.2.1\n")
    machine.declare("web", FILED)
    machine.running("mail")
    load.load(machine.session(), "mail")
    for step in steps:
        if step == "edit":
            machine.declare("web", FILED.replace("80", "81"))
        else:
            STEPS[step](machine)
    machine.running("mail", *(["web"] if verb in ("reload", "sync", "table") else []))


def ends_right(machine: Machine, runs: bool) -> None:
    """sync leaves in pf what is declared for the jails that run, members of tables too; a second one has nothing to do."""
    names = ["mail", *(["web"] if runs else [])]
    machine.running(*names)
    session = machine.session()
    result = sync(session)
    assert "failed" not in result.done.values(), result.problems
    wanted = {}
    for name in names:
        prepared = prepare(machine.session(), name, created=True)
        assert prepared is not None
        wanted |= {anchor.path: anchor.text for anchor in prepared.record.anchors}
    assert {path: _rules(text) for path, text in machine.anchors().items()} == {
        path: _rules(text) for path, text in wanted.items()
    }
    if runs:
        members = (machine.root / "etc/jails/f.table").read_text().split()
        assert session.pf.table("jailpf/web", "f", "show") == members
    # Temporary files go once they are a minute old: younger ones somebody may be writing.
    left = [name for name in machine.records() if not name.startswith(".")]
    assert left == sorted(f"{name}.json" for name in names)
    again = sync(machine.session())
    assert (again.done, again.problems) == ({}, [])


def _rules(text: str) -> list[str]:
    """Without tables, whose members are looked at: the stand-in prints them where they came by a table command."""
    return [line for line in text.splitlines() if not line.startswith("table ")]


def crash(tmp_path: Path, verb: str, first: int, step: int) -> None:
    steps, run, runs = VERBS[verb]
    if verb.startswith("warm"):
        machine = Machine(tmp_path / "whole")
        with machine.swift():
            before(machine, steps, verb)
        assert run(machine) == 0  # or it would be another way that is tried here
    for number in itertools.count(first, step):
        for after in (False, True):
            machine = Machine(tmp_path / f"{number}-{after}")
            with machine.swift():
                before(machine, steps, verb)
            status = dies(lambda machine=machine: run(machine), number, after)  # type: ignore[misc]
            if status == NOT_REACHED:
                assert number > first
                return
            assert status == -9, (number, after, status)
            for alive in (runs, not runs) if "created" in verb else (runs,):
                with machine.swift():
                    ends_right(machine, alive)


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written just now counts as old."""
    monkeypatch.setattr(prestart, "TICK", -(10**18))


@pytest.mark.parametrize(("verb", "first"), [("warm created", 2), ("warm poststop", 1), ("table", 6)])
def test_a_choice_of_crash_points(tmp_path: Path, verb: str, first: int) -> None:
    """Some of them at every run of the tests."""
    crash(tmp_path, verb, first, 9)


@pytest.mark.exam
@pytest.mark.parametrize("verb", VERBS)
def test_every_crash_point(tmp_path: Path, verb: str) -> None:
    """All of them, of every verb and of both ways."""
    crash(tmp_path, verb, 1, 1)
