"""A set divided along the edges of other sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.reach.intervals import IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterable


def cells(whole: IntervalSet, parts: Iterable[IntervalSet]) -> list[tuple[IntervalSet, tuple[IntervalSet, ...]]]:
    """`whole` divided so that every member of `parts` covers a cell wholly or not at all, cells with equal
    covers joined.
    """
    names = list(parts)
    events: list[tuple[int, int, int]] = []
    for number, part in enumerate(names):
        for low, high in part & whole:
            events += [(low, 1, number), (high + 1, 0, number)]
    events.sort()
    active: set[int] = set()
    spans: dict[frozenset[int], list[tuple[int, int]]] = {}
    position = 0
    for at, starts, number in events:
        if at > position and active:
            spans.setdefault(frozenset(active), []).append((position, at - 1))
        position = at
        (active.add if starts else active.discard)(number)
    found = [(IntervalSet.of(covered), tuple(names[n] for n in keys)) for keys, covered in spans.items()]
    rest = whole - IntervalSet.of(span for covered in spans.values() for span in covered)
    return [*found, (rest, ())] if rest else found
