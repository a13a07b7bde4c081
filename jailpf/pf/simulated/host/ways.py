"""Which way a packet takes through the host: where it comes in, where it leaves, and what a bridge hands on by itself.

Source: facts-2.md, "Where pf sees a packet"; facts.md, "A bridge with the uplink as a member"; if_bridge(4). A frame
for a member's own address is that member's, one for the bridge's own is the bridge's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.rules.addresses import is_private, parse_network
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Owner, Topology
    from jailpf.pf.simulated.rules.addresses import Address
    from jailpf.pf.simulated.rules.rule import Family, Host

FORWARDING = {"inet": "net.inet.ip.forwarding", "inet6": "net.inet6.ip6.forwarding"}
PFIL = ("net.link.bridge.pfil_member", "net.link.bridge.pfil_bridge")


class NoWayError(Exception):
    """No packet gets there; why."""


class UnknownWayError(Exception):
    """What decides it is not known; what that is."""


class Hop(NamedTuple):
    """A place at which pf sees a packet."""

    interface: str
    direction: str


class Switched(NamedTuple):
    """A packet that a bridge hands from one member to another: what pf sees of it, and where it ends: behind which
    interface, and whether that is a vnet jail.
    """

    beyond: str
    vnet: bool
    hops: tuple[Hop, ...]


def way_out(topology: Topology, to: Address) -> str:
    """The interface by which a packet for an address that is not the host's own leaves. Raises NoWayError, and
    UnknownWayError for a jail of which nobody knows how it is connected.
    """
    must_be_connected(topology, to)
    owner = topology.owners().get(to)
    near = topology.network_of(to)
    if owner and owner.vnet:
        if topology.described and topology.routes and not _leads(topology, owner.interface, to):
            raise NoWayError(f"no network or route of this host on {owner.interface} includes {to}")
        beside = near and owner.interface in (near, topology.bridge_of(near))
        return near if beside else owner.interface
    route = topology.route(to)
    if route is None or route.closed or topology.interfaces[route.interface].loopback:
        why = "is closed" if route and route.closed else f"is by {route.interface}" if route else "is there"
        raise NoWayError(f"no route to {to}: the only one {why}" if route else f"no route to {to}")
    if not topology.interfaces[route.interface].up:
        raise NoWayError(f"{route.interface}, which leads to {to}, is down")
    return route.interface


def _leads(topology: Topology, side: str, to: Address) -> bool:
    """Whether the host sends to that address by that interface, a bridge or one of its members."""
    route = topology.route(to)
    return route is not None and side in (route.interface, topology.bridge_of(route.interface))


def hears(topology: Topology, side: str, family: Family) -> bool:
    """Whether a vnet jail behind that interface can send the host anything: the host needs an address there."""
    return not topology.described or _addressed(topology, side, family)


def is_behind(topology: Topology, owner: Owner, interface: str) -> bool:
    """Whether an address is that of a vnet jail which gets what leaves by an interface."""
    return owner.vnet and owner.interface in (interface, topology.bridge_of(interface))


def must_be_connected(topology: Topology, address: Address) -> None:
    """Raises UnknownWayError where the address is a vnet jail's, and the host has no interface before it: netgraph, a card
    of its own, or one that is made when it starts. pf may see nothing of it.
    """
    if jail := topology.unconnected(address):
        raise UnknownWayError(f"jailpf does not know how {jail} is connected: no interface of this host leads to it")


def way_in(topology: Topology, side: str, to: Address) -> str:
    """Where a frame from behind `side`, a bridge, is the host's: on the bridge or on the member that has an address."""
    if not topology.interfaces[side].bridge:
        return side
    own = [side, *topology.interfaces[side].members]
    held = topology.owners()[to].interface if to in topology.owners() else ""
    if held in own:
        return held
    there = (name for name in own if name in topology.interfaces)
    return next((name for name in there if any(o.family == to.family for o in topology.interfaces[name].own)), side)


def switched(topology: Topology, came: str, source: Address, to: Address) -> Switched | None:
    """What a bridge does with a packet that is not for the host; None when the host routes it.

    came: the interface that the frame comes in by, or the bridge before a vnet jail. Raises UnknownWayError.
    """
    bridge = came if topology.interfaces[came].bridge else topology.bridge_of(came)
    owner = topology.owners().get(to)
    if not bridge or (owner and not owner.vnet):
        return None
    if owner:
        if owner.interface != bridge:
            return None
        beyond, leaves = bridge, _member(topology, bridge, to)
    else:
        route = topology.route(to)
        if route is not None and _behind(topology, bridge, route.interface):
            beyond = route.interface
            leaves = beyond if beyond != bridge else card_of(topology, bridge)
        elif not _addressed(topology, bridge, to.family) and (came != bridge or card_of(topology, bridge)):
            beyond = leaves = _other(topology, bridge, came, to)
        else:
            return None
        if leaves == came:
            return None
    sender = topology.owners().get(source)
    inside = sender is not None and sender.vnet and sender.interface == bridge
    enters = came if came != bridge else _member(topology, bridge, source) if inside else card_of(topology, bridge)
    return Switched(beyond, owner is not None, _seen(topology, bridge, enters, leaves))


def _behind(topology: Topology, bridge: str, interface: str) -> bool:
    """Whether what is behind an interface is behind a bridge: it is a member, or the bridge with a card as member."""
    return topology.bridge_of(interface) == bridge or (interface == bridge and bool(card_of(topology, bridge)))


def _addressed(topology: Topology, bridge: str, family: Family) -> bool:
    """Whether any frame on the bridge can be for the host: the bridge or a member has an address."""
    names = (name for name in (bridge, *topology.interfaces[bridge].members) if name in topology.interfaces)
    return any(own.family == family and not own.link_local for name in names for own in topology.interfaces[name].own)


def _other(topology: Topology, bridge: str, came: str, to: Address) -> str:
    """The other card of a filtering bridge. Raises UnknownWayError where there are more, or none."""
    others = [name for name in _cards_of(topology, bridge) if name != came]
    if len(others) != 1:
        raise UnknownWayError(f"behind which member of {bridge} {to} is")
    return others[0]


def card_of(topology: Topology, bridge: str) -> str:
    """The member of a bridge that is neither a jail's nor a made one: the way to the world outside, "" for none."""
    return next(iter(_cards_of(topology, bridge)), "")


def _cards_of(topology: Topology, bridge: str) -> list[str]:
    taken = {name for jail in topology.jails.values() for name in jail.interfaces}
    members = topology.interfaces[bridge].members
    return [name for name in members if name not in taken and not _virtual(topology, name)]


def _virtual(topology: Topology, name: str) -> bool:
    return name not in topology.interfaces or bool({"epair", "tap"} & set(topology.interfaces[name].groups))


def _member(topology: Topology, bridge: str, address: Address) -> str:
    """The member of a bridge before a vnet jail, "" when it is not known."""
    owner = topology.owners().get(address)
    jail = topology.jails.get(owner.jail) if owner else None
    members = topology.interfaces[bridge].members
    return next((name for name in jail.interfaces if name in members), "") if jail else ""


def _seen(topology: Topology, bridge: str, enters: str, leaves: str) -> tuple[Hop, ...]:
    unknown = [name for name in PFIL if name not in topology.sysctls]
    if unknown:
        raise UnknownWayError(f"what pf sees of {bridge} depends on sysctl {' '.join(unknown)}")
    member, whole = (bool(topology.sysctls[name]) for name in PFIL)
    if member and not (enters and leaves):
        raise UnknownWayError(f"which member of {bridge} it passes is not known, and {PFIL[0]} is 1")
    first = (Hop(enters, "in"),) if member else ()
    middle = (Hop(bridge, "in"), Hop(bridge, "out")) if whole else ()
    return (*first, *middle, *((Hop(leaves, "out"),) if member else ()))


def refused(topology: Topology, came: str, source: Address, to: Address) -> str:
    """Why the kernel drops a packet that comes in from elsewhere, whatever pf says; "" when it does not."""
    interface = topology.interfaces[came]
    if not interface.up:
        return f"{came} is down"
    if interface.loopback:
        return ""
    for address in (source, to):
        if never_comes_in(address):
            return f"the kernel drops packets to {address} that come in on an interface"
    owner = topology.owners().get(source)
    if owner and not owner.vnet:
        return f"{source} is an address of this host, so the kernel drops such packets from an interface"
    held = topology.owners().get(to)
    if held and str(to) in topology.interfaces[held.interface].backup:
        return f"{to} is answered by another host now (carp BACKUP)"
    return ""


NEVER = {  # from whom, and for whom, nothing comes in by a card
    "inet": ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"),
    "inet6": ("::/127", "ff00::/8"),
}


def cards(topology: Topology) -> list[str]:
    """The other interfaces by which somebody may come: up, with an address, neither a loopback nor before vnet jails nor
    the one to outside (or a bridge that has that one).
    """
    sides = {owner.interface for owner in topology.owners().values() if owner.vnet}
    return [
        name
        for name, one in topology.interfaces.items()
        if one.up
        and one.addresses
        and not one.loopback
        and name not in {topology.ext_if, *sides}
        and any(not own.link_local for own in one.own)
    ]


def behind(topology: Topology, interface: str, family: Family) -> list[tuple[int, int]]:
    """Who may come by a card: anyone where it has a public address, else its networks and those that are routed there."""
    own = [one for one in topology.interfaces[interface].own if one.family == family and not one.link_local]
    if any(not is_private(one.address) for one in own):
        return [(0, (1 << BITS[family]) - 1)]
    routed = [route for route in topology.routes if route.family == family and route.interface == interface]
    nets = [*(one.network for one in own), *(_net(route.to) for route in routed if route.prefix)]
    return [(net.low, net.high) for net in nets]


@cache
def never(family: Family) -> list[tuple[int, int]]:
    """The addresses of NEVER, as first and last."""
    return [(net.low, net.high) for net in map(_net, NEVER[family])]


def _net(text: str) -> Host:
    address, _, length = text.partition("/")
    return parse_network(address, length)


def never_comes_in(address: Address) -> bool:
    """Whether the kernel drops a packet from or to that address that comes in by a card: loopback, multicast, broadcast."""
    return any(low <= address.number <= high for low, high in never(address.family))
