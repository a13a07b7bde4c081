"""The rules that can matter on one interface for one family and protocol, found by destination and port.

This is what keeps `reach` from comparing every flow with every rule: rules with a destination of their own
are only looked at for that destination, and rules that demand a tag only for packets that may have it.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.courses import SOME_TAG, hint, translates
from jailpf.pf.simulated.kernel.flat import Flat, flatten
from jailpf.pf.simulated.reach.cells import cells
from jailpf.pf.simulated.reach.entry import Entry
from jailpf.pf.simulated.reach.intervals import EVERY, IntervalSet
from jailpf.pf.simulated.reach.portmap import PortMap
from jailpf.pf.simulated.reach.runs import Runs
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.reach.wide import Wide
from jailpf.pf.simulated.rules import unknown

if TYPE_CHECKING:
    from collections.abc import Container

    from jailpf.pf.simulated.kernel.matcher import Matcher
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.reach.course import Course
    from jailpf.pf.simulated.rules.rule import Rule


class RuleIndex:
    """The rules of a section for packets like `sample` (its interfaces, direction, family and protocol
    count). never: the addresses that none of them goes to, where they go to nobody here.
    """

    def __init__(
        self,
        model: Model,
        sets: Sets,
        matcher: Matcher,
        section: str,
        sample: Packet,
        never: Container[int] | None = None,
    ) -> None:
        self.sets, self.matcher, self.sample = sets, matcher, sample
        self.entries: list[Entry] = []
        self._guards: dict[tuple[str, int], Entry | None] = {}
        self._single: dict[int, list[Entry]] = {}
        self._wide: dict[IntervalSet, list[Entry]] = {}
        self._tagged: dict[str, list[Entry]] = {}
        self._runs: dict[tuple[int, ...], Runs] = {}
        self._maps: dict[tuple[int, str], PortMap] = {}
        self._shared: dict[tuple[int, ...], PortMap] = {}
        self.courses: dict[tuple[int, str], tuple[list[Entry], tuple[Course, ...] | None]] = {}
        self.tags: set[str] = set()
        self.section = section
        self._wider: Wide | None = None
        self.away = never is not None
        for flat in flatten(model, section):
            if (never is None or flat.ends()[0] not in never) and self._static(flat.rule) is not False:
                self._add(flat)

    def _static(self, rule: Rule) -> bool | None:
        """Whether the rule can match, as far as no set is needed to tell; None where only FreeBSD could say."""
        sample = self.sample
        if (rule.proto and rule.proto != sample.proto) or (rule.family and rule.family != sample.family):
            return False
        if rule.direction and rule.direction != sample.direction:
            return False
        if rule.interface and self.matcher.interface(rule.interface, sample.interface) == rule.not_interface:
            return False
        if rule.received_on and self.matcher.interface(rule.received_on, sample.received) == rule.not_received_on:
            return False
        return self.matcher.words(rule, sample)

    def _add(self, flat: Flat) -> None:
        guards: list[Entry] = []
        gates: list[tuple[int, Entry]] = []
        for scope, guard, path in zip(flat.scopes[1:], flat.guards, flat.guard_paths, strict=True):
            found = self._guard(guard, path, flat.section)
            if found is None:
                return
            if found.to != EVERY[self.sample.family] or found.ports or found.sources or found.source_ports:
                guards.append(found)
            if found.doubt or guard.tagged:
                gates.append((scope, found))
        entry = self._entry(flat, tuple(guards), tuple(gates))
        if entry is None:
            return
        self.entries.append(entry)
        rule = flat.rule
        if rule.tag or (rule.action == "unknown" and unknown.sets_tag(hint(rule))):
            self.tags.add(rule.tag or SOME_TAG)
        spans = entry.to.spans
        if rule.tagged and not rule.not_tagged and len(spans) == 1 and spans[0][0] != spans[0][1]:
            self._tagged.setdefault(rule.tagged, []).append(entry)
        elif len(spans) == 1 and spans[0][0] == spans[0][1]:
            self._single.setdefault(spans[0][0], []).append(entry)
        else:
            self._wide.setdefault(entry.to, []).append(entry)

    def _guard(self, guard: Rule, path: str, section: str) -> Entry | None:
        """The anchor rule with its conditions; None when it cannot match."""
        key = (path, id(guard))
        if key not in self._guards:
            flat = Flat(path, section, -1, guard, (), (), (), False)
            self._guards[key] = self._entry(flat) if self._static(guard) is not False else None
        return self._guards[key]

    def _entry(
        self, flat: Flat, guards: tuple[Entry, ...] = (), gates: tuple[tuple[int, Entry], ...] = ()
    ) -> Entry | None:
        """The rule's sets; None when one of them is empty, so that it never matches."""
        rule, sample = flat.rule, self.sample
        family = sample.family
        source, destination = rule.source, rule.destination
        if rule.action == "binat" and sample.direction == "in" and rule.pool:
            source, destination = destination, rule.pool.hosts[0]
        to, sure_to = self.sets.host(destination, flat.path, family, sample.interface)
        sources, sure_sources = self.sets.host(source, flat.path, family, sample.interface)
        if not to or not sources:
            return None
        every = EVERY[family]
        ports, source_ports = port_set(rule.destination_port), port_set(rule.source_port)
        kept = None if sources == every else sources
        doubt = self._static(rule) is None or not (sure_to and sure_sources)
        plain = (
            kept is None and source_ports is None and not (guards or gates or doubt or rule.tagged or translates(rule))
        )
        return Entry(len(self.entries), flat, to, ports, kept, source_ports, doubt, guards, gates, plain)

    def _to_one(self, address: int, tag: str) -> PortMap:
        """The rules, in order, that can match packets to one address that have a tag, runs of them joined."""
        own = list(self._single.get(address, ()))
        names = self.tags | {tag}
        for name in self._tagged if SOME_TAG in names else names:
            own += [entry for entry in self._tagged.get(name, ()) if address in entry.to]
        sets = tuple(number for number, to in enumerate(self._wide) if address in to)
        if not own and sets in self._shared:
            return self._shared[sets]
        if sets not in self._runs:
            lists = list(self._wide.values())
            self._runs[sets] = Runs(sorted((e for number in sets for e in lists[number]), key=_order))
        found = PortMap(self._joined(own, self._runs[sets]))
        if not own:
            self._shared[sets] = found
        return found

    def _joined(self, own: list[Entry], runs: Runs) -> list[Entry]:
        if self.section != "filter":
            return sorted([*own, *runs.entries], key=_order)
        found: list[Entry] = []
        start = 0
        for entry in sorted(own, key=_order):
            end = bisect_left(runs.entries, entry.order, key=_order)
            found += [*runs.joined(start, end), entry]
            start = end
        return found + runs.joined(start, len(runs.entries))

    @cached_property
    def closed(self) -> bool:
        """Whether the filter blocks everything: a rule blocks all, and none does anything else."""
        every = EVERY[self.sample.family]
        return all(entry.flat.rule.action == "block" for entry in self.entries) and any(
            entry.plain and entry.ports is None and entry.to == every for entry in self.entries
        )

    def wide(self) -> Wide:
        """The same rules, by who sends."""
        if self._wider is None:
            self._wider = Wide(self.entries, self.tags)
        return self._wider

    def atoms(self, to: IntervalSet, tag: str) -> list[tuple[IntervalSet, PortMap]]:
        """`to` in parts, each with the rules whose destination covers it; no rule covers the rest."""
        if len(to.spans) == 1 and to.spans[0][0] == to.spans[0][1]:
            key = (to.spans[0][0], tag if tag in self._tagged or tag == SOME_TAG else "")
            if key not in self._maps:
                self._maps[key] = self._to_one(*key)
            return [(to, self._maps[key])]
        by_set: dict[IntervalSet, list[Entry]] = {}
        for entry in self.entries:
            by_set.setdefault(entry.to, []).append(entry)
        return [
            (part, PortMap(sorted((e for chosen in keys for e in by_set[chosen]), key=_order)))
            for part, keys in cells(to, by_set)
        ]


def _order(entry: Entry) -> int:
    return entry.order
