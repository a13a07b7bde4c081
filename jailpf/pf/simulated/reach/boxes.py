"""Packets as they were sent, as boxes: sources, source ports, destinations and ports, each a set of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jailpf.pf.simulated.reach.intervals import IntervalSet


class Box(NamedTuple):
    """Every packet whose four numbers are in the four sets."""

    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet

    def cut(self, other: Box) -> tuple[Box | None, list[Box]]:
        """The part inside of another box, and the parts outside."""
        inside, outside = self, []
        for name, wanted in zip(self._fields, other, strict=True):
            have: IntervalSet = getattr(inside, name)
            both = have & wanted
            if not both:
                return None, [self]
            if both != have:
                outside.append(inside._replace(**{name: have - wanted}))
                inside = inside._replace(**{name: both})
        return inside, outside


def divided(box: Box, others: list[Box]) -> tuple[list[Box], list[Box]]:
    """The parts of a box that are in none of the others, and those that are in one."""
    free, taken = [box], []
    for other in others:
        rest: list[Box] = []
        for part in free:
            inside, outside = part.cut(other)
            rest += outside
            if inside is not None:
                taken.append(inside)
        free = rest
    return free, taken
