"""Whether what arrives is answered: asked of the kernel for one packet of each part that it cannot tell apart.

Where every interface on the way keeps a state, the answer depends on these states and on the way back alone, so one
packet speaks for all flows of that shape. Elsewhere the answer is judged by the rules as a packet of its own, so a flow
is cut wherever any rule begins or ends to match.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.ways import cards, never
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.kernel.journey import LOCAL, Place
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.kernel.talk import ANSWERED
from jailpf.pf.simulated.kernel.worlds import Worlds
from jailpf.pf.simulated.reach.cells import cells
from jailpf.pf.simulated.reach.intervals import PORTS, IntervalSet
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.rules.addresses import Address
from jailpf.pf.simulated.rules.rule import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.crossing import Kind
    from jailpf.pf.simulated.reach.flow import Flow
    from jailpf.pf.simulated.rules.rule import Family, Host, Rule

Answer = tuple[bool, tuple["Flat", ...]]  # whether there is one, and the rules that keep that in doubt

ASKED_MAX = (
    4000  # packets that are asked about one by one; what is left then is taken to be answered, which lets in more
)
# Addresses that the kernel drops when they come in by a card, whatever pf says (ways.refused).
NEVER_OUTSIDE = {
    "inet": IntervalSet(((0, (1 << 24) - 1), (127 << 24, (128 << 24) - 1), (224 << 24, (1 << 32) - 1))),
    "inet6": IntervalSet(((0, 1), (0xFF << 120, (1 << 128) - 1))),
}


class Answers:
    """The answers on one host."""

    def __init__(self, model: Model) -> None:
        self.model = replace(model, states={}, rates={})
        self.topology, self.owners = model.topology, model.topology.owners()
        self.own = {
            family: IntervalSet.of((a.number, a.number) for a in self.owners if a.family == family)
            for family in NEVER_OUTSIDE
        }
        self.cards = cards(model.topology)
        self.left = ASKED_MAX
        self._known: dict[tuple[object, ...], Answer] = {}
        self._homes: dict[Family, dict[str, IntervalSet]] = {}
        self._apart: dict[tuple[bool, Family, IntervalSet], list[tuple[str, IntervalSet]]] = {}
        self._conditions: dict[Kind, list[tuple[IntervalSet, ...]]] = {}

    def of(self, origin: str, kind: Kind, flow: Flow) -> Iterator[tuple[Flow, bool, tuple[Flat, ...]]]:
        """The flow in parts, each with whether it is answered and with its doubts."""
        if kind.proto not in ANSWERED or not flow.hops:
            yield flow, True, flow.doubts
            return
        found = self._by_shape(origin, kind, flow) if all(hop.keeps for hop in flow.hops) else None
        for (answered, doubts), parts in (found or self._by_rules(origin, kind, flow)).items():
            yield from ((part, answered, tuple(dict.fromkeys((*flow.doubts, *doubts)))) for part in parts)

    def _by_shape(self, origin: str, kind: Kind, flow: Flow) -> dict[Answer, list[Flow]]:
        owner = self.owners.get(Address(kind.family, flow.destinations().spans[0][0]))
        end = (owner.interface, owner.vnet) if owner else ()
        shape = (origin, kind, flow.hops, end, flow.seen is None, flow.target is None)
        homes = self._at_home(origin, kind.family, flow.sources)
        found: dict[Answer, list[IntervalSet]] = {}
        for home, sources in homes:
            key = (*shape, home)
            if key not in self._known:
                self._known[key] = self._ask(origin, kind, flow._replace(sources=sources))
            found.setdefault(self._known[key], []).append(sources)
        if len(found) == 1:
            return {answer: [flow] for answer in found}
        return {
            answer: [flow._replace(sources=IntervalSet.of(span for part in parts for span in part))]
            for answer, parts in found.items()
        }

    def _by_rules(self, origin: str, kind: Kind, flow: Flow) -> dict[Answer, list[Flow]]:
        addresses, ports = self._looked_at(kind, flow)
        now = _apart(flow.ports_now(), ports) if flow.port is None else []
        dports = [part.shifted(-flow.shift) for part in now] or [flow.ports]
        sports = _apart(flow.source_ports, ports)
        found: dict[Answer, list[Flow]] = {}
        homes = [
            (sources, _apart(sources, addresses)) for _, sources in self._at_home(origin, kind.family, flow.sources)
        ]
        self.left -= sum(len(parts) for _, parts in homes) * len(sports) * len(dports)
        if self.left < 0:
            return {(True, ()): [flow]}
        for _, owns in homes:
            for own, sport, dport in product(owns, sports, dports):
                part = flow._replace(sources=own, source_ports=sport, ports=dport)
                found.setdefault(self._ask(origin, kind, part), []).append(part)
        if len(found) == 1:
            return {answer: [flow] for answer in found}
        return {answer: _rejoined(parts) for answer, parts in found.items()}

    def _at_home(self, origin: str, family: Family, sources: IntervalSet) -> list[tuple[str, IntervalSet]]:
        """Senders by the interface that has their address. One outside who borrows an address of the host's own networks
        gets no answer by that, so only honest ones are asked for.
        """
        if origin in self.cards:
            dropped = IntervalSet.of(never(family))
            return [(origin, sources - dropped - self._own(family) or sources)]
        key = (origin == "outside", family, sources)
        if key not in self._apart:
            if family not in self._homes:
                self._homes[family] = self._all_homes(family)
            if origin == "outside":
                homes = IntervalSet.of(span for part in self._homes[family].values() for span in part)
                honest = sources - homes - NEVER_OUTSIDE[family]
                self._apart[key] = [("", honest or sources)]
            else:
                parts = ((name, sources & home) for name, home in self._homes[family].items())
                self._apart[key] = [(name, part) for name, part in parts if part]
        return self._apart[key]

    def _own(self, family: Family) -> IntervalSet:
        return IntervalSet.of((address.number, address.number) for address in self.owners if address.family == family)

    def _all_homes(self, family: Family) -> dict[str, IntervalSet]:
        """The addresses of the host and its jails, and the networks of interfaces that do not lead outside."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for address, owner in self.owners.items():
            if address.family == family:
                spans.setdefault(owner.interface, []).append((address.number, address.number))
        for name in self.topology.interfaces:
            if name != self.topology.ext_if:
                nets = self.topology.resolve(f"{name}:network") or ()
                spans.setdefault(name, []).extend((h.low, h.high) for h in nets if h.family == family)
        return {name: IntervalSet.of(found) for name, found in spans.items() if found}

    def _looked_at(self, kind: Kind, flow: Flow) -> tuple[list[IntervalSet], list[IntervalSet]]:
        """The sets of addresses and of ports that rules look at which may concern the receiver's address."""
        here = flow.destinations() | flow.to
        if kind not in self._conditions:
            self._conditions[kind] = list(dict.fromkeys(self._all_conditions(kind)))
        addresses: dict[IntervalSet, None] = {}
        ports: dict[IntervalSet, None] = {}
        for source, to, source_ports, to_ports in self._conditions[kind]:
            if source & here or to & here:
                addresses.update({source: None, to: None})
                ports.update({source_ports: None, to_ports: None})
        return list(addresses), list(ports)

    def _all_conditions(self, kind: Kind) -> Iterator[tuple[IntervalSet, ...]]:
        sets = Sets(self.model)
        for section in SECTIONS:
            for flat in flatten(self.model, section):
                for rule in (flat.rule, *flat.guards):
                    if rule.proto in {"", kind.proto} and rule.family in {"", kind.family}:
                        ports = [port_set(one) or PORTS for one in (rule.source_port, rule.destination_port)]
                        for pair in _looks_at(rule):
                            yield (*(sets.host(host, flat.path, kind.family)[0] for host in pair), *ports)

    def _ask(self, origin: str, kind: Kind, flow: Flow) -> Answer:
        packet = Packet(
            kind.family,
            kind.proto,
            flow.sources.spans[0][0],
            flow.source_ports.spans[0][0],
            ((flow.to & self.own[kind.family]) or flow.to - NEVER_OUTSIDE[kind.family] or flow.to).spans[0][0],
            flow.ports.spans[0][0],
        )
        places = {"outside": Place("outside", self.topology.ext_if), "local": LOCAL}
        places.update((card, Place("outside", card)) for card in self.cards)
        found = Worlds(self.model, packet, places.get(origin, Place("vnet", origin)), 0.0).connect(keep=False)
        return found.verdict == "pass", tuple(found.doubts) if found.verdict == "unknown" else ()


def _looks_at(rule: Rule) -> list[tuple[Host, Host]]:
    """The source and the destination that a rule matches; a binat rule has others for what comes in."""
    ends = [(rule.source, rule.destination)]
    return [*ends, (rule.destination, rule.pool.hosts[0])] if rule.action == "binat" and rule.pool else ends


def _apart(whole: IntervalSet, sets: list[IntervalSet]) -> list[IntervalSet]:
    return [part for part, _ in cells(whole, sets)]


def _rejoined(parts: list[Flow]) -> list[Flow]:
    """Parts that differ in one set only, joined again."""
    for name in ("sources", "source_ports", "ports"):
        joined: dict[tuple[object, ...], Flow] = {}
        for part in parts:
            key = tuple(getattr(part, other) for other in ("sources", "source_ports", "ports") if other != name)
            same = joined.get(key)
            joined[key] = same._replace(**{name: getattr(same, name) | getattr(part, name)}) if same else part
        parts = list(joined.values())
    return parts
