"""A rule as written becomes the rules that pf keeps: the cross product of its lists.

Source: expand_rule() and rule_consistent() of parse.y; facts.md section 4 on lists, families and ports.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.draft import End, Interface, RuleDraft
from jailpf.pf.simulated.language.hosts import (
    NO_COMBINATION,
    SKIPPING,
    Complaint,
    RuleError,
    resolve_host,
    resolve_ports,
)
from jailpf.pf.simulated.language.labels import expand_labels
from jailpf.pf.simulated.language.options import base_rule, finish, icmp_items
from jailpf.pf.simulated.language.pool import check_binat, make_pool, redirect_hosts
from jailpf.pf.simulated.rules.words import PROTOCOL_NUMBERS, PROTOCOLS, WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.rules.rule import Family, Host, Pool, Ports, Rule

IFNAMSIZ = 15


def expand(draft: RuleDraft, topology: Topology) -> list[Rule]:
    """All rules that the written rule means, in pfctl's order. Raises RuleError."""
    base, family = base_rule(draft), _family(draft.family)
    for interface in draft.interfaces:
        if len(interface.name.encode()) > IFNAMSIZ:
            raise RuleError("interface name too long")
    sources, destinations = _hosts(draft.source, topology), _hosts(draft.destination, topology)
    pool = None
    if draft.action in {"nat", "rdr", "binat"}:
        deduced = family or _only_family(sources) or _only_family(destinations)
        hosts, chosen = redirect_hosts(draft, deduced, topology)
        family = chosen if deduced or not family else family
        if draft.action == "binat":
            check_binat(draft, sources, hosts)
        pool = make_pool(draft, hosts) if hosts else None
    interfaces = draft.interfaces or (Interface("", False),)
    if draft.action == "binat":
        interfaces = interfaces[:1]
    rules, complaints = [], []
    for interface, proto, icmp, source, sport, destination, dport in product(
        interfaces,
        _protocols(draft),
        icmp_items(draft),
        sources,
        _ports(draft.source),
        destinations,
        _ports(draft.destination),
    ):
        af = _common_family(family, source, destination)
        if af is None:
            continue
        problem = _inconsistent(draft, af, proto, icmp[0], sport, dport)
        if problem:
            complaints += [Complaint(problem), Complaint(SKIPPING)]
            continue
        rule = replace(
            base,
            interface=interface.name,
            not_interface=interface.negated,
            family=af,
            proto=proto,
            icmp_type=icmp[0],
            icmp_code=icmp[1],
            source=source,
            source_port=sport,
            destination=destination,
            destination_port=dport,
            pool=_with_port_end(pool, dport),
        )
        rules.append(expand_labels(finish(rule)))
    if not rules:
        complaints.append(Complaint(NO_COMBINATION))
    if complaints:
        raise RuleError(*complaints)
    return rules


def _family(word: str) -> Family:
    return "inet" if word == "inet" else "inet6" if word == "inet6" else ""


def _hosts(end: End, topology: Topology) -> list[Host]:
    return [host for spec in end.hosts for host in resolve_host(spec, topology)]


def _only_family(hosts: list[Host]) -> Family:
    families = {host.family for host in hosts}
    return families.pop() if len(families) == 1 else ""


def _common_family(family: Family, source: Host, destination: Host) -> Family | None:
    """The family of the combination; None when it has two."""
    found = {f for f in (family, source.family, destination.family) if f}
    if len(found) > 1:
        return None
    return found.pop() if found else ""


def _ports(end: End) -> list[Ports | None]:
    return [resolve_ports(spec) for spec in end.ports] or [None]


def _protocols(draft: RuleDraft) -> Iterator[str]:
    for word in draft.protocols:
        number = int(word) if word.isdigit() else PROTOCOL_NUMBERS.get(word, -1)
        if not 0 < number < 256:
            raise RuleError(f"unknown protocol {word}" if number < 0 else f"proto {number} cannot be used")
        yield PROTOCOLS.get(number, str(number))
    if not draft.protocols:
        yield ""


def _with_port_end(pool: Pool | None, dport: Ports | None) -> Pool | None:
    """`port 7000:*` ends as far behind 7000 as the destination's range is long (facts.md section 4)."""
    if pool is None or pool.port_end != -1:
        return pool
    width = dport.high - dport.low if dport else 0
    return replace(pool, port_end=(pool.port + width) % 65536)


def _inconsistent(
    draft: RuleDraft, family: Family, proto: str, icmp: int | None, sport: Ports | None, dport: Ports | None
) -> str:
    """Why pfctl skips this combination, "" for none."""
    if proto not in WITH_PORTS and (sport or dport):
        which = "" if draft.action != "rdr" else "src " if sport else "dst "
        return f"{which}port only applies to tcp/udp/sctp"
    if draft.action == "rdr" and dport and dport.op not in {"=", ":"}:
        return "invalid port operator for rdr destination port"
    if draft.block == "return-rst" and proto != "tcp":
        return "return-rst can only be applied to TCP rules"
    if (proto, family) in {("icmp", "inet6"), ("ipv6-icmp", "inet")}:
        return f"proto {proto} doesn't match address family {family}"
    if icmp is not None and proto not in {"icmp", "ipv6-icmp"}:
        return "icmp-type/code only applies to icmp"
    return ""
