"""Differences of answers, exactly: the packets that one `reach` has and the other has not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from jailpf.pf.simulated.reach.boxes import Box, divided

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reached import Reached

T = TypeVar("T", "Reached", "Leaving")


def box_of(one: Reached | Leaving) -> Box:
    """The packets of a row."""
    return Box(one.sources, one.source_ports, one.to, one.ports)


def overlap(one: Box, other: Box) -> bool:
    """Whether they have a packet in common."""
    return all(mine & theirs for mine, theirs in zip(one, other, strict=True))


def subtract(boxes: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """The packets of `boxes` that are in none of `others`."""
    taken = list(others)
    return [part for box in boxes for part in divided(box, taken)[0]]


def missing(rows: Sequence[T], others: Sequence[T], named: Mapping[str, frozenset[str]]) -> list[T]:
    """What `rows` reach and `others` do not: the same packets to the same receiver, address and port; or what leaves and
    does not leave alike.

    named: family -> the protocols that the rules behind `others` name; "other" stands for all that are not.
    """
    rows, others = [_one_port(one) for one in rows], [_one_port(one) for one in others]
    known: dict[tuple[object, ...], list[T]] = defaultdict(list)
    for one in others:
        known[_way(one, one.proto)].append(one)
    found: list[T] = []
    for row in rows:
        proto = row.proto if row.proto in named[row.family] else "other"
        same = known[_way(row, proto)]
        parts = [box_of(row)] if not any(map(row.__eq__, same)) else []
        if parts and not same:
            found.append(row)
            continue
        found += [replace(row, **box._asdict()) for box in subtract(parts, map(box_of, same))]
    return found


def _one_port(one: T) -> T:
    """Without the port that one port is sent to by name: written or not, the same is where it arrives."""
    if one.port is None or len(one.ports.spans) != 1 or one.ports.spans[0][0] != one.ports.spans[0][1]:
        return one
    return replace(one, port=None, shift=one.port - one.ports.spans[0][0])


def _way(one: Reached | Leaving, proto: str) -> tuple[object, ...]:
    return (proto, *one.way(), bool(one.doubts))
