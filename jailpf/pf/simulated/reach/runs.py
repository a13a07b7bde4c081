"""Runs of filter rules that decide the same and differ in their sources only, joined into one.

A vnet jail has a `pass in quick on bridge0 from J` of its own. With 1000 of them every flow would fall into
1000 parts; joined, the run is one rule from all of them. Which of the rules decided is then not known any
more (`SEVERAL`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.courses import effect

if TYPE_CHECKING:
    from jailpf.pf.simulated.reach.entry import Entry

SEVERAL = -1  # the index of a Flat that stands for more than one rule


class Runs:
    """Rules in order, of which the beginnings and the ends can be had with their runs joined.

    Each is made of the one that is a rule shorter, so that all together cost little more than the longest.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._known: dict[tuple[int, int], list[Entry]] = {}

    def joined(self, start: int, end: int) -> list[Entry]:
        """The rules start..end-1, runs joined."""
        key = (start, end)
        if key not in self._known:
            if start == 0:
                self._begin(end)
            elif end == len(self.entries):
                self._end(start)
            else:
                self._known[key] = _all(self.entries[start:end])
        return self._known[key]

    def _begin(self, end: int) -> None:
        at = end
        while at and (0, at) not in self._known:
            at -= 1
        found = self._known.setdefault((0, 0), []) if not at else self._known[0, at]
        for number in range(at, end):
            found = _join(found, [self.entries[number]])
            self._known[0, number + 1] = found

    def _end(self, start: int) -> None:
        last = len(self.entries)
        at = start
        while at < last and (at, last) not in self._known:
            at += 1
        found = self._known.setdefault((last, last), []) if at == last else self._known[at, last]
        for number in reversed(range(start, at)):
            found = _join([self.entries[number]], found)
            self._known[number, last] = found


def _all(entries: list[Entry]) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        found = _join(found, [entry])
    return found


def _join(first: list[Entry], second: list[Entry]) -> list[Entry]:
    if not first or not second or _effect(first[-1]) != _effect(second[0]):
        return first + second
    one, two = first[-1], second[0]
    sources = None if one.sources is None or two.sources is None else one.sources | two.sources
    both = replace(one, sources=sources, flat=one.flat.numbered(SEVERAL))
    return [*first[:-1], both, *second[1:]]


def _effect(entry: Entry) -> tuple[object, ...]:
    if entry.doubt or entry.gates:
        return (entry.order,)
    rule = entry.flat.rule
    does = (effect(entry.flat), entry.flat.quick, rule.tag, rule.tagged, rule.not_tagged)
    return (*does, entry.to, entry.ports, entry.source_ports, *map(id, entry.guards))
