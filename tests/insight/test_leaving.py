"""Which declarations about what leaves differ."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from jailpf.insight.leaving import leaving
from jailpf.insight.world import World
from jailpf.pf.simulated import Simulated, Topology

LINES = (
    "block return quick inet from 172.16.15.29 to 192.0.2.1\n",
    "block return quick inet from 172.16.15.29 to 192.0.2.2\n",
)


def _world(text: str) -> World:
    topology = Topology()
    topology.add_jail("git", ["172.16.15.29"], "lo1", False)
    pf = Simulated(main='anchor "jailpf/*"\n', topology=topology)
    pf.load("jailpf/git", text)
    anchor = SimpleNamespace(path="jailpf/git", text="".join(LINES))
    return World(pf, cast("Any", {"git": SimpleNamespace(ruleset=SimpleNamespace(anchors=(anchor,), rules=()))}))


def test_what_the_optimizer_does_is_no_change() -> None:
    """pfctl may order and leave out rules of a text that is loaded as it is declared."""
    after = _world("".join(LINES))
    for held in ("".join(reversed(LINES)), LINES[0]):
        assert leaving(_world(held), after, {"jailpf/git": "".join(LINES)}) == []


def test_an_empty_anchor_is_what_it_is() -> None:
    """Whatever the record says was loaded there."""
    assert leaving(_world(""), _world("".join(LINES)), {"jailpf/git": "".join(LINES)}) != []
