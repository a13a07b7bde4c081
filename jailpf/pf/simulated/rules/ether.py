"""Rules of the Ethernet layer, and how pfctl prints them. Without such rules pf looks at no frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.rule import ANY, Host
from jailpf.pf.simulated.rules.show import from_to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.rules.rule import Family

_FULL = (0xFF,) * 6
IP4, IP6 = 0x0800, 0x86DD


@dataclass(frozen=True, slots=True)
class Mac:
    """A hardware address with its mask."""

    octets: tuple[int, ...]
    mask: tuple[int, ...] = _FULL
    negated: bool = False


@dataclass(frozen=True, slots=True)
class EtherRule:
    """A rule `ether ...`. `protocol` is an EtherType, 0 for any; the rest is as in Rule."""

    action: str
    line: int = 0
    direction: str = ""
    quick: bool = False
    interface: str = ""
    not_interface: bool = False
    bridge_to: str = ""
    protocol: int = 0
    source: Mac | None = None
    destination: Mac | None = None
    ip_source: Host = ANY
    ip_destination: Host = ANY
    labels: tuple[str, ...] = ()
    ridentifier: int = 0
    queue: str = ""
    tag: str = ""
    tagged: str = ""
    not_tagged: bool = False
    dummynet: tuple[str, int] | None = None
    anchor: str = ""
    body: tuple[EtherRule, ...] | None = None


def ether_text(rule: EtherRule, depth: int = 0) -> Iterator[str]:
    """The lines of a rule."""
    indent = "  " * depth
    line = indent + _line(rule)
    if not rule.body:
        yield line
        return
    yield f"{line} {{"
    for inner in rule.body:
        yield from ether_text(inner, depth + 1)
    yield indent + "}"


def _line(rule: EtherRule) -> str:
    action = rule.action
    if rule.action == "anchor":
        action = "anchor" if rule.anchor.startswith("_") else f'anchor "{rule.anchor}"'
    words = ["ether", action]
    words += [word for word in (rule.direction, "quick" if rule.quick else "") if word]
    if rule.interface:
        words.append(f"on {'! ' if rule.not_interface else ''}{rule.interface}")
    if rule.bridge_to:
        words.append(f"bridge-to {rule.bridge_to}")
    if rule.protocol:
        words.append(f"proto 0x{rule.protocol:04x}")
    for word, mac in (("from", rule.source), ("to", rule.destination)):
        if mac:
            words.append(f"{word} {_mac(mac)}")
    family: Family = "inet" if rule.protocol == IP4 else "inet6"
    source, destination = (_misread(host, family) for host in (rule.ip_source, rule.ip_destination))
    words.append("l3 " + from_to_text(source, None, destination, None, family))
    for label in rule.labels:
        if not label:
            break
        words.append(f'label "{label}"')
    if rule.ridentifier:
        words.append(f"ridentifier {rule.ridentifier}")
    if rule.queue:
        words.append(f"queue {rule.queue}")
    if rule.tag:
        words.append(f"tag {rule.tag}")
    if rule.tagged:
        words.append(f"{' !' if rule.not_tagged else ''}{' ' if rule.not_tagged else ''}tagged {rule.tagged}".strip())
    if rule.dummynet and rule.dummynet[1]:
        words.append(f"{rule.dummynet[0]} {rule.dummynet[1]}")
    return " ".join(words)


def _misread(host: Host, family: Family) -> Host:
    """An address of the other family than the EtherType's: pfctl prints its first bytes."""
    if host.kind != "net" or host.family == family:
        return host
    if family == "inet6":
        return Host("net", family, host.low << 96, host.high << 96, host.prefix, negated=host.negated)
    return Host("net", family, host.low >> 96, host.high >> 96, min(host.prefix, 32), negated=host.negated)


def _mac(mac: Mac) -> str:
    if not any(mac.octets):
        return ""
    text = ("! " if mac.negated else "") + _octets(mac.octets)
    bits = [mac.mask[at // 8] >> at % 8 & 1 for at in range(48)]
    length = bits.index(0) if 0 in bits else 48
    if length == 48:
        return text
    return f"{text}/{length}" if not any(bits[length:]) else f"{text}&{_octets(mac.mask)}"


def _octets(octets: tuple[int, ...]) -> str:
    return ":".join(f"{octet:02x}" for octet in octets)
