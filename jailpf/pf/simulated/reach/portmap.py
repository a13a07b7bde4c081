"""Rules by the ports that they look at: which of them can match packets to some ports, without trying all."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from jailpf.pf.simulated.reach.intervals import IntervalSet

if TYPE_CHECKING:
    from jailpf.pf.simulated.reach.entry import Entry


class PortMap:
    """Cuts the ports wherever a rule of the list begins or ends to match; each part has its rules, in
    order.
    """

    def __init__(self, entries: list[Entry]) -> None:
        always = [number for number, entry in enumerate(entries) if entry.ports is None]
        events = sorted(
            (port, number)
            for number, entry in enumerate(entries)
            for low, high in entry.ports or ()
            for port in (low, high + 1)
        )
        self._known: dict[IntervalSet, list[tuple[IntervalSet, list[Entry]]]] = {}
        active = set(always)
        self._starts, self._covers, self._rules = [0], [0], [[entries[number] for number in always]]
        known: dict[frozenset[int], int] = {frozenset(active): 0}
        for port, number in events:
            active ^= {number}
            key = frozenset(active)
            if key not in known:
                known[key] = len(self._rules)
                self._rules.append([entries[number] for number in sorted(active)])
            if self._starts[-1] == port:
                self._covers[-1] = known[key]
            else:
                self._starts.append(port)
                self._covers.append(known[key])

    def cells(self, ports: IntervalSet) -> list[tuple[IntervalSet, list[Entry]]]:
        """`ports` in parts, each with the rules that look at all of it."""
        found = self._known.get(ports)
        if found is None:
            found = self._known[ports] = [(ports, self._rules[0])] if len(self._starts) == 1 else self._cut(ports)
        return found

    def _cut(self, ports: IntervalSet) -> list[tuple[IntervalSet, list[Entry]]]:
        spans: dict[int, list[tuple[int, int]]] = {}
        for low, high in ports:
            at = bisect_right(self._starts, low) - 1
            while at < len(self._starts) and self._starts[at] <= high:
                end = self._starts[at + 1] - 1 if at + 1 < len(self._starts) else high
                spans.setdefault(self._covers[at], []).append((max(low, self._starts[at]), min(high, end)))
                at += 1
        return [(IntervalSet.of(found), self._rules[cover]) for cover, found in spans.items()]
