"""Routes: what `netstat -rn` prints, plain or with --libxo=json, and which of them a packet takes."""

from __future__ import annotations

import ipaddress
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.errors import UsageError
from jailpf.pf.simulated.rules.addresses import address_text
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.pf.simulated.host.interface import Interface
    from jailpf.pf.simulated.rules.addresses import Address
    from jailpf.pf.simulated.rules.rule import Family


class Route(NamedTuple):
    """to: "0.0.0.0/0", "198.51.100.0/24", ... by which interface; gateway: "" where the network is connected.
    flags: netstat's letters (R, B: packets are refused, or dropped).
    """

    to: str
    interface: str
    gateway: str = ""
    flags: str = "U"

    @property
    def family(self) -> Family:
        """Of its network."""
        return "inet6" if ":" in self.to else "inet"

    @property
    def prefix(self) -> int:
        """The prefix length: of two routes the longer one is taken."""
        return int(self.to.rpartition("/")[2])

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last address of its network."""
        low, mask = _bounds(self.to)
        return low, low | (mask ^ ((1 << BITS[self.family]) - 1))

    @property
    def closed(self) -> bool:
        """Whether it leads nowhere on purpose."""
        return bool({"R", "B"} & set(self.flags))

    def holds(self, address: Address) -> bool:
        """Whether the address is in its network."""
        low, mask = _bounds(self.to)
        return address.family == self.family and address.number & mask == low


def longest(routes: Iterable[Route], address: Address) -> Route | None:
    """The route that a packet to the address takes."""
    return max((route for route in routes if route.holds(address)), key=lambda route: route.prefix, default=None)


def networks(interface: Interface, family: Family) -> Iterator[Route]:
    """Those of an interface's own addresses, and the other ends of these."""
    for own in interface.own:
        if own.family == family and not own.link_local:
            yield Route(f"{address_text(family, own.network.low)}/{own.prefix}", interface.name)
            if own.peer is not None:
                yield Route(f"{address_text(family, own.peer)}/{BITS[family]}", interface.name)


def read_netstat(text: str) -> tuple[Route, ...]:
    """The routes, in netstat's order; those of single links (fe80::/10) are left out. Raises UsageError."""
    entries = _json(text) if text.lstrip().startswith("{") else _plain(text)
    found = (_route(*entry) for entry in entries)
    return tuple(route for route in found if route is not None)


def _json(text: str) -> Iterator[tuple[str, str, str, str, str]]:
    try:
        tables = json.loads(text)["statistics"]["route-information"]["route-table"]["rt-family"]
        for table in tables:
            for entry in table.get("rt-entry", ()):
                yield table["address-family"], *_words(entry)
    except (ValueError, KeyError, TypeError) as wrong:
        raise UsageError(f"netstat's routes cannot be read: {wrong}") from None


def _words(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["destination"], entry.get("gateway", ""), entry.get("flags", "U"), entry.get("interface-name", "")


def _plain(text: str) -> Iterator[tuple[str, str, str, str, str]]:
    family, at = "", 0
    for line in text.splitlines():
        words = line.split()
        if re.fullmatch(r"Internet6?:", line.strip()):
            family = line.strip()[:-1]
        elif words[:1] == ["Destination"]:
            at = words.index("Netif") if "Netif" in words else 3
        elif family and len(words) > at:
            yield family, words[0], words[1], words[2], words[at]


def _route(family: str, to: str, gateway: str, flags: str, interface: str) -> Route | None:
    if "%" in to or family not in ("Internet", "Internet6"):
        return None
    if to == "default":
        to = "0.0.0.0/0" if family == "Internet" else "::/0"
    try:
        net = str(_network(to))
    except ValueError:
        return None  # a host by name, or an address that was cut: netstat without -n or -W
    return Route(net, interface, "" if gateway.startswith("link#") else gateway.partition("%")[0], flags)


@lru_cache(maxsize=4096)
def _bounds(text: str) -> tuple[int, int]:
    """First address and mask, as numbers."""
    net = _network(text)
    return int(net.network_address), int(net.netmask)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)
