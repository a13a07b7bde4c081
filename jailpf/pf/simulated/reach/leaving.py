"""The other answer of the engine: who reaches whom beyond this host, as sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.decide import match_of

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.rules.rule import Family


@dataclass(frozen=True)
class Leaving:
    """Packets of this host and its jails that leave it, or with doubts may leave it.

    origin, family, proto, sources, source_ports, to, ports, answered, flats, doubts: as in `Reached`; `to` are addresses of
    nobody here. interface: by which they leave; target: any of these is where they go instead (rdr), None: where they were
    sent; port: the one port there, None: `ports` moved by `shift`; seen: the addresses that they come from for the world
    (nat), None: their own, moved by `seen_away` (binat); seen_ports: their ports then, None: their own.
    """

    origin: str
    family: Family
    proto: str
    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet
    interface: str
    target: IntervalSet | None = None
    away: int = 0
    port: int | None = None
    shift: int = 0
    seen: IntervalSet | None = None
    seen_away: int = 0
    seen_ports: IntervalSet | None = None
    answered: bool = True
    flats: tuple[Flat, ...] = field(repr=False, compare=False, default=())
    doubts: tuple[Flat, ...] = field(repr=False, compare=False, default=())

    def way(self) -> tuple[object, ...]:
        """What becomes of the packets, but for doubts."""
        to = (self.interface, self.target, self.away, self.port, self.shift)
        return (self.origin, self.family, *to, self.seen, self.seen_away, self.seen_ports, self.answered)

    def blamed(self) -> list[Match]:
        """The rules that keep it in doubt; none when it is sure."""
        return [match_of(flat) for flat in self.doubts]

    def labels(self) -> list[str]:
        """The labels of the rules that passed it."""
        return list(dict.fromkeys(label for flat in self.flats for label in flat.rule.labels))

    def comes_from(self) -> IntervalSet:
        """The addresses that they come from for the world."""
        return self.sources.shifted(self.seen_away) if self.seen is None else self.seen

    def includes(self, source: int, source_port: int, to: int, port: int) -> bool:
        """Whether one packet is among them."""
        inside = source in self.sources and to in self.to
        return inside and port in self.ports and source_port in self.source_ports
