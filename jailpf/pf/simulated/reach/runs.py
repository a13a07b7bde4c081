"""Runs of filter rules that decide the same and differ in their sources only, joined into one.

A vnet jail has a `pass in quick on bridge0 from J` of its own. With 1000 of them every flow would fall into
1000 parts; joined, the run is one rule from all of them. Which of the rules decided is then not known any
more (`SEVERAL`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.reach.entry import Entry

SEVERAL = -1  # the index of a Flat that stands for more than one rule


class Runs:
    """Rules in order, of which any range can be had with its runs joined.

    Blocks of 2**n rules are joined once and kept, so that a range costs a few joins and not one for each
    rule.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._blocks: dict[tuple[int, int], list[Entry]] = {}

    def joined(self, start: int, end: int) -> list[Entry]:
        """The rules start..end-1, runs joined."""
        found: list[Entry] = []
        while start < end:
            level = 0
            while not start & ((2 << level) - 1) and start + (2 << level) <= end:
                level += 1
            found = _join(found, self._block(level, start))
            start += 1 << level
        return found

    def _block(self, level: int, start: int) -> list[Entry]:
        if not level:
            return [self.entries[start]]
        key = (level, start)
        if key not in self._blocks:
            half = 1 << (level - 1)
            self._blocks[key] = _join(self._block(level - 1, start), self._block(level - 1, start + half))
        return self._blocks[key]


def _join(first: list[Entry], second: list[Entry]) -> list[Entry]:
    if not first or not second or _effect(first[-1]) != _effect(second[0]):
        return first + second
    one, two = first[-1], second[0]
    sources = None if one.sources is None or two.sources is None else one.sources | two.sources
    both = replace(one, sources=sources, flat=replace(one.flat, index=SEVERAL))
    return [*first[:-1], both, *second[1:]]


def _effect(entry: Entry) -> tuple[object, ...]:
    rule = entry.flat.rule
    does = (rule.action, entry.flat.quick, rule.tag, rule.tagged, rule.not_tagged)
    return (*does, entry.to, entry.ports, entry.source_ports, *map(id, entry.guards))
