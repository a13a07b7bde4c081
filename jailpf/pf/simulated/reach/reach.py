"""`jailpf reach`: everything that gets through, computed on sets, not sampled.

Senders that pf treats alike are one origin: outside; the host and its local jails, told apart by their
addresses; the vnet jails behind one interface. The ways are those of journey.py. States and limits do not
count: the question is who can open a connection. ICMP means an echo request.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from jailpf.pf.simulated.reach.answers import Answers
from jailpf.pf.simulated.reach.boxes import Box, divided
from jailpf.pf.simulated.reach.flow import Kind
from jailpf.pf.simulated.reach.intervals import IntervalSet
from jailpf.pf.simulated.reach.journey import Journey
from jailpf.pf.simulated.reach.leaving import Leaving
from jailpf.pf.simulated.reach.reached import Reached
from jailpf.pf.simulated.reach.senders import FAMILIES, Senders
from jailpf.pf.simulated.rules.addresses import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.flow import Flow
    from jailpf.pf.simulated.rules.rule import Family


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
        search = _Search(model, away=False)
        chosen = list(origins) if origins is not None else search.senders.origins()
        return _merged(one for one in search.all(chosen) if isinstance(one, Reached))


class Answer(NamedTuple):
    """All that gets through: what is for somebody here, and what this host and its jails send beyond it."""

    reached: list[Reached]
    leaving: list[Leaving]


def answer(pf: Opens, progress: Callable[[Sequence[str]], Iterable[str]] = iter) -> Answer:
    """What `reach` says, and what leaves this host. progress: goes through the names of the parts, and may show them."""
    with pf.opened() as model:
        search = _Search(model, away=True)
        reached: list[Reached] = []
        leaving: list[Leaving] = []
        for one in search.all(search.senders.origins(), progress):
            if isinstance(one, Reached):
                reached.append(one)
            else:
                leaving.append(one)
        return Answer(_merged(reached), _one_way(leaving))


class _Search:
    def __init__(self, model: Model, *, away: bool) -> None:
        self.away = away
        self.senders = Senders(model)
        self.journey = Journey(model, self.senders)
        self.crossing = self.journey.crossing
        self.answers = Answers(model)

    def all(
        self, origins: Iterable[str], progress: Callable[[Sequence[str]], Iterable[str]] = iter
    ) -> Iterator[Reached | Leaving]:
        """What gets through from these origins."""
        chosen = list(origins)
        parts = [
            (origin, family, proto)
            for family in FAMILIES
            for proto in self.senders.protocols(family)
            for origin in chosen
        ]
        names = [f"{family} {proto} from {origin}" for origin, family, proto in parts]
        for _, part in zip(progress(names), parts, strict=True):
            yield from self._through(*part)

    def _through(self, origin: str, family: Family, proto: str) -> Iterator[Reached | Leaving]:
        """What gets through from one origin, what is sure apart from what is in doubt."""
        self.crossing.lost = []
        self.journey.follow = self.away and not self.senders.elsewhere(origin)
        flows = list(self.journey.origin(origin, family, proto))
        if self.senders.elsewhere(origin):
            come = (flow._replace(to=flow.to - self.senders.elsewheres(family)) for flow in flows)
            flows = [flow for flow in come if flow.to and flow.sources - self.senders.dropped(family)]
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
            # Another course is another sender, perhaps, so that its answer is not that of all flows of its shape.
            yield from (flow._replace(**part._asdict(), doubts=(), chosen=True) for part in free)
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

    def _entry(self, origin: str, family: Family, proto: str, flow: Flow, answered: bool) -> Reached | Leaving:
        if flow.left:
            return _leaving(origin, family, proto, flow, answered)
        address = Address(family, flow.destination())
        owner = self.senders.owners.get(address)
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


def _beside(other: Flow, flow: Flow) -> bool:
    """Whether it may be of the same packets, by another choice of the same pool."""
    return other.chosen and not set(flow.pools).isdisjoint(other.pools)


def _box(flow: Flow) -> Box:
    return Box(flow.sources, flow.source_ports, flow.to, flow.ports)


def _leaving(origin: str, family: Family, proto: str, flow: Flow, answered: bool) -> Leaving:
    return Leaving(
        origin, family, proto, flow.sources, flow.source_ports, flow.to, flow.ports,
        flow.left, flow.target, flow.away, flow.port, flow.shift, flow.seen, flow.seen_away, flow.seen_ports,
        answered, flow.rules, flow.doubts,
    )  # fmt: skip


def _end(flow: Flow, family: Family) -> tuple[object, ...]:
    if flow.left:
        return flow.left, flow.target, flow.away, flow.port, flow.shift
    return Address(family, flow.destination()), flow.port, flow.shift


def _merged(found: Iterable[Reached]) -> list[Reached]:
    """Join what differs in the sources only."""
    joined: dict[tuple[object, ...], Reached] = {}
    for entry in found:
        key = (*entry.way(), entry.proto, entry.source_ports, entry.to, entry.ports, entry.flats, entry.doubts)
        same = joined.get(key)
        joined[key] = replace(entry, sources=entry.sources | same.sources) if same else entry
    return list(joined.values())


def _one_way(found: Iterable[Leaving]) -> list[Leaving]:
    """Join what differs in the sources only, and in the rules: each jail has its own."""
    groups: dict[tuple[object, ...], list[Leaving]] = {}
    for one in found:
        key = (*one.way(), one.proto, one.source_ports, one.to, one.ports, one.doubts)
        groups.setdefault(key, []).append(one)
    return [
        replace(
            same[0],
            sources=IntervalSet.of(span for one in same for span in one.sources),
            flats=tuple(dict.fromkeys(flat for one in same for flat in one.flats)),
        )
        for same in groups.values()
    ]
