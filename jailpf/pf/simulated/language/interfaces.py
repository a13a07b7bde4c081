"""What a name of an interface, or of a group of interfaces, stands for: the addresses that pfctl puts in its place.

Source: facts.md section 4 and the recorded verdicts. An address of a local jail on an interface is one of its addresses.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.rules.addresses import network
from jailpf.pf.simulated.rules.rule import BITS, Host

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family

NAME_MAX = 15
# The interfaces that FreeBSD makes on demand are in a group of their kind; em0 and other hardware is in none.
_CLONED = frozenset(
    ["bridge", "disc", "edsc", "enc", "epair", "gif", "gre", "ipfw", "ipsec", "lagg", "lo", "me", "ovpn", "pflog", "pfsync", "stf", "tap", "tun", "vlan", "vmnet", "vxlan", "wg"]
)
_NO_BROADCAST = ("lo", "tun", "wg", "gif", "gre", "ipsec", "enc", "pflog", "pfsync", "stf", "me", "ovpn")


class Node(NamedTuple):
    """A host as it is written, before the rule has a family. `scope`: the interface of a link-local address."""

    host: Host
    scope: str = ""

    @property
    def family(self) -> Family:
        """The family of its addresses, "" where any family is meant."""
        return self.host.family


def kind_of(interface: str) -> str:
    """The name without its number: lo of lo1, epair of epair3a."""
    return re.sub(r"\d+[ab]?$", "", interface)


def group(topology: Topology, name: str) -> list[str]:
    """The interfaces of a group; [] for what is no group."""
    if name not in _CLONED:
        return []
    return [interface for interface in topology.interfaces if interface != name and kind_of(interface) == name]


def exists(topology: Topology, name: str) -> bool:
    """Whether pfctl knows an interface or a group of that name."""
    return name in topology.interfaces or bool(group(topology, name))


def is_loopback(topology: Topology, name: str) -> bool:
    """Whether it is one interface, and a loopback."""
    return name in topology.interfaces and kind_of(name) == "lo"


def lookup(topology: Topology, name: str, modifiers: set[str]) -> list[Node]:
    """The addresses of an interface, of a group, or with "self" of all."""
    found = [node for member in group(topology, name) for node in lookup(topology, member, modifiers)]
    if found:
        return found
    names = [i for i in topology.interfaces if name == "self" or i == name or _by_prefix(i, name)]
    return [node for interface in names for node in _addresses(topology, interface, modifiers)]


def _by_prefix(interface: str, name: str) -> bool:
    return not name[-1:].isdigit() and bool(re.fullmatch(re.escape(name) + r"\d.*", interface))


def _addresses(topology: Topology, interface: str, modifiers: set[str]) -> list[Node]:
    found: list[Node] = []
    seen: set[str] = set()
    for text in topology.interfaces[interface]:
        address, _, peer = text.partition("@")
        value = ipaddress.ip_interface(address)
        family: Family = "inet" if value.version == 4 else "inet6"
        local = family == "inet6" and value.ip.is_link_local
        if "0" in modifiers and (family in seen or local):
            continue
        if "broadcast" in modifiers and (family == "inet6" or kind_of(interface) in _NO_BROADCAST):
            continue
        if ("peer" in modifiers and not peer) or ("network" in modifiers and local):
            continue
        seen.add(family)
        number, prefix = int(value.ip), BITS[family]
        if "network" in modifiers:
            prefix = value.network.prefixlen
        elif "broadcast" in modifiers:
            number = int(value.network.broadcast_address)
        elif "peer" in modifiers:
            number = int(ipaddress.ip_address(peer))
        found.append(Node(network(family, number, prefix), interface if local else ""))
    return found + (_jails(topology, interface, found) if modifiers <= {"network"} else [])


def _jails(topology: Topology, interface: str, known: list[Node]) -> list[Node]:
    """The addresses that local jails add to an interface."""
    found: list[Node] = []
    for jail in topology.jails.values():
        for text in jail.addresses if not jail.vnet and jail.interface == interface else ():
            value = ipaddress.ip_address(text)
            family: Family = "inet" if value.version == 4 else "inet6"
            node = Node(network(family, int(value), BITS[family]))
            if node not in known and node not in found:
                found.append(node)
    return found
