"""The packet that opens a connection, and whether a rule matches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.unknown import may_match

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family, Host, Rule

ECHO_REQUEST = {"icmp": 8, "ipv6-icmp": 128}


@dataclass(slots=True)
class Packet:
    """A first packet on an interface: for TCP a SYN, for ICMP an echo request."""

    family: Family
    proto: str
    source: int
    source_port: int
    destination: int
    destination_port: int
    interface: str = ""
    direction: str = ""
    tag: str = ""
    icmp_type: int = -1  # -1: an echo request


class Matcher:
    """Compares rules with packets as the kernel does, for one Model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._dynamic: dict[str, list[Host]] = {}

    def rule(self, rule: Rule, path: str, packet: Packet, tag: str) -> bool | None:
        """Whether the rule of the anchor `path` matches; None when only FreeBSD could say (an unknown
        rule).
        """
        if rule.proto and rule.proto != packet.proto:
            return False
        if rule.destination_port is not None and packet.destination_port not in rule.destination_port:
            return False
        if rule.family and rule.family != packet.family:
            return False
        if rule.direction and rule.direction != packet.direction:
            return False
        if rule.tagged and (rule.tagged == tag) == rule.not_tagged:
            return False
        if rule.interface and self.interface(rule.interface, packet.interface) == rule.not_interface:
            return False
        if rule.action == "unknown":
            return self.words(rule, packet)
        if rule.source_port is not None and packet.source_port not in rule.source_port:
            return False
        return self.words(rule, packet) and self.ends(rule, path, packet)

    def words(self, rule: Rule, packet: Packet) -> bool | None:
        """Whether flags and ICMP type match; None for an unknown rule that might match."""
        if rule.action == "unknown":
            hint = rule.expanded or rule.text
            might = may_match(hint, packet.interface, packet.direction, packet.family, packet.proto)
            return None if might else False
        if rule.icmp_type is not None and not _icmp_matches(rule, packet):
            return False
        return packet.proto != "tcp" or _syn_matches(rule.flags)

    def ends(self, rule: Rule, path: str, packet: Packet) -> bool | None:
        """Whether source and destination match. A binat rule looks at its pool for incoming packets."""
        source, destination = rule.source, rule.destination
        if rule.action == "binat" and packet.direction == "in" and rule.pool:
            source, destination = destination, rule.pool.hosts[0]
        found = self.host(destination, path, packet.family, packet.destination)
        if found is False:
            return False
        other = self.host(source, path, packet.family, packet.source)
        return None if other and found is None else other

    def host(self, host: Host, path: str, family: Family, number: int) -> bool | None:
        """Whether an address is meant by a rule's from or to; None for a table whose content is not known.

        no-route and urpf-failed match nothing: the simulated host has a default route and nobody forges
        addresses.
        """
        if host.kind == "any":
            found = True
        elif host.kind in {"net", "range"}:
            found = family == host.family and host.low <= number <= host.high
        elif host.kind == "table":
            table = self.model.table(path, host.name)
            if table is None and self.model.is_doubtful(host.name):
                return None
            found = table is not None and table.matches(family, number)
        elif host.kind == "dynamic":
            found = any(h.family == family and h.low <= number <= h.high for h in self.dynamic(host.name))
        else:
            found = False
        return found != host.negated

    def dynamic(self, name: str) -> list[Host]:
        """The addresses that `(name)` stands for now."""
        if name not in self._dynamic:
            self._dynamic[name] = self.model.topology.resolve(name) or []
        return self._dynamic[name]

    def interface(self, name: str, interface: str) -> bool:
        """Whether `on name` means that interface: by its name or its group."""
        return name == interface or self.model.topology.in_group(interface, name)


def _icmp_matches(rule: Rule, packet: Packet) -> bool:
    sent = packet.icmp_type if packet.icmp_type >= 0 else ECHO_REQUEST.get(packet.proto)
    return rule.icmp_type == sent and not rule.icmp_code


def _syn_matches(flags: str) -> bool:
    """Whether `flags A/B` matches a SYN: of the flags in B exactly those in A are set."""
    if not flags or flags == "any":
        return True
    wanted, _, mask = flags.partition("/")
    return set(wanted) == {"S"} & set(mask or "FSRPAUEWe")
