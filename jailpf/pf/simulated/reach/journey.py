"""The way of everything from one origin, crossing by crossing, to who receives it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.errors import PfUnavailableError
from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.host.ways import FORWARDING, NoWayError, way_out
from jailpf.pf.simulated.reach.crossing import Crossing
from jailpf.pf.simulated.reach.flow import Flow, Kind
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.rules.addresses import Address, is_private
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.senders import Senders
    from jailpf.pf.simulated.rules.rule import Family

NO_PORT = IntervalSet.single(0)


class Journey:
    """What becomes of flows in one model; what does not arrive is in `crossing.lost`."""

    def __init__(self, model: Model, senders: Senders) -> None:
        self.topology = model.topology
        self.crossing = Crossing(model)
        self.senders, self.owners = senders, senders.owners

    def origin(self, origin: str, family: Family, proto: str) -> Iterator[Flow]:
        """Everything from one origin that reaches a receiver."""
        ports = PORTS if proto in WITH_PORTS else NO_PORT
        every = EVERY[family]
        kind = Kind(family, proto)
        if self.senders.elsewhere(origin):
            card = self.topology.ext_if if origin == "outside" else origin
            sources = every if origin == "outside" else IntervalSet.of(ways.behind(self.topology, origin, family))
            if card and sources:
                yield from self._come(kind, card, Flow(sources, ports, every, ports))
            return
        vnet = "" if origin == "local" else origin
        sources = self.senders.addresses(family, vnet)
        if sources and vnet:
            yield from self._come(kind, vnet, Flow(sources, ports, every, ports))
        elif sources:
            for flow in self._singles(Flow(sources, ports, every, ports), family):
                yield from self._local(kind, flow)

    def _come(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """By a card, or from the vnet jails on a bridge: what the bridge hands on, and what is the host's."""
        bridge = came if self.topology.interfaces[came].bridge else self.topology.bridge_of(came)
        heard = came not in self.senders.sides or ways.hears(self.topology, came, kind.family)
        if not bridge:
            yield from self._enter(kind, came, flow) if heard else ()
            return
        inside = self.senders.addresses(kind.family, bridge)
        for single in self._singles(flow._replace(to=flow.to & inside), kind.family):
            yield from self._switched(kind, came, single)
        for single in self._singles(flow._replace(to=flow.to - inside), kind.family) if heard else ():
            to = Address(kind.family, single.destination())
            yield from self._enter(kind, ways.way_in(self.topology, came, to), single)

    def _switched(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """What pf sees of it depends on the members that it passes, so each sender goes by itself where pf sees these."""
        apart = came in self.senders.sides and not flow.sources - self.senders.addresses(kind.family, came)
        alone = (number for low, high in flow.sources for number in range(low, high + 1)) if apart else ()
        whole = [flow._replace(sources=IntervalSet.single(number)) for number in alone] or [flow]
        for part in whole:
            ends = (Address(kind.family, part.sources.spans[0][0]), Address(kind.family, part.destination()))
            try:
                found = ways.switched(self.topology, came, *ends)
            except ways.UnknownWayError as unknown:
                raise PfUnavailableError(f"cannot say who reaches {ends[1]}: {unknown}") from None
            flows = [part]
            for hop in found.hops if found else ():
                flows = [out for one in flows for out in self.crossing.cross(kind, hop.interface, hop.direction, one)]
            yield from flows

    def _singles(self, flow: Flow, family: Family) -> Iterator[Flow]:
        """The flow in one part for each address of the host and its jails that it goes to."""
        now = flow.destinations()
        if flow.target is not None and now.count() == 1:
            yield flow
            return
        here = self.senders.owned[family] & now
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
        address = Address(kind.family, flow.destination())
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
        address = Address(kind.family, flow.destination())
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
        address = Address(kind.family, flow.destination())
        owner = self.owners.get(address)
        if owner and ways.is_behind(self.topology, owner, flow.routed):
            yield flow
        elif flow.routed not in self.topology.interfaces or is_private(address) or flow.router is None:
            self.crossing.lose(flow)
        else:
            self.crossing.lose(flow, flow.router)
            yield flow._replace(doubts=tuple(dict.fromkeys((*flow.doubts, flow.router))))
