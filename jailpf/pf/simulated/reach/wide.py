"""Rules for packets that go to anywhere: found by who sends them, then by where they go.

Each jail has rules of its own about what it may open. Found by sender first, a thousand jails cost a thousand times
one jail; found by destination first, each of them would be looked at for every rule of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.courses import SOME_TAG
from jailpf.pf.simulated.reach.cells import cells
from jailpf.pf.simulated.reach.portmap import PortMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.pf.simulated.reach.entry import Entry
    from jailpf.pf.simulated.reach.intervals import IntervalSet

Atoms = list[tuple["IntervalSet", PortMap]]


class ByDestination:
    """The rules, in order, that can match what some senders send."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._known: dict[IntervalSet, Atoms] = {}

    def atoms(self, to: IntervalSet) -> Atoms:
        """`to` in parts, each with the rules whose destination covers it."""
        if to not in self._known:
            by_set: dict[IntervalSet, list[Entry]] = {}
            for entry in self.entries:
                by_set.setdefault(entry.to, []).append(entry)
            self._known[to] = [
                (part, PortMap(_ordered(entry for chosen in keys for entry in by_set[chosen])))
                for part, keys in cells(to, by_set)
            ]
        return self._known[to]


class Wide:
    """The rules of an index. tags: those that its own rules set."""

    def __init__(self, entries: list[Entry], tags: set[str]) -> None:
        self.tags = tags
        self._free: list[Entry] = []
        self._tagged: dict[str, list[Entry]] = {}
        for entry in entries:
            rule = entry.flat.rule
            of_one = rule.tagged and not rule.not_tagged
            (self._tagged.setdefault(rule.tagged, []) if of_one else self._free).append(entry)
        self._known: dict[tuple[IntervalSet, str], list[tuple[IntervalSet, ByDestination]]] = {}
        self._lists: dict[tuple[int, ...], ByDestination] = {}

    def by_source(self, sources: IntervalSet, tag: str) -> list[tuple[IntervalSet, ByDestination]]:
        """`sources` in parts, each with the rules that look at it for packets with that tag."""
        key = (sources, tag if tag in self._tagged or tag == SOME_TAG else "")
        if key not in self._known:
            self._known[key] = self._parts(*key)
        return self._known[key]

    def _parts(self, sources: IntervalSet, tag: str) -> list[tuple[IntervalSet, ByDestination]]:
        names = self.tags | {tag}
        chosen = self._tagged if SOME_TAG in names else names & self._tagged.keys()
        own = [entry for name in chosen for entry in self._tagged[name]]
        if tag and all(entry.sources is None for entry in own):
            return [
                (part, self._list(_ordered([*rules.entries, *(entry for entry in own if entry not in rules.entries)])))
                for part, rules in self.by_source(sources, "")
            ]
        always: list[Entry] = []
        by_set: dict[IntervalSet, list[Entry]] = {}
        for entry in (*self._free, *own):
            (always if entry.sources is None else by_set.setdefault(entry.sources, [])).append(entry)
        return [
            (part, self._list(_ordered([*always, *(entry for one in keys for entry in by_set[one])])))
            for part, keys in cells(sources, by_set)
        ]

    def _list(self, entries: list[Entry]) -> ByDestination:
        return self._lists.setdefault(tuple(entry.order for entry in entries), ByDestination(entries))


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=_order)


def _order(entry: Entry) -> int:
    return entry.order
