"""Each verb x each call that can fail: after `sync`, pf is exactly what the declarations of the running jails say."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from dying import NOT_REACHED, attempt
from right import ends_right
from stand_ins.machine import SPLIT, Machine, web

from jailpf import warm
from jailpf.errors import JailpfError
from jailpf.lifecycle import load, poststop, prestart
from jailpf.lifecycle.sync import sync
from jailpf.pf.simulated import Simulated
from jailpf.system import spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


OTHER = "mail"


WEB = '[service.http]\nport = 80\n[nat.own]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.16"\n'


LAYOUTS = {"single": "", "split": 'layout = "split"\n'}


VERBS: dict[str, Callable[[Machine], object]] = {
    "prestart": lambda machine: prestart.prestart(machine.session(), "web"),
    "created": lambda machine: load.created(machine.session(), "web"),
    "reload": lambda machine: load.load(machine.session(), "web", verify=True),
    "poststop": lambda machine: poststop.poststop(machine.session(), "web"),
    "purge": lambda machine: poststop.purge(machine.session()),
    "sync": lambda machine: sync(machine.session()),
}


LOADED_OR_NOT = ("created", "reload", "poststop", "sync")


WHOLE = bool(os.environ.get("JAILPF_WHOLE_MATRIX"))  # every cell takes some minutes; the tests take a choice of them


LOADED = ("reload", "poststop", "purge", "sync")


ENDS = {
    "prestart": (False,),
    "created": (True, False),
    "reload": (True,),
    "poststop": (False,),
    "purge": (False,),
    "sync": (True, False),
}


def declare(machine: Machine, verb: str) -> None:
    """mail is loaded and runs; web too where the verb needs it; reload and sync find another declaration of web."""
    machine.declare(OTHER, web(25, "172.16.15.17"))
    machine.declare("web", WEB)
    for name in (OTHER, "web")[: 2 if verb in LOADED else 1]:
        load.load(machine.session(), name)
    if verb in ("reload", "sync"):
        machine.declare("web", WEB.replace("80", "81") + "[service.more]\nport = 82\n")


@pytest.mark.parametrize(
    ("layout", "verb", "fault"),
    [
        *itertools.product(LAYOUTS, VERBS, ["kill", "ENOSPC", "EROFS", "EACCES"]),
    ]
    if WHOLE
    else [
        *itertools.product(["single"], ["prestart", "created", "reload", "poststop", "sync"], ["kill"]),
        *itertools.product(["single"], ["created", "reload", "sync"], ["ENOSPC"]),
        *itertools.product(["single"], ["created", "poststop"], ["EROFS"]),
        ("single", "created", "EACCES"),
        ("split", "reload", "kill"),
    ],
)
def test_whatever_fails_sync_makes_it_right(tmp_path: Path, layout: str, verb: str, fault: str) -> None:
    """kill -9 between any two calls that change something; no room, read-only and forbidden from each write on."""
    machine = Machine(tmp_path / "host", "simulated", top=LAYOUTS[layout])
    machine.running(OTHER)
    declare(machine, verb)
    if layout == "split":
        simulated = machine.pf()
        assert isinstance(simulated, Simulated)
        simulated.set_main(SPLIT)
    before = tmp_path / "before"
    shutil.copytree(machine.run_dir, before)
    for number in range(1, 1000):  # far more than there are
        machine.running(OTHER, *(["web"] if verb not in ("poststop", "purge") else []))
        status = attempt(lambda: VERBS[verb](machine), number, fault)
        if status == NOT_REACHED:
            break
        assert status in (-9, 0, 1), status
        for runs in ENDS[verb] if fault == "kill" else ENDS[verb][:1]:
            copy = tmp_path / "copy"
            shutil.copytree(machine.run_dir, copy)
            ends_right(machine, OTHER, *(["web"] if runs else []))
            shutil.rmtree(machine.run_dir)
            copy.rename(machine.run_dir)
        shutil.rmtree(machine.run_dir)
        shutil.copytree(before, machine.run_dir)
    assert number > 1


@pytest.mark.parametrize("fault", ["kill", "ENOSPC"])
def test_whatever_fails_on_the_warm_way(tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the short `created`: the whole one, or sync, finishes."""
    monkeypatch.setattr(prestart, "TICK", -(10**18))  # what was written just now counts as old
    machine = Machine(tmp_path / "host")
    machine.running("web")
    machine.declare("web")
    prestart.prestart(machine.session(), "web")
    shutil.copytree(machine.run_dir, tmp_path / "before")
    for number in range(1, 1000):  # far more than there are
        status = attempt(lambda: warm.hook(machine.arguments("created", "web")[4:]), number, fault)
        if status == NOT_REACHED:
            break
        for runs in (True, False):
            if runs:
                load.created(machine.session(), "web")
                assert list(machine.anchors()) == ["jailpf/web"]
                assert machine.records() == ["web.json"]
            else:
                machine.running()
                assert not sync(machine.session()).problems
                assert (machine.anchors(), machine.records()) == ({}, [])
        machine.running("web")
        shutil.rmtree(machine.run_dir)
        shutil.copytree(tmp_path / "before", machine.run_dir)
    assert number > 1


MOODS = ("busy", "killed", "killed after", "hangs", "hangs after", "refuses")


PFCTL = (
    dict.fromkeys(itertools.product(LAYOUTS, LOADED_OR_NOT), MOODS)
    if WHOLE
    else {
        ("single", "created"): ("busy", "killed", "killed after"),
        ("single", "reload"): ("refuses", "hangs after"),
        ("single", "poststop"): ("killed",),
        ("single", "sync"): ("refuses",),
        ("split", "created"): ("refuses",),
        ("split", "reload"): ("killed after",),
    }
)


@pytest.mark.parametrize(("layout", "verb", "mood"), [(*what, mood) for what, moods in PFCTL.items() for mood in moods])
def test_whatever_pfctl_does_sync_makes_it_right(
    tmp_path: Path, layout: str, verb: str, mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Nth pfctl that changes something is busy, killed, hangs or refuses, for every N."""
    machine = Machine(tmp_path / "host", top=LAYOUTS[layout])
    machine.running(OTHER)
    if layout == "split":
        (machine.state / "main").write_text(SPLIT)
    declare(machine, verb)
    right = {path: text for path, text in machine.anchors().items() if path.endswith(OTHER)}
    for folder in (machine.run_dir, machine.state):
        shutil.copytree(folder, tmp_path / "before" / folder.name)
    for number in range(1, 1000):  # far more than there are
        machine.calls()
        machine.mood(" -[fFk] ", "pass", number - 1)
        machine.mood(" -[fFk] ", mood, 5 if mood == "busy" else 1)
        machine.running(OTHER, *(["web"] if verb != "poststop" else []))
        with machine.swift(), monkeypatch.context() as patched, contextlib.suppress(JailpfError):
            if mood.startswith("hangs"):
                patched.setattr(spawn, "SECONDS", 0.4)
            VERBS[verb](machine)
        reached = (machine.state / "moods").read_text().splitlines()[-1].rpartition("\t")[2] != (
            "5" if mood == "busy" else "1"
        )
        machine.calm()
        machine.running(OTHER)
        with machine.swift():
            assert not sync(machine.session()).problems
        assert machine.anchors() == right
        assert machine.records() == [f"{OTHER}.json"]
        if not reached:
            break
        for folder in (machine.run_dir, machine.state):
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / "before" / folder.name, folder)
    assert number > 1
