"""All packets of one family and protocol that pf treats alike, as sets; and how a condition divides them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jailpf.errors import PfUnavailableError
from jailpf.pf.simulated.reach.intervals import IntervalSet

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat


class CannotSayError(PfUnavailableError):
    """The question has no exact answer in the simulated pf; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets as they were sent (sources, source_ports, to, ports), and what has become of them.

    target: the destination after a translation; None: still `to`. port: the one port that all go to now; else
    every port moved by `shift`. seen: the source after NAT; None: still `sources`. rules: those that decided
    so far.
    """

    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet
    target: int | None = None
    port: int | None = None
    shift: int = 0
    seen: int | None = None
    port_seen: bool = True
    tag: str = ""
    rules: tuple[Flat, ...] = ()

    def destinations(self) -> IntervalSet:
        """Where the packets go now."""
        return self.to if self.target is None else IntervalSet.single(self.target)

    def ports_now(self) -> IntervalSet:
        """The ports that they go to now."""
        return self.ports.shifted(self.shift) if self.port is None else IntervalSet.single(self.port)


Halves = tuple[Flow | None, Flow | None]  # the part inside of a condition, the part outside


def by_destination(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by where the packets go now."""
    if flow.target is not None:
        return (flow, None) if flow.target in wanted else (None, flow)
    return _halves(flow, "to", flow.to, wanted)


def by_ports(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the port that they go to now."""
    if flow.port is not None:
        return (flow, None) if flow.port in wanted else (None, flow)
    return _halves(flow, "ports", flow.ports, wanted.shifted(-flow.shift))


def by_source(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the source that the receiver sees."""
    if flow.seen is not None:
        return (flow, None) if flow.seen in wanted else (None, flow)
    return _halves(flow, "sources", flow.sources, wanted)


def by_source_ports(flow: Flow, wanted: IntervalSet) -> Halves:
    """Divide by the source port. Raises CannotSayError when NAT has replaced it."""
    if not flow.port_seen:
        raise CannotSayError("cannot say: a rule looks at the source port behind a nat that replaces it")
    return _halves(flow, "source_ports", flow.source_ports, wanted)


def _halves(flow: Flow, name: str, have: IntervalSet, wanted: IntervalSet) -> Halves:
    inside = have & wanted
    if inside == have:
        return flow, None
    if not inside:
        return None, flow
    parts: list[dict[str, Any]] = [{name: inside}, {name: have - wanted}]
    return replace(flow, **parts[0]), replace(flow, **parts[1])
