"""Addresses as pf reads and prints them: numbers with a family, networks, the legacy forms of IPv4.

Source: facts.md section 4, "Addresses": `10.0.0.5/24` is masked, `10.1` = 10.0.0.1, `010.0.0.1` = 8.0.0.1,
`0x0a000001` = 10.0.0.1, but `10/8` = 10.0.0.0/8.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from jailpf.pf.simulated.rules.rule import BITS, Family, Host


class Address(NamedTuple):
    """One address: a family and a number."""

    family: Family
    number: int

    def __str__(self) -> str:
        return address_text(self.family, self.number)


class BadMaskError(ValueError):
    """A mask that is too long for its family."""


def address_text(family: Family, number: int) -> str:
    """The address as pfctl prints it; ::10.0.0.1 and ::ffff:10.0.0.1 keep their dotted form."""
    if family == "inet":
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    high, low = number >> 32, number & 0xFFFFFFFF
    if high in {0, 0xFFFF} and (high or low >= 1 << 16):
        return ("::ffff:" if high else "::") + address_text("inet", low)
    return str(ipaddress.IPv6Address(number))


_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]


def private(family: Family) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of a family that are not routed outside."""
    return [net for net in _PRIVATE if (net.version == 4) == (family == "inet")]


def is_private(address: Address) -> bool:
    """Whether an address belongs to a network that is not routed outside."""
    value = ipaddress.ip_address(str(address))
    return any(value in net for net in _PRIVATE if net.version == value.version)


@lru_cache(maxsize=1 << 16)
def parse_address(text: str) -> Address:
    """A plain address of either family (a scope such as %em0 is dropped). Raises ValueError."""
    if ":" in text:
        return Address("inet6", int(ipaddress.IPv6Address(text.split("%")[0])))
    return Address("inet", int(ipaddress.IPv4Address(text)))


def network(family: Family, number: int, prefix: int, negated: bool = False) -> Host:
    """The network of `prefix` bits around an address, as a Host."""
    bits = BITS[family]
    size = 1 << (bits - prefix)
    low = number // size * size
    return Host("net", family, low, low + size - 1, prefix, negated=negated)


def parse_network(text: str, mask: str = "", negated: bool = False) -> Host:
    """A literal address, with the mask written behind `/` if any. Raises ValueError, BadMaskError."""
    if ":" in text:
        number, family = parse_address(text).number, "inet6"
    else:
        number, family = legacy(text, padded_right=bool(mask)), "inet"
    prefix = int(mask) if mask else BITS[family]
    if not 0 <= prefix <= BITS[family]:
        name = "IPv4" if family == "inet" else "IPv6"
        raise BadMaskError(f"netmask {mask} invalid for {name} address")
    return network("inet6" if family == "inet6" else "inet", number, prefix, negated)


def host_text(host: Host, family: Family = "") -> str:
    """One host as pfctl prints it, without the negation; the mask of (em0) only in a rule that has a family."""
    if host.kind == "table":
        return f"<{host.name}>"
    if host.kind == "dynamic":
        return f"({host.name})" + (f"/{host.prefix}" if family and host.prefix < BITS[family] else "")
    if host.kind == "range":
        return f"{address_text(host.family, host.low)} - {address_text(host.family, host.high)}"
    if host.kind != "net":
        return host.name if host.kind == "unknown" else host.kind
    if host.prefix == 0:
        return "any"
    text = address_text(host.family, host.low)
    return text if host.prefix >= BITS[host.family] else f"{text}/{host.prefix}"


def legacy(text: str, padded_right: bool) -> int:
    """An IPv4 address in the forms of inet_aton(3), or with a mask first in those of inet_net_pton(3), where 10 is
    10.0.0.0 and no number is octal. Raises ValueError.
    """
    if padded_right:
        if text[:2].lower() == "0x" and text[2:]:
            digits = text[2:].ljust(8, "0")
            if len(digits) == 8 and digits.isalnum() and digits[1] not in "xX":
                return int(digits, 16)
        parts = text.split(".")
        if len(parts) <= 4 and all(p.isdigit() and p.isascii() and int(p) <= 255 for p in parts):
            return sum(int(part) << 8 * (3 - at) for at, part in enumerate(parts))
    numbers = [_number(part) for part in text.split(".")]
    if len(numbers) > 4 or any(part > 255 for part in numbers[:-1]):
        raise ValueError(text)
    last = numbers.pop()
    if last >= 1 << 8 * (4 - len(numbers)):
        raise ValueError(text)
    return sum(part << 8 * (3 - at) for at, part in enumerate(numbers)) + last


def _number(part: str) -> int:
    if not part.isalnum() or not part.isascii() or part[:2].lower() == "0o" or part[2:4].lower() == "0x":
        raise ValueError(part)
    if part[:2].lower() == "0x":
        return int(part, 16)
    return int(part, 8 if part != "0" and part.startswith("0") else 10)
