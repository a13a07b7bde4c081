"""`jailpf reach`: everything that gets through, computed on sets, not sampled.

Senders that pf treats alike are one origin: outside; the host and its local jails, told apart by their
addresses; the vnet jails behind one interface. The ways are those of journey.py. States and limits do not
count: the question is who can open a connection. ICMP means an echo request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from jailpf.pf.simulated.host.ways import NoWayError, way_out
from jailpf.pf.simulated.reach.crossing import Crossing, Kind
from jailpf.pf.simulated.reach.flow import Flow
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.reached import Reached
from jailpf.pf.simulated.rules.addresses import Address
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family

NO_PORT = IntervalSet.single(0)
FAMILIES: tuple[Family, Family] = ("inet", "inet6")


class Opens(Protocol):
    """What holds a model: the simulated pf."""

    def opened(self) -> AbstractContextManager[Model]:
        """The model, to look at."""


def reach(pf: Opens, origins: Iterable[str] | None = None) -> list[Reached]:
    """What is reached from the origins (all: "outside", "local", and the interfaces of vnet jails).

    Raises CannotSayError, which names the rule, when a rule has no exact answer.
    """
    with pf.opened() as model:
        vnets = sorted({jail.interface for jail in model.topology.jails.values() if jail.vnet})
        chosen = list(origins) if origins is not None else ["outside", "local", *vnets]
        search = _Search(model)
        return _merged(
            _reached(model, origin, family, proto, flow)
            for family in FAMILIES
            for proto in search.protocols(family)
            for origin in chosen
            for flow in search.origin(origin, family, proto)
        )


def _reached(model: Model, origin: str, family: Family, proto: str, flow: Flow) -> Reached:
    address = _destination(flow, family)
    owner = model.topology.owners().get(address)
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
        flow.rules,
    )


class _Search:
    def __init__(self, model: Model) -> None:
        self.topology = model.topology
        self.crossing = Crossing(model)
        self.protos = {
            rule.proto for ruleset in model.rulesets.values() for rules in ruleset.rules.values() for rule in rules
        }

    def protocols(self, family: Family) -> list[str]:
        """Those that rules name, tcp, udp and the family's icmp, and "other" for all others."""
        icmp, alien = ("icmp", "ipv6-icmp") if family == "inet" else ("ipv6-icmp", "icmp")
        return [*sorted((self.protos | {"tcp", "udp", icmp}) - {"", alien}), "other"]

    def origin(self, origin: str, family: Family, proto: str) -> Iterator[Flow]:
        """Everything from one origin that reaches a receiver."""
        ports = PORTS if proto in WITH_PORTS else NO_PORT
        every = EVERY[family]
        kind = Kind(family, proto)
        if origin == "outside":
            yield from self._enter(kind, self.topology.ext_if, Flow(every, ports, every, ports))
            return
        vnet = "" if origin == "local" else origin
        sources = self._addresses(family, vnet)
        if sources and vnet:
            yield from self._singles(Flow(sources, ports, sources, ports), family)  # pf sees nothing of this
            yield from self._enter(kind, vnet, Flow(sources, ports, every - sources, ports))
        elif sources:
            for flow in self._singles(Flow(sources, ports, every, ports), family):
                yield from self._local(kind, flow)

    def _addresses(self, family: Family, vnet: str) -> IntervalSet:
        owners = self.topology.owners().items()
        return IntervalSet.of(
            (address.number, address.number)
            for address, owner in owners
            if address.family == family and (owner.interface == vnet and owner.vnet if vnet else not owner.vnet)
        )

    def _singles(self, flow: Flow, family: Family) -> Iterator[Flow]:
        """The flow in one part for each address of the host and its jails that it goes to."""
        if flow.target is not None:
            yield flow
            return
        owned = IntervalSet.of((a.number, a.number) for a in self.topology.owners() if a.family == family)
        for low, high in owned & flow.to:
            for number in range(low, high + 1):
                yield replace(flow, to=IntervalSet.single(number))

    def _enter(self, kind: Kind, interface: str, start: Flow) -> Iterator[Flow]:
        """IN on an interface, then to the receiver."""
        for flow in self.crossing.translate(kind, interface, "in", start):
            for single in self._singles(flow, kind.family):
                for passed in self.crossing.filter(kind, interface, "in", single):
                    yield from self._deliver(kind, interface, passed)

    def _local(self, kind: Kind, flow: Flow) -> Iterator[Flow]:
        """From the host or a local jail to one address of its own, or to a vnet jail."""
        address = _destination(flow, kind.family)
        owner = self.topology.owners()[address]
        if owner.vnet:
            yield from self.crossing.cross(kind, owner.interface, "out", flow)
            return
        loopback = self.topology.loopback(address)
        for out in self.crossing.cross(kind, loopback, "out", flow):
            yield from self._enter(kind, loopback, out)

    def _deliver(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        address = _destination(flow, kind.family)
        owner = self.topology.owners().get(address)
        if owner and not owner.vnet:
            yield flow
            return
        try:
            way = way_out(self.topology, address)
        except NoWayError:
            return
        if owner or way != came:
            yield from self.crossing.cross(kind, way, "out", flow)


def _destination(flow: Flow, family: Family) -> Address:
    return Address(family, flow.target if flow.target is not None else flow.to.spans[0][0])


def _merged(found: Iterable[Reached]) -> list[Reached]:
    """Join what differs in the sources only."""
    joined: dict[tuple[object, ...], Reached] = {}
    for entry in found:
        key = (
            *(entry.origin, entry.family, entry.proto, entry.source_ports, entry.to, entry.ports),
            *(entry.address, entry.port, entry.shift, *map(id, entry.flats)),
        )
        same = joined.get(key)
        joined[key] = replace(entry, sources=entry.sources | same.sources) if same else entry
    return list(joined.values())
