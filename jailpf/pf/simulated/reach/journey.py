"""The way of everything from one origin, crossing by crossing, to who receives it here, or out into the world."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.host.ways import FORWARDING, NoWayError, way_out
from jailpf.pf.simulated.kernel.flat import Flat
from jailpf.pf.simulated.reach.crossing import Crossing
from jailpf.pf.simulated.reach.flow import Flow, Kind, by_destination
from jailpf.pf.simulated.reach.homes import roads
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.rules.addresses import Address, is_private
from jailpf.pf.simulated.rules.rule import Rule
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.senders import Senders
    from jailpf.pf.simulated.rules.rule import Family

NO_PORT = IntervalSet.single(0)


class Journey:
    """What becomes of flows in one model; what does not arrive is in `crossing.lost`. follow: whether what goes to somebody
    beyond this host is followed, too; else it counts as lost.
    """

    def __init__(self, model: Model, senders: Senders) -> None:
        self.topology = model.topology
        self.crossing = Crossing(model)
        self.senders, self.owners = senders, senders.owners
        self.follow = False
        self._roads: dict[Family, list[tuple[str, bool, IntervalSet]]] = {}

    def origin(self, origin: str, family: Family, proto: str) -> Iterator[Flow]:
        """Everything from one origin that reaches a receiver, or leaves this host."""
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
            whole = Flow(sources, ports, every, ports)
            for flow in self._singles(whole, family):
                yield from self._local(kind, flow)
            if self.follow:
                yield from self._leave(kind, self._rest(whole, family))

    def _come(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """By a card, or from the vnet jails on a bridge: what the bridge hands on, and what is the host's."""
        bridge = came if self.topology.interfaces[came].bridge else self.topology.bridge_of(came)
        heard = came not in self.senders.sides or ways.hears(self.topology, came, kind.family)
        if not bridge:
            yield from self._enter(kind, came, flow) if heard else ()
            return
        inside = self.senders.addresses(kind.family, bridge)
        for single in self._singles(flow._replace(to=flow.to & inside), kind.family):
            yield from self._switched(kind, came, single, heard=heard)
        for single in self._singles(flow._replace(to=flow.to - inside), kind.family) if heard else ():
            to = Address(kind.family, single.destination())
            yield from self._enter(kind, ways.way_in(self.topology, came, to), single)
        for _, _, part in self._parts(self._rest(flow, kind.family), kind.family):
            for one in self._switched(kind, came, part, heard=heard):
                if self.follow or not one.left:
                    yield one
                else:
                    self.crossing.lose(one)

    def _switched(self, kind: Kind, came: str, flow: Flow, *, heard: bool) -> Iterator[Flow]:
        """What pf sees of it depends on the members that it passes, so each sender goes by itself where pf sees these."""
        apart = came in self.senders.sides and not flow.sources - self.senders.addresses(kind.family, came)
        apart = apart and self.topology.sysctls.get(ways.PFIL[0]) != 0
        alone = (number for low, high in flow.sources for number in range(low, high + 1)) if apart else ()
        whole = [flow._replace(sources=IntervalSet.single(number)) for number in alone] or [flow]
        to = Address(kind.family, flow.destination())
        for part in whole:
            source = Address(kind.family, part.sources.spans[0][0])
            try:
                found = ways.switched(self.topology, came, source, to)
            except ways.UnknownWayError as unknown:
                doubt = (unseen(str(unknown)),)
                self.crossing.lose(part, *doubt)
                yield part._replace(doubts=doubt, left="" if to in self.owners else came)
                continue
            if found is not None:
                yield from self._handed(kind, found, part, away=to not in self.owners)
            elif heard:
                yield from self._enter(kind, ways.way_in(self.topology, came, to), part)

    def _handed(self, kind: Kind, found: ways.Switched, flow: Flow, *, away: bool) -> Iterator[Flow]:
        """From one member of a bridge to another. What becomes of a packet that pf changes meanwhile nobody knows."""
        flows = [flow]
        for hop in found.hops:
            flows = [
                out for one in flows for out in self.crossing.cross(kind, hop.interface, hop.direction, one, away=away)
            ]
        for one in flows:
            changed = one.routed or any(hop.translated for hop in one.hops)
            if changed:
                self.crossing.lose(one, *one.rules[-1:])
                one = one._replace(doubts=tuple(dict.fromkeys((*one.doubts, *one.rules[-1:]))))
            yield one._replace(left=found.beyond) if away else one

    def _singles(self, flow: Flow, family: Family) -> Iterator[Flow]:
        """The flow in one part for each address of the host and its jails that it goes to."""
        now = flow.destinations()
        if flow.target is not None and now.count() == 1:
            yield flow
            return
        here = self.senders.owned[family] & now
        if flow.target is not None:
            flow = flow._replace(chosen=True)
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
                    onward = self._deliver if passed.target is single.target else self._redirected
                    yield from onward(kind, interface, passed)
            if self.follow or self.crossing.redirects:
                yield from self._through(kind, interface, self._rest(flow, kind.family))
            else:
                self._rest(flow, kind.family, lose=True)

    def _redirected(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """Behind rdr-to of a filter rule: to somebody here, or on."""
        for single in self._singles(flow, kind.family):
            if Address(kind.family, single.destination()) in self.owners:
                yield from self._deliver(kind, came, single)
        if (rest := self._rest(flow, kind.family, lose=not self.follow)) is not None:
            yield from self._forwarded(kind, came, rest)

    def _rest(self, flow: Flow, family: Family, *, lose: bool = False) -> Flow | None:
        """The part that goes to nobody here. What nothing comes back from (multicast and the like) is not followed."""
        now = flow.destinations()
        rest = now - self.senders.owned[family]
        closed = rest & self.senders.never[family]
        for part, gone in ((rest - closed, lose), (closed, True)):
            if not part:
                continue
            if flow.target is None:
                found = flow._replace(to=part.shifted(-flow.away))
            else:
                found = flow._replace(target=part, chosen=flow.chosen or part != now)
            if not gone:
                return found
            self.crossing.lose(found)
        return None

    def _parts(self, flow: Flow | None, family: Family) -> Iterator[tuple[str, bool, Flow]]:
        """What goes to nobody here, by the interface of its route ("" for none), and whether it can leave there."""
        if flow is None:
            return
        if family not in self._roads:
            self._roads[family] = roads(self.topology, family)
        for interface, is_open, addresses in self._roads[family]:
            part, _ = by_destination(flow, addresses)
            if part is not None:
                yield interface, is_open, part

    def _through(self, kind: Kind, came: str, flow: Flow | None) -> Iterator[Flow]:
        """IN on an interface, and on to somebody beyond this host."""
        if flow is None:
            return
        for passed in self.crossing.filter(kind, came, "in", flow, away=True):
            if passed.target is not flow.target:
                yield from self._redirected(kind, came, passed)
            elif self.follow:
                yield from self._forwarded(kind, came, passed)
            else:
                self.crossing.lose(passed)

    def _forwarded(self, kind: Kind, came: str, flow: Flow) -> Iterator[Flow]:
        """Behind the IN of what goes on to somebody beyond this host."""
        if not self.topology.sysctls.get(FORWARDING[kind.family], 1):
            self.crossing.lose(flow)
        elif not flow.routed:
            yield from self._leave(kind, flow, came)
        elif self._may_leave(flow.routed, came):
            yield from self._gone(kind, flow.routed, flow)
        else:
            self.crossing.lose(flow)

    def _leave(self, kind: Kind, flow: Flow | None, came: str = "") -> Iterator[Flow]:
        """OUT on the interface that the routes say."""
        for way, is_open, part in self._parts(flow, kind.family):
            if is_open and self._may_leave(way, came):
                yield from self._gone(kind, way, part)
            else:
                self.crossing.lose(part)

    def _may_leave(self, way: str, came: str) -> bool:
        there = self.topology.interfaces.get(way)
        return there is not None and not (way == came and there.neighbours)

    def _gone(self, kind: Kind, way: str, flow: Flow) -> Iterator[Flow]:
        if self.crossing.closed(kind, way, "out", flow):
            self.crossing.lose(flow)
            return
        for sent in self.crossing.cross(kind, way, "out", flow, away=True):
            by = sent.routed or way
            if by not in self.topology.interfaces:
                self.crossing.lose(sent)
                continue
            if sent.target is not None and sent.target & self.senders.owned[kind.family]:  # rdr-to
                router = sent.router or sent.rules[-1]
                for one in self._singles(sent, kind.family):
                    yield from self._astray(kind, one._replace(routed=by, router=router))
            if rest := self._rest(sent, kind.family):
                yield rest._replace(left=by)

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


def unseen(why: str) -> Flat:
    """Stands for a rule that only FreeBSD could judge: which rules a packet meets is not known."""
    return Flat("", "filter", -1, Rule("unknown", text=why), (), (), (), False)
