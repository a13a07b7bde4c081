"""All packets of one family and protocol that pf treats alike, as sets; and how a condition divides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.pf.simulated.reach.intervals import IntervalSet, split

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.rules.rule import Family


class Kind(NamedTuple):
    """What packets have in common that are looked at together."""

    family: Family
    proto: str


class Hop(NamedTuple):
    """What pf did with a flow on one interface, as far as it matters to the answer.

    keeps: whether there is a state now; bound: to its interface; route: route-to or reply-to and its interface;
    how: the words of the rule that keeps it.
    """

    interface: str
    direction: str
    keeps: bool
    bound: bool = False
    translated: bool = False
    route: tuple[str, str] = ("", "")
    how: str = ""


class Flow(NamedTuple):
    """Packets as they were sent (sources, source_ports, to, ports), and what has become of them.

    target: where they go behind a translation, any of these; None: still `to`, moved by `away`. port: the one port that
    all go to now; else every port moved by `shift`. seen: the source behind nat, any of these; None: still `sources`,
    moved by `seen_away`; seen_ports alike. translation: the rule that did so on this interface. rules: those that decided so
    far. routed: the interface that route-to sends it to, by its rule `router`. doubts: the rules in doubt without which there
    would be no such flow. pools: the rules that take one of several for it; chosen: whether it stands for some of these only,
    so that there are other flows of the same packets. left: the interface by which they have left this host, "" for what is
    for somebody here.
    """

    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet
    target: IntervalSet | None = None
    away: int = 0
    port: int | None = None
    shift: int = 0
    seen: IntervalSet | None = None
    seen_away: int = 0
    seen_ports: IntervalSet | None = None
    tag: str = ""
    received: str = ""
    routed: str = ""
    router: Flat | None = None
    translation: Flat | None = None
    rules: tuple[Flat, ...] = ()
    hops: tuple[Hop, ...] = ()
    doubts: tuple[Flat, ...] = ()
    pools: tuple[Flat, ...] = ()
    chosen: bool = False
    left: str = ""

    def destination(self) -> int:
        """The first of them; there is but one once a flow is in parts."""
        return self.destinations().spans[0][0]

    def destinations(self) -> IntervalSet:
        """Where the packets go now."""
        return self.to.shifted(self.away) if self.target is None else self.target

    def sources_now(self) -> IntervalSet:
        """Whom the next rule sees as their sender."""
        return self.sources.shifted(self.seen_away) if self.seen is None else self.seen

    def ports_now(self) -> IntervalSet:
        """The ports that they go to now."""
        return self.ports.shifted(self.shift) if self.port is None else IntervalSet.single(self.port)


Halves = tuple[Flow | None, Flow | None]  # the part inside of a condition, the part outside


def by_destination(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by where the packets go now."""
    if flow.target is not None:
        return _choices(flow, "target", flow.target, wanted)
    return _halves(flow, "to", flow.to, wanted.shifted(-flow.away))


def by_ports(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the port that they go to now."""
    if flow.port is not None:
        return (flow, None) if flow.port in wanted else (None, flow)
    return _halves(flow, "ports", flow.ports, wanted.shifted(-flow.shift))


def by_source(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the source that the receiver sees."""
    if flow.seen is not None:
        return _choices(flow, "seen", flow.seen, wanted)
    return _halves(flow, "sources", flow.sources, wanted.shifted(-flow.seen_away))


def by_source_ports(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the source port that the receiver sees."""
    if flow.seen_ports is not None:
        return _choices(flow, "seen_ports", flow.seen_ports, wanted)
    return _halves(flow, "source_ports", flow.source_ports, wanted)


def _halves(flow: Flow, name: str, have: IntervalSet, wanted: IntervalSet) -> Halves:
    if have is wanted:
        return flow, None
    inside, outside = split(have, wanted)
    if not outside:
        return flow, None
    if not inside:
        return None, flow
    parts: list[dict[str, Any]] = [{name: inside}, {name: outside}]
    return flow._replace(**parts[0]), flow._replace(**parts[1])


def _choices(flow: Flow, name: str, have: IntervalSet, wanted: IntervalSet) -> Halves:
    """The same packets in both halves: which address or port pf takes is not known."""
    inside, outside = _halves(flow, name, have, wanted)
    if inside is None or outside is None:
        return inside, outside
    return inside._replace(chosen=True), outside._replace(chosen=True)
