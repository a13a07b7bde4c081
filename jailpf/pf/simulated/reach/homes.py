"""By which interface the host sends to whom: the routing table as sets of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.routes import Route
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, IntervalSet

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family


def ways_back(topology: Topology, family: Family) -> tuple[dict[str, IntervalSet], str]:
    """Interface -> the addresses that it leads to; "" for those that only the default route has, and its interface."""
    found = {"": EVERY[family]}
    for route in sorted(topology.known_networks(family), key=lambda route: route.prefix):
        net = IntervalSet((route.bounds,))
        for name in found:
            found[name] -= net
        found[route.interface] = found.get(route.interface, EMPTY) | net
    defaults = (route.interface for route in topology.routes if route.family == family and not route.prefix)
    return found, next(defaults, topology.ext_if)


def roads(topology: Topology, family: Family) -> list[tuple[str, bool, IntervalSet]]:
    """All addresses by the route that they have: its interface ("" for no route), whether a packet can leave by it
    (ways.way_out), and the addresses. Topology.route, for sets.
    """
    routes = [route for route in topology.known_networks(family) if route.prefix]
    defaults = [route for route in topology.routes if route.family == family and not route.prefix]
    if not any(route.family == family for route in topology.routes) and topology.ext_if:
        defaults = [Route("::/0" if family == "inet6" else "0.0.0.0/0", topology.ext_if)]
    left, found = EVERY[family], []
    sets: dict[tuple[str, bool], list[IntervalSet]] = {}
    for route in sorted([*routes, *defaults], key=lambda route: -route.prefix):  # of equal ones the first
        mine = left & IntervalSet((route.bounds,))
        if mine:
            there = topology.interfaces.get(route.interface)
            is_open = there is not None and there.up and not there.loopback and not route.closed
            sets.setdefault((route.interface, is_open), []).append(mine)
            left = left - mine
    found = [(*key, IntervalSet.of(span for one in parts for span in one)) for key, parts in sets.items()]
    return [*found, ("", False, left)] if left else found
