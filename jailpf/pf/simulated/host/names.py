"""What a rule means by the name of an interface or a group: addresses, networks, other ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.interface import interface_address
from jailpf.pf.simulated.rules.addresses import network, parse_address
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated.host.interface import InterfaceAddress
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family, Host

MODIFIERS = {"0", "network", "broadcast", "peer"}


def resolve(topology: Topology, spec: str) -> list[Host] | None:
    """The addresses of `em0`, `em0:0`, `em0:network`, `em0:broadcast`, `em0:peer`, `self`; None for no such interface."""
    name, *modifiers = spec.split(":")
    names = list(topology.interfaces) if name == "self" else topology.meant(name)
    if not names or not MODIFIERS.issuperset(modifiers):
        return None
    found = [own for one in names for own in _own(topology, one, "0" in modifiers)]
    return list(dict.fromkeys(host for own in found if (host := _host(own, modifiers)) is not None))


def _own(topology: Topology, interface: str, first: bool) -> list[InterfaceAddress]:
    """The addresses of an interface, those of jails that will be there at the end; or the first of each family,
    link-local ones apart.
    """
    own = topology.interfaces[interface].own
    held = {one.address for one in own}
    here = [jail for jail in topology.jails.values() if not jail.vnet and interface in jail.interfaces]
    for text in (text for jail in here for text in jail.addresses):
        address = parse_address(text)
        if address not in held and topology.owners()[address].interface == interface:
            own.append(interface_address(str(address)))
    if not first:
        return own
    firsts: dict[Family, InterfaceAddress] = {}
    for one in own:
        if not one.link_local:
            firsts.setdefault(one.family, one)
    return list(firsts.values())


def _host(own: InterfaceAddress, modifiers: Sequence[str]) -> Host | None:
    family, bits = own.family, BITS[own.family]
    if "network" in modifiers:
        return own.network
    if "peer" in modifiers:
        return None if own.peer is None else network(family, own.peer, bits)
    if "broadcast" in modifiers:
        return network(family, own.network.high, bits) if family == "inet" else None
    return network(family, own.number, bits)
