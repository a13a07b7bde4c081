"""Differences of answers, exactly: the packets that one `reach` has and the other has not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.reached import Reached


class Box(NamedTuple):
    """All packets with one of these sources, source ports, destinations and ports."""

    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet

    def minus(self, other: Box) -> Iterator[Box]:
        """What is left of it, in boxes that do not overlap."""
        shared = Box(*(mine & theirs for mine, theirs in zip(self, other, strict=True)))
        if not all(shared):
            yield self
            return
        rest = self
        for number, name in enumerate(self._fields):
            outside = rest[number] - other[number]
            if outside:
                yield rest._replace(**{name: outside})
            rest = rest._replace(**{name: shared[number]})


def box_of(one: Reached) -> Box:
    """The packets of a row."""
    return Box(one.sources, one.source_ports, one.to, one.ports)


def subtract(boxes: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """The packets of `boxes` that are in none of `others`."""
    left = list(boxes)
    for other in others:
        left = [part for box in left for part in box.minus(other)]
    return left


def missing(rows: Sequence[Reached], others: Sequence[Reached], named: Mapping[str, frozenset[str]]) -> list[Reached]:
    """What `rows` reach and `others` do not: the same packets to the same receiver, address and port.

    named: family -> the protocols that the rules behind `others` name; "other" stands for all that are not.
    """
    known: dict[tuple[object, ...], list[Reached]] = defaultdict(list)
    for one in others:
        known[_way(one, one.proto)].append(one)
    found = []
    for row in rows:
        proto = row.proto if row.proto in named[row.family] else "other"
        same = known[_way(row, proto)]
        parts = [box_of(row)] if not any(map(row.__eq__, same)) else []
        found += [replace(row, **box._asdict()) for box in subtract(parts, map(box_of, same))]
    return found


def _way(one: Reached, proto: str) -> tuple[object, ...]:
    return (one.origin, one.family, proto, one.delivered_to, one.address, one.port, one.shift)
