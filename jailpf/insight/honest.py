"""Which of what leaves finds no answer: its source is private, and nothing translates it (insight/answer, for sets)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from jailpf.pf.simulated.reach.intervals import EMPTY, IntervalSet
from jailpf.pf.simulated.reach.senders import FAMILIES
from jailpf.pf.simulated.rules.addresses import Address, private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.rules.rule import Family


def honest(topology: Topology, found: Iterable[Leaving]) -> Iterator[Leaving]:
    """The same, with what is private and not translated apart, as not answered."""
    for one, heard in judged(topology, found):
        if heard is None:
            yield one
            continue
        yield replace(one, to=one.to - heard, answered=False)
        if heard:
            yield replace(one, to=heard)


def judged(topology: Topology, found: Iterable[Leaving]) -> Iterator[tuple[Leaving, IntervalSet | None]]:
    """The same in parts, each with the receivers whose answers come back all the same; None where nothing is lost."""
    near = {family: _near(topology, family) for family in FAMILIES}
    for one in found:
        silent = _silent(topology, one) if one.answered else EMPTY
        routed = one.target if one.target is not None else one.to.shifted(one.away)
        beyond = routed - near[one.family] if silent else EMPTY
        away = beyond.shifted(-one.away) if one.target is None else one.to if beyond else EMPTY
        if not away:
            yield one, None
            continue
        yield replace(one, sources=silent), one.to - away
        if others := one.sources - silent:
            yield replace(one, sources=others), None


def _near(topology: Topology, family: Family) -> IntervalSet:
    """Who may know the way back to a private address: who has one, too, or is on a network of this host."""
    spans = (route.bounds for route in topology.connected(family))
    return _private(family) | IntervalSet.of(spans)


@cache
def _private(family: Family) -> IntervalSet:
    return IntervalSet.of((int(net[0]), int(net[-1])) for net in private(family))


def _silent(topology: Topology, one: Leaving) -> IntervalSet:
    """The senders who are seen by a private address that is not of a network of the uplink itself: whoever routes that one
    from there translates it there.
    """
    if one.seen is not None:
        if one.seen.count() > 1:
            return EMPTY  # of a pool: public ones, or the administrator knows
        return one.sources if _lost(topology, one, one.seen.spans[0][0]) else EMPTY
    held = one.comes_from() & _private(one.family)
    numbers = (number for low, high in held for number in range(low, high + 1))
    lost = IntervalSet.of((number, number) for number in numbers if _lost(topology, one, number))
    return lost.shifted(-one.seen_away)


def _lost(topology: Topology, one: Leaving, number: int) -> bool:
    source = Address(one.family, number)
    if number not in _private(one.family):
        return False
    owner = topology.owners().get(source)
    beside = {topology.network_of(source), owner.interface if owner else ""} - {""}
    bridges = {topology.bridge_of(name) for name in beside} & {topology.bridge_of(one.interface)} - {""}
    return not beside & {one.interface, topology.bridge_of(one.interface)} and not bridges
