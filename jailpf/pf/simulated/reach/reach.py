"""`jailpf reach`: everything that gets through, computed on sets, not sampled.

Senders that pf treats alike are one origin: outside; the host and its local jails, told apart by their
addresses; the vnet jails behind one interface. The ways are those of journey.py. States and limits do not
count: the question is who can open a connection. ICMP means an echo request.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from jailpf.errors import PfUnavailableError
from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.host.ways import FORWARDING, NoWayError, way_out
from jailpf.pf.simulated.reach.answers import Answers
from jailpf.pf.simulated.reach.boxes import Box, divided
from jailpf.pf.simulated.reach.crossing import Crossing, Kind
from jailpf.pf.simulated.reach.flow import Flow
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.reached import Reached
from jailpf.pf.simulated.rules.addresses import Address, is_private, parse_address
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family

NO_PORT = IntervalSet.single(0)
FAMILIES: tuple[Family, Family] = ("inet", "inet6")


class Opens(Protocol):
    """What has a model to look at: a Simulated."""

    def opened(self) -> AbstractContextManager[Model]:
        """The model, to look at."""


def reach(pf: Opens, origins: Iterable[str] | None = None) -> list[Reached]:
    """What is reached from the origins (all: "outside", "local", the interfaces of vnet jails, and the other cards, tunnels
    and networks by which somebody may come).

    What only FreeBSD could say has `doubts`, the rules to blame; what arrives and is not answered is not `answered`.
    """
    with pf.opened() as model:
        search = _Search(model)
        chosen = list(origins) if origins is not None else search.origins()
        return _merged(
            entry
            for family in FAMILIES
            for proto in search.protocols(family)
            for origin in chosen
            for entry in search.reached(origin, family, proto)
        )


class _Search:
    def __init__(self, model: Model) -> None:
        self.topology = model.topology
        self.crossing = Crossing(model)
        self.answers = Answers(model)
        self.owners = model.topology.owners()
        self.owned = {
            family: IntervalSet.of((a.number, a.number) for a in self.owners if a.family == family)
            for family in FAMILIES
        }
        self.sides = sorted(
            {one.interface for a, one in self.owners.items() if one.vnet and not self.topology.unconnected(a)}
        )
        # Whose packets the kernel drops when they come in by a card, and for whom nothing comes.
        self.never = {family: IntervalSet.of(ways.never(family)) for family in FAMILIES}
        self._known: dict[tuple[Family, str], IntervalSet] = {}
        self._sets: dict[tuple[Family, str], IntervalSet] = {}
        self.protos = {
            rule.proto for ruleset in model.rulesets.values() for rules in ruleset.rules.values() for rule in rules
        }

    def origins(self) -> list[str]:
        """Whoever may send."""
        return ["outside", "local", *self.sides, *ways.cards(self.topology)]

    def protocols(self, family: Family) -> list[str]:
        """Those that rules name, tcp, udp and the family's icmp, and "other" for all others."""
        icmp, alien = ("icmp", "ipv6-icmp") if family == "inet" else ("ipv6-icmp", "icmp")
        return [*sorted((self.protos | {"tcp", "udp", icmp}) - {"", alien}), "other"]

    def reached(self, origin: str, family: Family, proto: str) -> Iterator[Reached]:
        """What is reached from one origin, what is sure apart from what is in doubt."""
        self.crossing.lost = []
        flows = list(self.origin(origin, family, proto))
        if self._elsewhere(origin):
            come = (flow._replace(to=flow.to - self._elsewheres(family)) for flow in flows)
            flows = [flow for flow in come if flow.to and flow.sources - self._dropped(family)]
        sure = (flow for flow in flows if not flow.doubts)
        doubtful = [flow for flow in flows if flow.doubts]
        for flow in (*sure, *self._settled(doubtful, family)):
            for one in self._by_choice(flow, flows):
                for part, answered, doubts in self.answers.of(origin, Kind(family, proto), one):
                    yield self._entry(origin, family, proto, part._replace(doubts=doubts), answered)

    def _settled(self, doubtful: list[Flow], family: Family) -> Iterator[Flow]:
        """The same flows, without doubts where all that may become of their packets is the same."""
        for flow in doubtful:
            others = [_box(lost) for lost in self.crossing.lost]
            others += [_box(other) for other in doubtful if _end(other, family) != _end(flow, family)]
            free, taken = divided(_box(flow), others)
            yield from (flow._replace(**part._asdict(), doubts=()) for part in free)
            yield from (flow._replace(**part._asdict()) for part in taken)

    def _by_choice(self, flow: Flow, flows: list[Flow]) -> Iterator[Flow]:
        """A flow of one choice that pf makes, in parts for each of which the other choices come to one thing; in doubt where
        another of them does not get through.
        """
        if not flow.chosen:
            yield flow
            return
        free, taken = divided(_box(flow), [_box(one) for one in self.crossing.lost if _beside(one, flow)])
        doubts = tuple(dict.fromkeys((*flow.doubts, *flow.pools)))
        yield from (flow._replace(**part._asdict(), doubts=doubts) for part in taken)
        for other in flows:
            if other is not flow and _beside(other, flow):
                cuts = [part.cut(_box(other)) for part in free]
                free = [part for inside, outside in cuts for part in (*([inside] if inside else ()), *outside)]
        yield from (flow._replace(**part._asdict()) for part in free)

    def _entry(self, origin: str, family: Family, proto: str, flow: Flow, answered: bool) -> Reached:
        address = Address(family, _destination(flow))
        owner = self.owners.get(address)
        return Reached(
            origin,
            family,
            proto,
            flow.sources,
            flow.source_ports,
            flow.to,
            flow.ports,
            (owner.jail or "host") if owner else str(address),
            str(address),
            flow.port,
            flow.shift,
            answered,
            flow.rules,
            flow.doubts,
        )

    def origin(self, origin: str, family: Family, proto: str) -> Iterator[Flow]:
        """Everything from one origin that reaches a receiver."""
        ports = PORTS if proto in WITH_PORTS else NO_PORT
        every = EVERY[family]
        kind = Kind(family, proto)
        if self._elsewhere(origin):
            card = self.topology.ext_if if origin == "outside" else origin
            sources = every if origin == "outside" else IntervalSet.of(ways.behind(self.topology, origin, family))
            if card and sources:
                yield from self._come(kind, card, Flow(sources, ports, every, ports))
            return
        vnet = "" if origin == "local" else origin
        sources = self._addresses(family, vnet)
        if sources and vnet:
            yield from self._come(kind, vnet, Flow(sources, ports, every, ports))
        elif sources:
            for flow in self._singles(Flow(sources, ports, every, ports), family):
                yield from self._local(kind, flow)

    def _elsewhere(self, origin: str) -> bool:
        """Whether it is outside, or behind a card."""
        return origin != "local" and origin not in self.sides

    def _elsewheres(self, family: Family) -> IntervalSet:
        """The addresses for which nothing comes in by a card: loopback and the like, what another of a CARP group has."""
        if (family, "elsewhere") not in self._sets:
            backup = [parse_address(text) for one in self.topology.interfaces.values() for text in one.backup]
            held = IntervalSet.of((one.number, one.number) for one in backup if one.family == family)
            self._sets[family, "elsewhere"] = self.never[family] | held
        return self._sets[family, "elsewhere"]

    def _dropped(self, family: Family) -> IntervalSet:
        if (family, "dropped") not in self._sets:
            self._sets[family, "dropped"] = self.never[family] | self._addresses(family, "")
        return self._sets[family, "dropped"]

    def _come(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """By a card, or from the vnet jails on a bridge: what the bridge hands on, and what is the host's."""
        bridge = came if self.topology.interfaces[came].bridge else self.topology.bridge_of(came)
        heard = came not in self.sides or ways.hears(self.topology, came, kind.family)
        if not bridge:
            yield from self._enter(kind, came, flow) if heard else ()
            return
        inside = self._addresses(kind.family, bridge)
        for single in self._singles(flow._replace(to=flow.to & inside), kind.family):
            yield from self._switched(kind, came, single)
        for single in self._singles(flow._replace(to=flow.to - inside), kind.family) if heard else ():
            to = Address(kind.family, _destination(single))
            yield from self._enter(kind, ways.way_in(self.topology, came, to), single)

    def _switched(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """What pf sees of it depends on the members that it passes, so each sender goes by itself where pf sees these."""
        apart = came in self.sides and not flow.sources - self._addresses(kind.family, came)
        alone = (number for low, high in flow.sources for number in range(low, high + 1)) if apart else ()
        whole = [flow._replace(sources=IntervalSet.single(number)) for number in alone] or [flow]
        for part in whole:
            ends = (Address(kind.family, part.sources.spans[0][0]), Address(kind.family, _destination(part)))
            try:
                found = ways.switched(self.topology, came, *ends)
            except ways.UnknownWayError as unknown:
                raise PfUnavailableError(f"cannot say who reaches {ends[1]}: {unknown}") from None
            flows = [part]
            for hop in found.hops if found else ():
                flows = [out for one in flows for out in self.crossing.cross(kind, hop.interface, hop.direction, one)]
            yield from flows

    def _addresses(self, family: Family, vnet: str) -> IntervalSet:
        """Those of the vnet jails behind an interface; with "" those of the host and its local jails."""
        if (family, vnet) not in self._known:
            self._known[family, vnet] = IntervalSet.of(
                (address.number, address.number)
                for address, owner in self.owners.items()
                if address.family == family and (owner.interface == vnet and owner.vnet if vnet else not owner.vnet)
            )
        return self._known[family, vnet]

    def _singles(self, flow: Flow, family: Family) -> Iterator[Flow]:
        """The flow in one part for each address of the host and its jails that it goes to."""
        now = flow.destinations()
        if flow.target is not None and now.count() == 1:
            yield flow
            return
        here = self.owned[family] & now
        if flow.target is not None:
            flow = flow._replace(chosen=True)
            if here and here != now:
                self.crossing.lose(flow._replace(target=now - here))
        for low, high in here:
            for number in range(low, high + 1):
                one = IntervalSet.single(number)
                if flow.target is not None:
                    yield flow._replace(target=one)
                else:
                    yield flow._replace(to=one.shifted(-flow.away))

    def _enter(self, kind: Kind, interface: str, start: Flow) -> Iterator[Flow]:
        """IN on an interface, then to the receiver."""
        for flow in self.crossing.translate(kind, interface, "in", start._replace(received=interface)):
            for single in self._singles(flow, kind.family):
                for passed in self.crossing.filter(kind, interface, "in", single):
                    yield from self._deliver(kind, interface, passed)

    def _local(self, kind: Kind, flow: Flow) -> Iterator[Flow]:
        """From the host or a local jail to one address of its own, or to a vnet jail."""
        address = Address(kind.family, _destination(flow))
        owner = self.owners[address]
        if owner.vnet:
            with suppress(NoWayError, ways.UnknownWayError):
                yield from self._out(kind, way_out(self.topology, address), flow)
            return
        loopback = self.topology.loopback(address)
        for out in self._out(kind, loopback, flow):
            if out.router is None:
                yield from self._enter(kind, loopback, out._replace(tag=""))  # tags are lost in if_simloop
            else:
                yield out

    def _deliver(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        address = Address(kind.family, _destination(flow))
        owner = self.owners.get(address)
        if owner and not owner.vnet and not flow.routed:
            yield flow
            return
        try:
            way = flow.routed or way_out(self.topology, address)
        except (NoWayError, ways.UnknownWayError):
            way = ""
        forwards = self.topology.sysctls.get(FORWARDING[kind.family], 1)
        if way not in self.topology.interfaces or not forwards or (way == came and not owner):
            self.crossing.lose(flow)
        elif flow.routed:
            for sent in self.crossing.cross(kind, way, "out", flow):
                yield from self._astray(kind, sent if sent.router else sent._replace(routed=way, router=flow.router))
        else:
            yield from self._out(kind, way, flow)

    def _out(self, kind: Kind, way: str, flow: Flow) -> Iterator[Flow]:
        """OUT on an interface; what route-to sends elsewhere keeps its `router`."""
        for sent in self.crossing.cross(kind, way, "out", flow):
            yield from self._astray(kind, sent) if sent.routed else (sent,)

    def _astray(self, kind: Kind, flow: Flow) -> Iterator[Flow]:
        """What route-to sends out by an interface: it arrives where the jail is behind that one; a public address may be
        found again by way of the Internet, which nobody can tell here.
        """
        address = Address(kind.family, _destination(flow))
        owner = self.owners.get(address)
        if owner and ways.is_behind(self.topology, owner, flow.routed):
            yield flow
        elif flow.routed not in self.topology.interfaces or is_private(address) or flow.router is None:
            self.crossing.lose(flow)
        else:
            self.crossing.lose(flow, flow.router)
            yield flow._replace(doubts=tuple(dict.fromkeys((*flow.doubts, flow.router))))


def _destination(flow: Flow) -> int:
    return flow.destinations().spans[0][0]


def _beside(other: Flow, flow: Flow) -> bool:
    """Whether it may be of the same packets, by another choice of the same pool."""
    return other.chosen and not set(flow.pools).isdisjoint(other.pools)


def _box(flow: Flow) -> Box:
    return Box(flow.sources, flow.source_ports, flow.to, flow.ports)


def _end(flow: Flow, family: Family) -> tuple[object, ...]:
    return Address(family, _destination(flow)), flow.port, flow.shift


def _merged(found: Iterable[Reached]) -> list[Reached]:
    """Join what differs in the sources only."""
    joined: dict[tuple[object, ...], Reached] = {}
    for entry in found:
        key = (
            *(entry.origin, entry.family, entry.proto, entry.source_ports, entry.to, entry.ports, entry.answered),
            *(entry.address, entry.port, entry.shift, entry.flats, entry.doubts),
        )
        same = joined.get(key)
        joined[key] = replace(entry, sources=entry.sources | same.sources) if same else entry
    return list(joined.values())
