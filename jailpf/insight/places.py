"""Whom a set of addresses beyond this host means, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.reach.homes import roads
from jailpf.pf.simulated.reach.intervals import EVERY, IntervalSet
from jailpf.pf.simulated.reach.reached import addresses

if TYPE_CHECKING:
    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.rules.rule import Family

FEW = 4  # networks; more of them are told by what they leave out, or with what is this host's own in between


class Places:
    """Beyond one host: "outside" is whatever its uplink leads to, "@em2" what another card does."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._known: dict[Family, dict[str, IntervalSet]] = {}
        self._words: dict[tuple[IntervalSet, Family], tuple[str, ...]] = {}

    def beyond(self, family: Family) -> dict[str, IntervalSet]:
        """Interface -> all addresses of others that it leads to."""
        if family not in self._known:
            own = IntervalSet.of((a.number, a.number) for a in self.topology.owners() if a.family == family)
            nobody = own | IntervalSet.of(ways.never(family))
            found = {name: there - nobody for name, is_open, there in roads(self.topology, family) if is_open}
            self._known[family] = {name: there for name, there in found.items() if there}
        return self._known[family]

    def words(self, to: IntervalSet, family: Family) -> tuple[str, ...]:
        """ "outside", "@em2", networks, and with "!" what of "outside" is left out."""
        if (to, family) not in self._words:
            self._words[to, family] = tuple(self._told(to, family))
        return self._words[to, family]

    def _told(self, to: IntervalSet, family: Family) -> list[str]:
        found, but, rest = [], [], to
        every = self.beyond(family)
        whole = IntervalSet.of(span for there in every.values() for span in there)
        for name, there in every.items():
            missed = there - to
            left_out = networks(missed, whole, family) if missed else []
            if missed and (len(left_out) > FEW or len(left_out) >= len(networks(to & there, whole, family))):
                continue
            found.append("outside" if name == self.topology.ext_if else f"@{name}")
            but += [f"!{one}" for one in left_out]
            rest = rest - there
        return [*found, *(networks(rest, whole, family) if rest else []), *but]


def networks(part: IntervalSet, whole: IntervalSet, family: Family) -> list[str]:
    """A part of `whole` as networks; where these are many, as wider ones that hold nothing else of `whole`."""
    exact = addresses(part, family)
    if len(exact) <= 1:
        return exact
    wider = addresses(part | (EVERY[family] - whole), family)
    meant = [one for one in wider if _set(one, family) & part]
    return min(exact, meant, key=len)


def _set(word: str, family: Family) -> IntervalSet:
    from ipaddress import ip_network

    net = ip_network(word) if word != "any" else None
    return IntervalSet(((int(net[0]), int(net[-1])),)) if net else EVERY[family]
