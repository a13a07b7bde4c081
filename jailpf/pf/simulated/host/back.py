"""By which interface the host would send to an address: what urpf-failed and no-route ask.

Source: pf.c (pf_routable), in_fib.c and in6_fib.c (check_urpf_nhop) of 15.1: an address of the host counts as one of the
interface that has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.host.interface import interface_address
from jailpf.pf.simulated.host.routes import Route
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family

LINK = (0xFE80 << 112, (0xFEC0 << 112) - 1)  # fe80::/10, which pf takes for routed to any interface


class Back(NamedTuple):
    """The addresses from low to high, and the interface to them. sure: False where it is only the likely one."""

    low: int
    high: int
    interface: str
    sure: bool = True


def ways_back(topology: Topology, family: Family) -> list[Back]:
    """All that is known, wider networks first: the last that holds an address counts."""
    routes = [route for route in topology.routes if route.family == family]
    found = sorted((*routes, *topology.known_networks(family)), key=lambda route: route.prefix)
    default = Route("::/0" if family == "inet6" else "0.0.0.0/0", topology.ext_if)
    known = [Back(*route.bounds, route.interface) for route in (found if routes else [default, *found])]
    if not routes and topology.described:
        known[0] = Back(0, (1 << BITS[family]) - 1, topology.ext_if, sure=False)
    own = {own.address: name for name, one in topology.interfaces.items() for own in one.own if own.family == family}
    known += [Back(address.number, address.number, name) for address, name in own.items()]
    for jail in topology.jails.values():
        for text in () if jail.vnet else jail.addresses:
            address = interface_address(text).address
            if address.family == family and address not in own:
                known.append(Back(address.number, address.number, topology.owners()[address].interface))
    return known


def unrouted(known: list[Back], family: Family, number: int, interface: str) -> bool | None:
    """Whether the host would not send to the address by the interface, with "" by none at all; None where only the host
    could say. known: see `ways_back`.
    """
    if family == "inet6" and LINK[0] <= number <= LINK[1]:
        return False
    back = next((one for one in reversed(known) if one.low <= number <= one.high), None)
    if back is None:
        return True
    if not interface or back.interface == interface:
        return False
    return True if back.sure else None
