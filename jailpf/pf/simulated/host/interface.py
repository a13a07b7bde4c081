"""An interface as ifconfig(8) shows it: addresses, flags, groups, members. All as text, so that it can be stored."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import UsageError
from jailpf.pf.simulated.rules.addresses import Address, network

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Family, Host

ETHERNET = ("UP", "BROADCAST", "RUNNING", "SIMPLEX", "MULTICAST")
# Interfaces that are made by name ("ifconfig create") are in the group of that name; cards of the machine are in none.
CLONED = {
    "lo": ("UP", "LOOPBACK", "RUNNING", "MULTICAST"),
    "tun": ("UP", "POINTOPOINT", "RUNNING", "MULTICAST"),
    "gif": ("UP", "POINTOPOINT", "RUNNING", "MULTICAST"),
    "gre": ("UP", "POINTOPOINT", "RUNNING", "MULTICAST"),
    "ipsec": ("UP", "POINTOPOINT", "RUNNING", "MULTICAST"),
    "wg": ("UP", "RUNNING", "NOARP", "MULTICAST"),
    **dict.fromkeys(("bridge", "epair", "vlan", "lagg", "tap", "vxlan"), ETHERNET),
}


class InterfaceAddress(NamedTuple):
    """An address on an interface, with its prefix length and, on a point-to-point interface, the other end."""

    family: Family
    number: int
    prefix: int
    peer: int | None = None

    @property
    def address(self) -> Address:
        """The address alone."""
        return Address(self.family, self.number)

    @property
    def network(self) -> Host:
        """The network that it is in."""
        return network(self.family, self.number, self.prefix)

    @property
    def link_local(self) -> bool:
        """Whether it is an inet6 address that means something on its link only."""
        return self.family == "inet6" and self.number >> 118 == 0xFE80 >> 6

    def reaches(self, address: Address) -> bool:
        """Whether a neighbour with that address is behind the interface."""
        if address.family != self.family:
            return False
        return self.peer == address.number or self.network.low <= address.number <= self.network.high


class Interface(NamedTuple):
    """name: as it is now, renamed or not. addresses: "203.0.113.1/24", or "10.8.0.1/32 --> 10.8.0.2", in ifconfig's
    order. flags: "UP", "LOOPBACK", ... groups: of the line `groups:`. members: what a bridge switches between.
    backup: addresses that another host of the CARP group answers for now.
    """

    name: str
    addresses: tuple[str, ...] = ()
    flags: tuple[str, ...] = ETHERNET
    groups: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()

    @classmethod
    def made(cls, name: str, *addresses: str) -> Interface:
        """What `ifconfig NAME create` makes, or a card of that name."""
        kind = re.sub(r"\d+[ab]?$", "", name)
        cloned = kind in CLONED and kind != name
        return cls(name, addresses, CLONED[kind] if cloned else ETHERNET, (kind,) if cloned else ())

    @property
    def own(self) -> list[InterfaceAddress]:
        """Its addresses, parsed. Raises UsageError."""
        return [interface_address(text) for text in self.addresses]

    @property
    def loopback(self) -> bool:
        """Whether it is one, whatever its name."""
        return "LOOPBACK" in self.flags

    @property
    def bridge(self) -> bool:
        """Whether it switches between members, whatever its name."""
        return bool(self.members) or "bridge" in self.groups

    @property
    def up(self) -> bool:
        """Whether packets come and go there."""
        return "UP" in self.flags

    @property
    def neighbours(self) -> bool:
        """Whether the addresses of neighbours are found out by asking (ARP, neighbour discovery)."""
        return not {"LOOPBACK", "POINTOPOINT", "NOARP"} & set(self.flags)


@lru_cache(maxsize=4096)
def interface_address(text: str) -> InterfaceAddress:
    """ "203.0.113.1/24", or "10.8.0.1/32 --> 10.8.0.2". Raises UsageError."""
    own, _, peer = text.partition("-->")
    try:
        value = ipaddress.ip_interface(own.strip())
        other = int(type(value.ip)(peer.strip())) if peer else None
    except ValueError:
        raise UsageError(f"{text!r} is not an address with a prefix") from None
    return InterfaceAddress("inet" if value.version == 4 else "inet6", int(value.ip), value.network.prefixlen, other)
