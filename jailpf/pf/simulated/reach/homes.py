"""By which interface the host answers whom: the routing table as sets of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
