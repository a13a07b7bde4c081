"""What a rule means by the name of an interface or a group: addresses, networks, other ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.interface import interface_address
from jailpf.pf.simulated.rules.addresses import network
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.pf.simulated.host.interface import Interface, InterfaceAddress
    from jailpf.pf.simulated.rules.rule import Family, Host

MODIFIERS = {"0", "network", "broadcast", "peer"}


def resolve(spec: str, interfaces: Iterable[Interface], more: Mapping[str, list[str]]) -> list[Host] | None:
    """The addresses of `em0`, `em0:0`, `em0:network`, `em0:broadcast`, `em0:peer`, `self`; None for no such interface.

    more: the addresses that the interfaces will have beside their own, those of jails.
    """
    name, *modifiers = spec.split(":")
    meant = [one for one in interfaces if name in ("self", one.name, *one.groups)]
    if not meant or not MODIFIERS.issuperset(modifiers):
        return None
    found = [own for one in meant for own in _own(one, more.get(one.name, ()), "0" in modifiers)]
    return list(dict.fromkeys(host for own in found if (host := _host(own, modifiers)) is not None))


def _own(interface: Interface, more: Iterable[str], first: bool) -> list[InterfaceAddress]:
    """Its addresses, or the first of each family, link-local ones apart."""
    own = interface.own
    held = {one.address for one in own}
    own += [one for one in map(interface_address, more) if one.address not in held]
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
