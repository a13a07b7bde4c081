"""The answer of `reach`: who is reached from where, as sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.ways import cards, never
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, IntervalSet
from jailpf.pf.simulated.rules.addresses import host_text, network, parse_address
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.rules.rule import Family, Host


@dataclass(frozen=True)
class Reached:
    """Packets that arrive, or with doubts may arrive.

    origin: "outside", "local" (the host and its jails without vnet), the interface before vnet jails, or another card.
    family, proto (a name, or "other": every protocol that no rule names). sources and source_ports: who may
    send. to and ports: what they ask for; protocols without ports have {0}. delivered_to: a jail, "host" or a
    plain address; address: where it arrives; port: the one port there, None: `ports` moved by `shift`. flats:
    the rules that decided; those that differ by the sender only (each vnet jail's `pass in on bridge0 from
    J`) are left out. answered: whether what the receiver sends back reaches the sender; without that there is no
    connection. doubts: the rules that only FreeBSD could judge, and that decide about it.
    """

    origin: str
    family: Family
    proto: str
    sources: IntervalSet
    source_ports: IntervalSet
    to: IntervalSet
    ports: IntervalSet
    delivered_to: str
    address: str
    port: int | None
    shift: int
    answered: bool = True
    flats: tuple[Flat, ...] = field(repr=False, compare=False, default=())
    doubts: tuple[Flat, ...] = field(repr=False, compare=False, default=())

    def way(self) -> tuple[object, ...]:
        """What becomes of the packets, but for doubts."""
        return (self.origin, self.family, self.delivered_to, self.address, self.port, self.shift, self.answered)

    def blamed(self) -> list[Match]:
        """The rules that keep it in doubt; none when it is sure."""
        return [match_of(flat) for flat in self.doubts]

    def rules(self) -> list[Match]:
        """The rules that decided, in the order of the packet's way."""
        return [match_of(flat) for flat in self.flats]

    def address_number(self) -> int:
        """The address where it arrives, as a number."""
        return parse_address(self.address).number

    def labels(self) -> list[str]:
        """The labels of the rules that passed it."""
        return list(dict.fromkeys(label for flat in self.flats for label in flat.rule.labels))

    def delivered_ports(self) -> IntervalSet:
        """The ports at which it arrives."""
        return self.ports.shifted(self.shift) if self.port is None else type(self.ports).single(self.port)

    def asked(self) -> list[str]:
        """The addresses that they ask for, for people: "any" where only those are left out for which nothing comes in."""
        left_out = EVERY[self.family] - self.to - IntervalSet.of(never(self.family))
        return addresses(self.to if left_out else EVERY[self.family], self.family)

    def includes(self, source: int, source_port: int, to: int, port: int) -> bool:
        """Whether one packet is among them."""
        inside = source in self.sources and to in self.to
        return inside and port in self.ports and source_port in self.source_ports


def senders(entry: Reached, topology: Topology) -> list[str]:
    """Who may send: "outside" or a card, or "host" and the names of jails, those that own one of the sources."""
    if entry.origin == "outside" or entry.origin in cards(topology):
        return [entry.origin]
    owners = topology.owners().items()
    names = (
        owner.jail or "host"
        for address, owner in owners
        if address.family == entry.family and address.number in entry.sources
    )
    found = ["host"] if lent(entry, topology) else []
    return list(dict.fromkeys([*found, *names]))


def lent(entry: Reached, topology: Topology) -> IntervalSet:
    """The addresses of local jails by which the host itself sends to them: the kernel takes as source what is asked for."""
    both = entry.sources & entry.to if entry.origin == "local" else EMPTY
    if not both:
        return EMPTY
    return both & IntervalSet.of(
        (address.number, address.number)
        for address, owner in topology.owners().items()
        if owner.jail and not owner.vnet and address.family == entry.family
    )


def addresses(found: IntervalSet, family: Family) -> list[str]:
    """A set of addresses as networks and single addresses, for people."""
    return [host_text(host) if host.prefix else "any" for host in _networks(found, family)]


def _networks(found: IntervalSet, family: Family) -> Iterator[Host]:
    bits = BITS[family]
    for low, high in found:
        start = low
        while start <= high:
            size = start & -start if start else 1 << bits
            while start + size - 1 > high:
                size >>= 1
            yield network(family, start, bits - size.bit_length() + 1)
            start += size
