"""What one word stands for: an address or a network, or all addresses of an interface.

Source: facts.md section 4 and the recorded verdicts. Without a name service only localhost has addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError
from jailpf.pf.simulated.language.words.interfaces import Node, exists, lookup
from jailpf.pf.simulated.rules.addresses import legacy, network, parse_address
from jailpf.pf.simulated.rules.rule import BITS, Host

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family

MODIFIERS = frozenset({"network", "broadcast", "peer", "0"})
WHOLE = 128  # the prefix of (em0) when none is written
_LOCALHOST = ("::1", "127.0.0.1")


def resolve(text: str, topology: Topology) -> list[Node]:
    """What one word means: an address or network, or all addresses of an interface. Raises RuleError in pfctl's words,
    without a place.
    """
    name, slash, mask = text.partition("/")
    prefix = _prefix(mask) if slash else None
    found = _address(name, prefix, topology) or _interface(name, prefix, topology)
    if not found and name.removesuffix(":0") == "localhost":
        found = [Node(_network(parse_address(address), prefix)) for address in _LOCALHOST]
    if not found:
        raise RuleError(Complaint(f"no IP address found for {text}", placed=False))
    return found


def numeric(text: str, topology: Topology) -> bool:
    """Whether one word is an address or a network, for which pfctl does not look at the interfaces of the host."""
    name, slash, _ = text.partition("/")
    return bool(_address(name, 0 if slash else None, topology))


def _prefix(mask: str) -> int:
    digits = mask.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise RuleError(Complaint(f"netmask is invalid: /{mask}", placed=False))
    value = int(mask[:20])  # of more digits Python makes no number, and it is too large anyway
    if not 0 <= value <= WHOLE:
        size = "small" if value < 0 else "large"
        raise RuleError(Complaint(f"netmask is too {size}: /{mask}", placed=False))
    return value


def _network(address: tuple[Family, int], prefix: int | None) -> Host:
    family, number = address[0], address[1]
    bits = BITS[family]
    if prefix is None:
        return Host("net", family, number, number, bits)
    if prefix > bits:  # refused later, when the rule has its family
        return Host("net", family, number, number, prefix)
    return network(family, number, prefix)


def _address(name: str, prefix: int | None, topology: Topology) -> list[Node]:
    try:
        if ":" not in name:
            return [Node(_network(("inet", legacy(name, padded_right=prefix is not None)), prefix))]
        plain, percent, scope = name.partition("%")
        address = parse_address(plain)
        top = address.number >> 112
        local = top >> 6 == 0x3FA or top & 0xFF0F == 0xFF02  # fe80::/10, and ff02::/16 with any flags
        if percent and not (scope.isdigit() or (local and scope in topology.interfaces)):
            return []
        return [Node(_network(address, prefix), scope if scope in topology.interfaces else "")]
    except ValueError:
        return []


def _interface(name: str, prefix: int | None, topology: Topology) -> list[Node]:
    base, *modifiers = name.split(":")
    asked = set(modifiers)
    if asked - MODIFIERS:
        return []
    if len(asked - {"0"}) > 1:
        raise RuleError(
            Complaint("illegal combination of interface modifiers", placed=False),
            Complaint(f"no IP address found for {name}" + ("" if prefix is None else f"/{prefix}"), placed=False),
        )
    if asked & {"network", "broadcast"} and prefix is not None:
        raise RuleError(
            Complaint("network or broadcast lookup, but extra netmask given", placed=False),
            Complaint(f"no IP address found for {name}/{prefix}", placed=False),
        )
    if base != "self" and not exists(topology, base):
        return []
    nodes = lookup(topology, base, asked)
    if prefix is None:
        return nodes
    return [Node(_network((node.family, node.host.low), prefix), node.scope) for node in nodes]


def several(host: Host) -> bool:
    """Whether `(em0)` may be more than one address: all but `(em0:0)` of a name that ends in a digit."""
    if host.kind != "dynamic":
        return False
    base, *modifiers = host.name.split(":")
    return "0" not in modifiers or not base[-1:].isdigit()


def only_family(nodes: list[Node], family: Family) -> Family:
    """The rule's family when it has one, else the one that all hosts share, else none."""
    if family or not nodes:
        return family
    first = nodes[0].family
    return first if all(node.family == first for node in nodes) else ""
