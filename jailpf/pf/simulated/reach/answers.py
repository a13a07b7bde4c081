"""Whether what arrives is answered: asked of the kernel for one packet of each part that it cannot tell apart.

Where every interface on the way keeps a state, the answer depends on these states and on the way back alone, so one
packet speaks for all flows of that shape. Elsewhere the answer is judged by the rules as a packet of its own, so a flow
is cut wherever any rule begins or ends to match.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.ways import cards
from jailpf.pf.simulated.kernel.flat import Flat, flatten
from jailpf.pf.simulated.kernel.journey import LOCAL, Place
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.kernel.talk import ANSWERED
from jailpf.pf.simulated.kernel.worlds import Worlds
from jailpf.pf.simulated.reach.cells import cells
from jailpf.pf.simulated.reach.homes import ways_back
from jailpf.pf.simulated.reach.intervals import EMPTY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.rules.addresses import Address
from jailpf.pf.simulated.rules.rule import SECTIONS, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.flow import Flow, Kind
    from jailpf.pf.simulated.rules.rule import Family, Host

Homes = tuple[list[tuple[str, IntervalSet]], IntervalSet]
Answer = tuple[bool, tuple[Flat, ...]]  # whether there is one, and the rules that keep that in doubt
NONE: Answer = (False, ())

ASKED_MAX = 4000  # packets, in each world that doubts leave open, that are asked about one by one; the rest is in doubt
BEYOND = Flat("", "filter", -1, Rule("unknown", text="so many kinds of packets that keep no state"), (), (), (), False)
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
        self._asked: dict[tuple[str, Kind, int, int, int, int], tuple[str, tuple[Flat, ...]]] = {}
        self._holders: dict[Family, dict[str, IntervalSet]] = {}
        self._ways: dict[Family, tuple[dict[str, IntervalSet], str]] = {}
        self._apart: dict[tuple[str, Family, IntervalSet], Homes] = {}
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
        end = (owner.interface, owner.vnet) if owner else (flow.left,)
        shape = (origin, kind, flow.hops, end, flow.seen is None, flow.target is None)
        found: dict[Answer, list[IntervalSet]] = {}
        homes, borrowed = self._at_home(origin, kind.family, flow.sources)
        for home, sources in homes:
            key = (*shape, home)
            answer = None if flow.chosen else self._known.get(key)  # a choice depends on the others too
            if answer is None:
                answer = self._ask(origin, kind, flow._replace(sources=sources))
                if not flow.chosen:
                    self._known[key] = answer
            found.setdefault(answer, []).append(sources)
        if len(found) == 1:
            return {answer: [flow] for answer in found}
        found[NONE if NONE in found else next(iter(found))].append(borrowed)
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
        homes, borrowed = self._at_home(origin, kind.family, flow.sources)
        owns = [own for _, sources in homes for own in _apart(sources, addresses)]
        # What leaves goes to many: its answers come from each of them.
        tos = _apart(flow.to, [one.shifted(-flow.away) for one in addresses]) if flow.left else [flow.to]
        if len(owns) * len(sports) * len(dports) * len(tos) > self.left:
            return {(True, (BEYOND,)): [flow]}
        for own, sport, dport, to in product(owns, sports, dports, tos):
            part = flow._replace(sources=own, source_ports=sport, ports=dport, to=to)
            answer = self._ask(origin, kind, part) if self.left > 0 else (True, (BEYOND,))
            found.setdefault(answer, []).append(part)
        if len(found) == 1:
            return {answer: [flow] for answer in found}
        if borrowed:
            found[NONE if NONE in found else next(iter(found))].append(flow._replace(sources=borrowed))
        return {answer: _rejoined(parts) for answer, parts in found.items()}

    def _at_home(self, origin: str, family: Family, sources: IntervalSet) -> Homes:
        """Senders by the interface that leads back to them; and those from elsewhere who borrow an address that is
        behind another interface: they get no answer by that, so only honest ones are asked for.
        """
        key = (origin, family, sources)
        if key not in self._apart:
            self._apart[key] = self._all_at_home(origin, family, sources)
        return self._apart[key]

    def _all_at_home(self, origin: str, family: Family, sources: IntervalSet) -> Homes:
        if origin == "outside" or origin in self.cards:
            if family not in self._ways:
                self._ways[family] = ways_back(self.topology, family)
            back, default = self._ways[family]
            card = self.topology.ext_if if origin == "outside" else origin
            coming = sources - NEVER_OUTSIDE[family] - self.own[family]
            parts = {card: coming & back.get(card, EMPTY)}
            parts[default] = parts.get(default, EMPTY) | coming & back[""]
            homes = [(name, part) for name, part in parts.items() if part]
            return homes or [("", sources)], coming - IntervalSet.of(span for _, part in homes for span in part)
        if family not in self._holders:
            self._holders[family] = self._all_holders(family)
        held = ((name, sources & addresses) for name, addresses in self._holders[family].items())
        return [(name, part) for name, part in held if part], EMPTY

    def _all_holders(self, family: Family) -> dict[str, IntervalSet]:
        """The addresses of the host and its jails, by the interface that holds them."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for address, owner in self.owners.items():
            if address.family == family:
                spans.setdefault(owner.interface, []).append((address.number, address.number))
        return {name: IntervalSet.of(found) for name, found in spans.items()}

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
        source_port = flow.source_ports.spans[-1][
            1
        ]  # the last: not the port that it goes to, as far as it may be another
        to = ((flow.to & self.own[kind.family]) or flow.to - NEVER_OUTSIDE[kind.family] or flow.to).spans[0][0]
        asked = (origin, kind, flow.sources.spans[0][0], source_port, to, flow.ports.spans[0][0])
        if asked not in self._asked:
            self._asked[asked], tried = self._sent(*asked)
            self.left -= 0 if all(hop.keeps for hop in flow.hops) else tried
        verdict, doubts = self._asked[asked]
        if verdict == "unknown":
            return False, doubts or flow.pools or flow.rules or (BEYOND,)
        return verdict == "pass", ()

    def _sent(
        self, origin: str, kind: Kind, source: int, source_port: int, to: int, port: int
    ) -> tuple[tuple[str, tuple[Flat, ...]], int]:
        """(verdict, doubts) of one packet, and in how many worlds it was tried."""
        packet = Packet(kind.family, kind.proto, source, source_port, to, port)
        places = {"outside": Place("outside", self.topology.ext_if), "local": LOCAL}
        places.update((card, Place("outside", card)) for card in self.cards)
        worlds = Worlds(self.model, packet, places.get(origin, Place("vnet", origin)), 0.0)
        found = worlds.connect(keep=False)
        return (found.verdict, tuple(found.doubts)), worlds.tried


def _looks_at(rule: Rule) -> list[tuple[Host, Host]]:
    """The source and the destination that a rule matches; a binat rule has others for what comes in."""
    ends = [(rule.source, rule.destination)]
    return [*ends, (rule.destination, rule.pool.hosts[0])] if rule.action == "binat" and rule.pool else ends


def _apart(whole: IntervalSet, sets: list[IntervalSet]) -> list[IntervalSet]:
    return [part for part, _ in cells(whole, sets)]


def _rejoined(parts: list[Flow]) -> list[Flow]:
    """Parts that differ in one set only, joined again."""
    names = ("sources", "source_ports", "ports", "to")
    for name in names:
        joined: dict[tuple[object, ...], Flow] = {}
        for part in parts:
            key = tuple(getattr(part, other) for other in names if other != name)
            same = joined.get(key)
            joined[key] = same._replace(**{name: getattr(same, name) | getattr(part, name)}) if same else part
        parts = list(joined.values())
    return parts
