"""Whether a rule matches a packet, as far as that can be known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.back import unrouted, ways_back
from jailpf.pf.simulated.rules.addresses import network
from jailpf.pf.simulated.rules.unknown import may_match

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.back import Back
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Family, Host, Rule

ALL_FLAGS = "FSRPAUEWe"
WHOLE = 128  # the prefix of (em0) when none is written


class Matcher:
    """Compares rules with packets as the kernel does, for one Model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._back: dict[Family, list[Back]] = {}
        self._dynamic: dict[tuple[str, int], list[Host]] = {}

    def rule(self, rule: Rule, path: str, packet: Packet, tag: str) -> bool | None:
        """Whether the rule of the anchor `path` matches; None when only FreeBSD could say."""
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
        if rule.received_on and self.interface(rule.received_on, packet.received) == rule.not_received_on:
            return False
        if rule.source_port is not None and packet.source_port not in rule.source_port:
            return False
        words = self.words(rule, packet)
        if words is False:
            return False
        ends = self.ends(rule, path, packet)
        return words if ends else ends

    def words(self, rule: Rule, packet: Packet) -> bool | None:
        """Whether all that is neither address, port nor interface matches; None where only FreeBSD could say."""
        if rule.action == "unknown":
            hint = rule.expanded or rule.text
            might = may_match(hint, packet.interface, packet.direction, packet.family, packet.proto)
            return None if might else False
        if rule.fragment:
            return False  # the packets of the simulated pf are whole
        if rule.icmp_type is not None and rule.icmp_type != packet.icmp:
            return False
        if rule.icmp_code is not None and rule.icmp_code != packet.icmp_code:
            return False
        if packet.proto == "tcp" and not _flags_match(rule.flags, packet.flags):
            return False
        if rule.os and (packet.proto != "tcp" or packet.flags != "S"):
            return False  # only a SYN is looked at for a fingerprint
        return None if unknowable(rule) else True

    def ends(self, rule: Rule, path: str, packet: Packet) -> bool | None:
        """Whether source and destination match. A binat rule looks at its pool for incoming packets."""
        source, destination = rule.source, rule.destination
        if rule.action == "binat" and packet.direction == "in" and rule.pool:
            source, destination = destination, rule.pool.hosts[0]
        found = self.host(destination, path, packet.family, packet.destination, packet.interface)
        if found is False:
            return False
        other = self.host(source, path, packet.family, packet.source, packet.interface)
        return None if other and found is None else other

    def host(self, host: Host, path: str, family: Family, number: int, interface: str = "") -> bool | None:
        """Whether an address is meant by a rule's from or to, on an interface; None for a table whose content is not known,
        and where routes are not known.
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
            found = any(h.family == family and h.low <= number <= h.high for h in self.dynamic(host.name, host.prefix))
        elif host.kind == "unknown":
            return None
        else:
            unrouted = self._unrouted(family, number, interface if host.kind == "urpf-failed" else "")
            if unrouted is None:
                return None
            found = unrouted
        return found != host.negated

    def _unrouted(self, family: Family, number: int, interface: str) -> bool | None:
        if family not in self._back:
            self._back[family] = ways_back(self.model.topology, family)
        return unrouted(self._back[family], family, number, interface)

    def dynamic(self, name: str, prefix: int = WHOLE) -> list[Host]:
        """The addresses that `(name)` stands for now, or with a prefix the networks around them."""
        key = (name, prefix)
        if key not in self._dynamic:
            found = self.model.topology.resolve(name) or []
            self._dynamic[key] = [network(one.family, one.low, prefix) if prefix < one.prefix else one for one in found]
        return self._dynamic[key]

    def interface(self, name: str, interface: str) -> bool:
        """Whether `on name` means that interface: by its name or its group."""
        return name == interface or self.model.topology.in_group(interface, name)


def unknowable(rule: Rule) -> str:
    """The word of a rule that keeps it unknown which packets it matches, "" for none."""
    if rule.probability:
        return "probability"
    if rule.user or rule.group:
        return "user" if rule.user else "group"
    if rule.os or rule.tos or rule.prio is not None:
        return "os" if rule.os else "tos" if rule.tos else "prio"
    if rule.max_pkt_rate or rule.max_pkt_size:
        return "max-pkt-rate" if rule.max_pkt_rate else "max-pkt-size"
    return ""


@lru_cache(maxsize=1024)
def _flags_match(wanted: str, have: str) -> bool:
    """Whether `flags A/B` matches: of the flags in B exactly those in A are set."""
    if not wanted or wanted == "any":
        return True
    on, _, mask = wanted.partition("/")
    return set(on) == set(have) & set(mask or ALL_FLAGS)
