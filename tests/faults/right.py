"""What is right after whatever went wrong: pf and the records hold what is declared for the jails that run, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.sync import sync
from jailpf.pf.simulated import Simulated

if TYPE_CHECKING:
    from stand_ins.machine import Machine


def held(machine: Machine) -> dict[str, object]:
    """Everything in pf, by anchor."""
    pf = machine.pf()
    assert isinstance(pf, Simulated)
    return {path: found for path in pf.anchors() if (found := pf.read(path))}


def wanted(machine: Machine, names: list[str]) -> dict[str, object]:
    """What a new pf holds after loading what is declared for these jails."""
    fresh = Simulated()
    for name in names:
        prepared = prepare(machine.session(), name, created=True)
        assert prepared is not None
        for anchor in prepared.ruleset.anchors:
            fresh.load(anchor.path, anchor.text)
    return {path: found for path in fresh.anchors() if (found := fresh.read(path))}


def ends_right(machine: Machine, *names: str) -> None:
    """`sync` succeeds, and then pf and the records hold these jails and nothing else; a second one has nothing to do."""
    machine.running(*names)
    result = sync(machine.session())
    assert "failed" not in result.done.values(), result.problems
    assert held(machine) == wanted(machine, list(names))
    assert machine.records() == sorted(f"{name}.json" for name in names)
    again = sync(machine.session())
    assert not again.done
    assert not again.problems
    assert sorted(again.kept) == sorted(names)
