"""What a name of an interface, or of a group of interfaces, stands for: the addresses that pfctl puts in its place.

Source: facts.md section 4 and the recorded verdicts. An address of a local jail on an interface is one of its addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.host.interface import interface_address
from jailpf.pf.simulated.rules.addresses import network
from jailpf.pf.simulated.rules.rule import BITS, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.host.interface import Interface, InterfaceAddress
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family

NAME_MAX = 15


class Node(NamedTuple):
    """A host as it is written, before the rule has a family. `scope`: the interface of a link-local address."""

    host: Host
    scope: str = ""

    @property
    def family(self) -> Family:
        """The family of its addresses, "" where any family is meant."""
        return self.host.family


def group(topology: Topology, name: str) -> list[str]:
    """The interfaces of a group; [] for what is no group."""
    return [interface.name for interface in topology.interfaces.values() if name in interface.groups]


def exists(topology: Topology, name: str) -> bool:
    """Whether pfctl knows an interface or a group of that name."""
    return name in topology.interfaces or bool(group(topology, name))


def is_loopback(topology: Topology, name: str) -> bool:
    """Whether it is one interface, and a loopback."""
    return name in topology.interfaces and topology.interfaces[name].loopback and not group(topology, name)


def lookup(topology: Topology, name: str, modifiers: set[str]) -> list[Node]:
    """The addresses of an interface, of a group, or with "self" of all."""
    found = [node for member in group(topology, name) for node in lookup(topology, member, modifiers)]
    if found:
        return found
    wanted = (i for i in topology.interfaces.values() if name in {"self", i.name} or _by_prefix(i.name, name))
    return [node for interface in wanted for node in _addresses(topology, interface, modifiers)]


def _by_prefix(interface: str, name: str) -> bool:
    """pfctl takes em0 for what `em` means, where there is no group of that name."""
    return bool(name) and not name[-1].isdigit() and bool(re.match(re.escape(name) + r"\d", interface))


def _addresses(topology: Topology, interface: Interface, modifiers: set[str]) -> list[Node]:
    found: list[Node] = []
    seen: set[str] = set()
    for own in interface.own + ([] if "0" in modifiers else list(_jails(topology, interface))):
        if "0" in modifiers and (own.family in seen or own.link_local):
            continue
        seen.add(own.family)
        node = _node(interface, own, modifiers)
        if node is not None and node not in found:
            found.append(node)
    return found


def _node(interface: Interface, own: InterfaceAddress, modifiers: set[str]) -> Node | None:
    family, bits = own.family, BITS[own.family]
    if "network" in modifiers:
        return None if own.link_local else Node(own.network)
    if "broadcast" in modifiers:
        if family == "inet6" or "BROADCAST" not in interface.flags:
            return None
        return Node(network(family, own.network.high, bits))
    if "peer" in modifiers:
        return None if own.peer is None else Node(network(family, own.peer, bits))
    return Node(network(family, own.number, bits), interface.name if own.link_local else "")


def _jails(topology: Topology, interface: Interface) -> Iterator[InterfaceAddress]:
    """The addresses that local jails add to an interface."""
    for jail in topology.jails.values():
        if jail.vnet:
            continue
        for text in jail.addresses:
            own = interface_address(text)
            if topology.owners()[own.address].interface == interface.name:
                yield own
