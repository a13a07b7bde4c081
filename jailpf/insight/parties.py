"""Who is meant by the words of a promise, as sets of addresses of one host; each set is made once."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.reach.homes import ways_back
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.promises import Whom
    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

# Never a sender on the Internet, or only on a link: what "anyone outside" does not stand for in an `always`.
UNROUTED: dict[str, tuple[str, ...]] = {
    "inet": ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    "inet6": ("::/8", "fc00::/7", "fe80::/10", "ff00::/8"),
}  # fmt: skip


class Parties:
    """The host, its jails, and everybody else."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.names = ("host", *topology.jails)
        self._own: dict[tuple[str, Family], list[int]] = {}
        self._beside: dict[tuple[str, Family], list[int]] = {}
        self._held: dict[tuple[str, Family], list[int]] = {}
        for address, owner in topology.owners().items():
            where = owner.interface if owner.vnet else "local"
            self._own.setdefault((owner.jail or "host", address.family), []).append(address.number)
            self._beside.setdefault((where, address.family), []).append(address.number)
            if not owner.vnet and not topology.interfaces[owner.interface].loopback:
                self._held.setdefault((owner.interface, address.family), []).append(address.number)
        self.sides = {owner.interface for owner in topology.owners().values() if owner.vnet}
        self.own, self.beside = cache(self._all_own), cache(self._all_beside)
        self.arriving, self.everybody = cache(self._arriving), cache(self._everybody)
        self.nobody = cache(self._nobody)
        self.behind = cache(lambda family: ways_back(topology, family))

    def _all_own(self, name: str, family: Family) -> IntervalSet:
        """The addresses of a jail, or of the host."""
        return _singles(self._own.get((name, family), ()))

    def _all_beside(self, origin: str, family: Family) -> IntervalSet:
        """The addresses of those who send from one origin of this host: "local", or the interface of vnet jails."""
        return _singles(self._beside.get((origin, family), ()))

    def _everybody(self, family: Family) -> IntervalSet:
        """The addresses of the host and all of its jails."""
        return _singles(number for (_, own), numbers in self._own.items() if own == family for number in numbers)

    def inside(self, origin: str) -> bool:
        """Whether it is the host's own, or its jails'."""
        return origin == "local" or origin in self.sides

    def kept_out(self, family: Family) -> IntervalSet:
        """Sources that the kernel drops when they come in by a card, whatever pf says (ways.refused)."""
        return self.beside("local", family) | IntervalSet.of(ways.never(family))

    def sources(self, whom: Whom, row: Reached | Leaving) -> IntervalSet:
        """The sources of a row that are meant."""
        inside = self.inside(row.origin)
        there = row.sources if inside else row.sources - self.kept_out(row.family)
        if whom.kind == "any":
            return there
        if whom.kind == "outside":
            return EMPTY if inside else there
        if whom.network is not None:
            return there & net(whom, row.family)
        names = [name for name in self.names if means(whom, name)] if inside else []
        return there & IntervalSet.of(span for name in names for span in self.own(name, row.family))

    def outside(self, family: Family) -> IntervalSet:
        """Everybody on the Internet."""
        unrouted = (ip_network(one) for one in UNROUTED[family])
        return EVERY[family] - IntervalSet.of((int(one[0]), int(one[-1])) for one in unrouted) - self.everybody(family)

    def held(self, to: IntervalSet, family: Family) -> Iterable[tuple[str, IntervalSet]]:
        """Destinations in parts, by the card that has them; "" for what none has."""
        for (card, own), numbers in self._held.items():
            if own == family and (part := to & _singles(numbers)):
                yield card, part
                to = to - part
        if to:
            yield "", to

    def _nobody(self, family: Family) -> IntervalSet:
        """Addresses that nobody has: of the networks of loopbacks, and of jails' bridges without a card."""
        taken = {self.topology.ext_if, *ways.cards(self.topology)}
        taken |= {self.topology.bridge_of(name) for name in taken}
        spans = (
            span
            for name, known in self.behind(family)[0].items()
            if name and name not in taken and (name in self.sides or self.topology.interfaces[name].loopback)
            for span in known
        )
        return IntervalSet.of(spans) - self.everybody(family)

    def _arriving(self, origin: str, family: Family, holder: str) -> IntervalSet:
        """Senders whose packets to an address that `holder` has come from that origin: Topology.arrival, for sets."""
        if self.inside(origin):
            return self.beside(origin, family)
        card = self.topology.ext_if if origin == "outside" else origin
        cards = {card, self.topology.bridge_of(card)}
        behind, default = self.behind(family)
        found = IntervalSet.of(span for name in cards for span in behind.get(name, EMPTY))
        if (holder or default) in cards:
            found = found | behind[""]
        return found - self.everybody(family)


def net(whom: Whom, family: Family) -> IntervalSet:
    """The addresses of a network of a promise."""
    if whom.network is None or whom.network.family != family:
        return EMPTY
    found = whom.network.net
    return IntervalSet(((int(found[0]), int(found[-1])),))


def means(whom: Whom, name: str) -> bool:
    """Whether it speaks of the host (by the name "host") or of that jail."""
    return whom.kind == "any" or (whom.kind == "host" if name == "host" else whom.is_jail(name))


def _singles(numbers: Iterable[int]) -> IntervalSet:
    return IntervalSet.of((number, number) for number in numbers)
