"""The rules that can matter on one interface for one family and protocol, found by destination and port.

This is what keeps `reach` from comparing every flow with every rule: rules with a destination of their own
are only looked at for that destination, and rules that demand a tag only for packets that may have it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.flat import Flat, flatten
from jailpf.pf.simulated.kernel.matcher import unknowable
from jailpf.pf.simulated.reach.entry import Entry
from jailpf.pf.simulated.reach.flow import CannotSayError
from jailpf.pf.simulated.reach.intervals import EVERY, IntervalSet
from jailpf.pf.simulated.reach.portmap import PortMap
from jailpf.pf.simulated.reach.runs import Runs
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.matcher import Matcher
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Rule


class RuleIndex:
    """The rules of a section for packets like `sample` (its interface, direction, family and protocol
    count).
    """

    def __init__(self, model: Model, sets: Sets, matcher: Matcher, section: str, sample: Packet) -> None:
        self.sets, self.matcher, self.sample = sets, matcher, sample
        self.entries: list[Entry] = []
        self._guards: dict[tuple[str, int], Entry | None] = {}
        self._single: dict[int, list[Entry]] = {}
        self._wide: dict[IntervalSet, list[Entry]] = {}
        self._tagged: dict[str, list[Entry]] = {}
        self._runs: dict[tuple[int, ...], Runs] = {}
        self._maps: dict[tuple[int, str], PortMap] = {}
        self.tags: set[str] = set()
        self.section = section
        for flat in flatten(model, section):
            if self._static(flat.rule):
                self._add(flat)

    def _static(self, rule: Rule) -> bool:
        """Whether the rule can match at all, as far as no set is needed to tell."""
        sample = self.sample
        if (rule.proto and rule.proto != sample.proto) or (rule.family and rule.family != sample.family):
            return False
        if rule.direction and rule.direction != sample.direction:
            return False
        if rule.interface and self.matcher.interface(rule.interface, sample.interface) == rule.not_interface:
            return False
        return self.matcher.words(rule, sample) is not False

    def _add(self, flat: Flat) -> None:
        guards: list[Entry] = []
        for guard, path in zip(flat.guards, flat.guard_paths, strict=True):
            key = (path, id(guard))
            if key not in self._guards:
                self._guards[key] = (
                    self._entry(Flat(path, "", 0, guard, (), (), (), False)) if self._static(guard) else None
                )
            found = self._guards[key]
            if found is None:
                return
            if guard.tagged:
                raise CannotSayError(f"cannot say: an anchor rule that looks at tags ({rule_text(guard)})")
            if found.to != EVERY[self.sample.family] or found.ports or found.sources or found.source_ports:
                guards.append(found)
        entry = self._entry(flat, tuple(guards))
        if entry is None:
            return
        if flat.rule.rtable or flat.rule.action == "unknown" or _more_than_known(flat.rule):
            raise CannotSayError(f"cannot say: {rule_text(flat.rule)} (line {flat.rule.line}) might decide")
        self.entries.append(entry)
        if flat.rule.tag:
            self.tags.add(flat.rule.tag)
        spans = entry.to.spans
        if flat.rule.tagged and not flat.rule.not_tagged and len(spans) == 1 and spans[0][0] != spans[0][1]:
            self._tagged.setdefault(flat.rule.tagged, []).append(entry)
        elif len(spans) == 1 and spans[0][0] == spans[0][1]:
            self._single.setdefault(spans[0][0], []).append(entry)
        else:
            self._wide.setdefault(entry.to, []).append(entry)

    def _entry(self, flat: Flat, guards: tuple[Entry, ...] = ()) -> Entry | None:
        """The rule's sets; None when one of them is empty, so that it never matches."""
        rule, family = flat.rule, self.sample.family
        source, destination = rule.source, rule.destination
        if rule.action == "binat" and self.sample.direction == "in" and rule.pool:
            source, destination = destination, rule.pool.hosts[0]
        to = self.sets.host(destination, flat.path, family)
        sources = self.sets.host(source, flat.path, family)
        if not to or not sources:
            return None
        every = EVERY[family]
        ports, source_ports = port_set(rule.destination_port), port_set(rule.source_port)
        return Entry(len(self.entries), flat, to, ports, None if sources == every else sources, source_ports, guards)

    def _to_one(self, address: int, tag: str) -> list[Entry]:
        """The rules, in order, that can match packets to one address that have a tag, runs of them joined."""
        own = list(self._single.get(address, ()))
        for name in self.tags | {tag}:
            own += [entry for entry in self._tagged.get(name, ()) if address in entry.to]
        sets = tuple(number for number, to in enumerate(self._wide) if address in to)
        if sets not in self._runs:
            lists = list(self._wide.values())
            self._runs[sets] = Runs(sorted((e for number in sets for e in lists[number]), key=_order))
        runs = self._runs[sets]
        if self.section != "filter":
            return sorted([*own, *runs.entries], key=_order)
        found: list[Entry] = []
        start = 0
        for entry in sorted(own, key=_order):
            end = bisect_left(runs.entries, entry.order, key=_order)
            found += [*runs.joined(start, end), entry]
            start = end
        return found + runs.joined(start, len(runs.entries))

    def atoms(self, to: IntervalSet, tag: str) -> list[tuple[IntervalSet, PortMap]]:
        """`to` in parts, each with the rules whose destination covers it; no rule covers the rest."""
        if len(to.spans) == 1 and to.spans[0][0] == to.spans[0][1]:
            key = (to.spans[0][0], tag if tag in self._tagged else "")
            if key not in self._maps:
                self._maps[key] = PortMap(self._to_one(*key))
            return [(to, self._maps[key])]
        by_set: dict[IntervalSet, list[Entry]] = {}
        for entry in self.entries:
            by_set.setdefault(entry.to, []).append(entry)
        return [
            (part, PortMap(sorted((e for chosen in keys for e in by_set[chosen]), key=_order)))
            for part, keys in cells(to, by_set)
        ]


def cells(
    whole: IntervalSet, parts: dict[IntervalSet, list[Entry]]
) -> list[tuple[IntervalSet, tuple[IntervalSet, ...]]]:
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


def _more_than_known(rule: Rule) -> bool:
    """Whether a rule asks for, or does, what reach does not follow."""
    asked = unknowable(rule) or rule.received_on or rule.fragment
    done = rule.route or rule.nat_to or rule.rdr_to or rule.af_to or rule.divert_to
    return bool(asked or done)


def _order(entry: Entry) -> int:
    return entry.order
