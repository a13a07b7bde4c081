"""Addresses and networks, as they are written and as nothing else (pf takes 10.1 and 010.0.0.1, and means others)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from jailpf.values import near
from jailpf.values.base import text

Family = Literal["inet", "inet6"]
FAMILIES: tuple[Family, Family] = ("inet", "inet6")


_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128"))
)  # fmt: skip


def _family(version: int) -> Family:
    return "inet" if version == 4 else "inet6"


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 or IPv6 address of a host, without scope."""

    ip: ipaddress.IPv4Address | ipaddress.IPv6Address

    @classmethod
    def parse(cls, raw: object) -> Address:
        """From "172.16.15.15" or "fd7a::1". Raises ValueError for networks, legacy forms and scoped addresses."""
        word = text(raw, "an address")
        ip = _host(word)
        if ip.is_link_local and ip.version == 6:
            raise ValueError(f"{word} is link-local: pf loses its scope; use a global or unique local address")
        if ip.is_unspecified or ip.is_multicast:
            raise ValueError(f"{word} is not the address of a host")
        return cls(ip)

    @property
    def family(self) -> Family:
        """ "inet" or "inet6"."""
        return _family(self.ip.version)

    @property
    def private(self) -> bool:
        """Whether it is routed within a site only: RFC 1918, the carriers' 100.64.0.0/10, unique local, loopback."""
        return any(self.ip.version == net.version and self.ip in net for net in _PRIVATE)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Either family."""
        return {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}

    def __str__(self) -> str:
        return str(self.ip)


@dataclass(frozen=True, slots=True)
class Network:
    """A network, or one host (a full prefix, which is not printed)."""

    net: ipaddress.IPv4Network | ipaddress.IPv6Network

    @classmethod
    def parse(cls, raw: object) -> Network:
        """From "192.0.2.0/24" or an address. Raises ValueError when bits of the host part are set."""
        word = text(raw, "a network")
        host, slash, prefix = word.partition("/")
        ip = _host(host)
        if not slash:
            return cls(ipaddress.ip_network(ip))
        if "." in prefix:
            raise ValueError(near.address(word))
        if not re.fullmatch(r"[0-9]{1,3}", prefix, re.ASCII) or int(prefix) > ip.max_prefixlen:
            raise ValueError(f"{word!r}: the prefix is a number from 0 to {ip.max_prefixlen}")
        net = ipaddress.ip_network((ip, int(prefix)), strict=False)
        if net.network_address != ip:
            raise ValueError(f"{word} has host bits set; write {net} or {ip}")
        return cls(net)

    @property
    def family(self) -> Family:
        """ "inet" or "inet6"."""
        return _family(self.net.version)

    def within(self, other: Network) -> bool:
        """Whether the other network holds all of this one."""
        return self.net.version == other.net.version and other.net.supernet_of(self.net)  # type: ignore[arg-type]

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text; the host bits are checked when the file is read."""
        return {"type": "string"}

    def __str__(self) -> str:
        whole = self.net.prefixlen == self.net.max_prefixlen
        return str(self.net.network_address) if whole else str(self.net)


def _host(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if "%" in word:
        raise ValueError(f"{word!r} has a scope: pf loses it; use an address without '%'")
    if "/" in word:
        host = word.partition("/")[0]
        if "|" in word or not near.is_network(host):
            raise ValueError(near.address(word))
        remedy = f'; write "{host}"' if not near.is_whole(word) else ""
        raise ValueError(f"{word!r} is a network, not one address{remedy}")
    try:
        ip = ipaddress.ip_address(word)
    except ValueError:
        raise ValueError(near.address(word)) from None
    if ip.version == 6 and ip.ipv4_mapped:
        raise ValueError(f"{word} is an IPv4-mapped address; write {ip.ipv4_mapped}")
    return ip
