"""A flow on one interface in one direction: hop.py for sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.courses import verdict
from jailpf.pf.simulated.kernel.decide import Kernel
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.kernel.matcher import Matcher
from jailpf.pf.simulated.kernel.neighbours import solicitations
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.reach.flow import Flow, Hop, Kind
from jailpf.pf.simulated.reach.index import RuleIndex
from jailpf.pf.simulated.reach.moves import moved, unmoved
from jailpf.pf.simulated.reach.runs import SEVERAL
from jailpf.pf.simulated.reach.sets import Sets
from jailpf.pf.simulated.reach.symbolic import pieces, ways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model


class Crossing:
    """Lets flows cross interfaces of a Model, and remembers the rules that matter on each.

    lost: flows that some course of a doubtful rule stops, while another may let the same packets through. redirects: whether
    a filter rule may change where a packet goes.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sets, self.matcher = Sets(model), Matcher(model)
        self.lost: list[Flow] = []
        self.redirects = any(flat.redirects for flat in flatten(model, "filter"))
        self.owned = {address.number for address in model.topology.owners()}
        self._indexes: dict[tuple[str, str, str, str, Kind, bool], RuleIndex] = {}
        self._asked: dict[str, tuple[bool, tuple[Flat, ...]]] = {}

    def cross(self, kind: Kind, interface: str, direction: str, flow: Flow, *, away: bool = False) -> Iterator[Flow]:
        """The parts of a flow that pf translates and passes there. away: it goes to nobody here."""
        for part in self.translate(kind, interface, direction, flow, away=away):
            yield from self.filter(kind, interface, direction, part, away=away)

    def closed(self, kind: Kind, interface: str, direction: str, flow: Flow) -> bool:
        """Whether nothing of what goes to nobody here gets through there, whoever sends it and as whom."""
        return (
            not self._skipped(interface)
            and self._index("filter", interface, direction, flow.received, kind, True).closed
        )

    def translate(
        self, kind: Kind, interface: str, direction: str, flow: Flow, *, away: bool = False
    ) -> Iterator[Flow]:
        """The flow behind nat, rdr and binat: binat before nat, rdr before binat (pf_lb.c,
        pf_get_translation).
        """
        if self._skipped(interface):
            yield flow
            return
        first, second = ("binat", "nat") if direction == "out" else ("rdr", "binat")
        for part, done in self._section(kind, first, interface, direction, flow, away):
            if done:
                yield part
            else:
                yield from (rest for rest, _ in self._section(kind, second, interface, direction, part, away))

    def _section(
        self, kind: Kind, section: str, interface: str, direction: str, flow: Flow, away: bool
    ) -> Iterator[tuple[Flow, bool]]:
        index = self._index(section, interface, direction, flow.received, kind, away)
        if not index.entries:
            yield flow, False
            return
        for piece in pieces(index, flow):
            for part, course in ways(piece):
                flat = course.flat
                if flat is None:
                    yield part, False
                elif flat.rule.action == "unknown" or flat.rule.pool is None or flat.rule.rtable:
                    self.lose(part, flat)
                    yield part._replace(doubts=(*part.doubts, flat), rules=(*part.rules, flat)), True
                else:
                    gone = list(moved(self.matcher, flat, flat.rule.pool, part, kind, source=direction == "out"))
                    for one in gone:
                        same, rest = unmoved(one, part) if flat.rule.action == "rdr" else (None, [one])
                        if same is not None:
                            yield same, True
                        yield from ((other._replace(translation=flat), True) for other in rest)
                    if not gone:
                        self.lose(part)

    def filter(self, kind: Kind, interface: str, direction: str, flow: Flow, *, away: bool = False) -> Iterator[Flow]:
        """The parts of the flow that pass; for IPv6 only where neighbours find each other."""
        if self._skipped(interface):
            yield self._hop(flow, Hop(interface, direction, False))
            return
        translation = flow.translation
        if translation is not None and translation.rule.passes:
            yield self._hop(flow, Hop(interface, direction, True, translated=True))
            return
        index = self._index("filter", interface, direction, flow.received, kind, away)
        for piece in pieces(index, flow):
            for part, course in ways(piece):
                what = verdict(course.flat)
                if what == "block":
                    self.lose(part)
                    continue
                if what == "unknown" and course.flat is not None:
                    self.lose(part, course.flat)
                    part = part._replace(doubts=tuple(dict.fromkeys((*part.doubts, course.flat))))
                yield from self._passed(kind, interface, direction, part, course.flat)

    def _passed(self, kind: Kind, interface: str, direction: str, flow: Flow, flat: Flat | None) -> Iterator[Flow]:
        translation = flow.translation
        if kind.family == "inet6":
            reachable, doubts = self._neighbours(interface)
            if not reachable or doubts:
                self.lose(flow, *doubts)
            if not reachable:
                return
            flow = flow._replace(doubts=tuple(dict.fromkeys((*flow.doubts, *doubts))))
        rule = flat.rule if flat is not None else None
        keeps = translation is not None or (rule is not None and rule.state not in {"", "no state"})
        bound = rule is not None and rule.options is not None and rule.options.if_bound
        hop = Hop(interface, direction, keeps, bound, translation is not None, how=rule.state if rule else "")
        if flat is not None and flat.index != SEVERAL:
            flow = flow._replace(rules=(*flow.rules, flat))
        pool = None if rule is None else rule.nat_to or rule.rdr_to
        if flat is None or rule is None or pool is None:
            yield from self._sent(flow, hop, flat)
            return
        if translation is not None:  # pf drops what is to be translated twice
            self.lose(flow)
            return
        for one in moved(self.matcher, flat, pool, flow, kind, source=rule.nat_to is not None):
            yield from self._sent(one, hop._replace(keeps=True, translated=True), flat)

    def _sent(self, flow: Flow, hop: Hop, flat: Flat | None) -> Iterator[Flow]:
        """The flow behind an interface, for each way that route-to may send it."""
        rule = flat.rule if flat is not None else None
        if flat is None or rule is None or rule.route not in {"route-to", "reply-to"} or not rule.route_pool:
            yield self._hop(flow, hop)
            return
        ways = list(dict.fromkeys(host.interface or host.name for host in rule.route_pool.hosts))
        if len(ways) > 1:
            flow = flow._replace(chosen=True, pools=(*flow.pools, flat))
        for way in ways:
            sent = self._hop(flow, hop._replace(route=(rule.route, way)))
            yield sent._replace(routed=way, router=flat) if rule.route == "route-to" else sent

    def _hop(self, flow: Flow, hop: Hop) -> Flow:
        return flow._replace(hops=(*flow.hops, hop), translation=None, routed="", router=None)

    def lose(self, flow: Flow, *doubts: Flat) -> None:
        """Remember what does not get through though the same packets may."""
        if flow.doubts or doubts or flow.chosen:
            self.lost.append(flow._replace(doubts=tuple(dict.fromkeys((*flow.doubts, *doubts)))))

    def _skipped(self, interface: str) -> bool:
        model = self.model
        return not model.enabled or (
            bool(model.skips) and any(self.matcher.interface(name, interface) for name in model.skips)
        )

    def _index(self, section: str, interface: str, direction: str, received: str, kind: Kind, away: bool) -> RuleIndex:
        key = (section, interface, direction, received, kind, away)
        if key not in self._indexes:
            sample = Packet(kind.family, kind.proto, 0, 0, 0, 0, interface, direction, received=received)
            never = self.owned if away and not self.redirects else None
            self._indexes[key] = RuleIndex(self.model, self.sets, self.matcher, section, sample, never)
        return self._indexes[key]

    def _neighbours(self, interface: str) -> tuple[bool, tuple[Flat, ...]]:
        """Whether neighbours may find each other there, and the rules that keep it in doubt."""
        if interface not in self._asked:
            kernel = Kernel(self.model)
            may, doubts = True, []
            for packet in solicitations(self.model.topology, interface):
                decisions = kernel.filter(packet)
                may = may and any(decision.verdict != "block" for decision in decisions)
                if any(decision.verdict != "pass" for decision in decisions):
                    doubts += [flat for decision in decisions for flat in decision.doubts]
            self._asked[interface] = may, tuple(dict.fromkeys(doubts))
        return self._asked[interface]
