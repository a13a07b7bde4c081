"""What a rule must not say at once, checked for each rule that a statement expands to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.rules.rule import Rule


def faults(rule: Rule) -> Iterator[str]:
    """Why pfctl skips a rule."""
    if rule.section == "rdr":
        yield from _redirection(rule)
    elif rule.section in {"filter", "scrub"}:
        yield from _filter(rule)
        yield from _by_action(rule)


def _redirection(rule: Rule) -> Iterator[str]:
    if rule.proto not in WITH_PORTS:
        if rule.source_port:
            yield "src port only applies to tcp/udp/sctp"
        if rule.destination_port:
            yield "dst port only applies to tcp/udp/sctp"
        if rule.pool and rule.pool.port:
            yield "rdr port only applies to tcp/udp/sctp"
    if rule.destination_port and rule.destination_port.op not in {"=", ":"}:
        yield "invalid port operator for rdr destination port"


def _filter(rule: Rule) -> Iterator[str]:
    ports = rule.source_port or rule.destination_port
    icmp = rule.icmp_type is not None
    options = rule.options
    if rule.proto not in WITH_PORTS and ports:
        yield "port only applies to tcp/udp/sctp"
    if rule.proto not in {"icmp", "ipv6-icmp"} and icmp:
        yield "icmp-type/code only applies to icmp"
    if not rule.family and icmp:
        yield "must indicate address family with icmp-type/code"
    if rule.af_to and rule.family == rule.af_to:
        yield "must indicate different address family with af-to"
    if options and options.overload and not options.max_src_conn and not options.max_src_conn_rate:
        yield "'overload' requires 'max-src-conn' or 'max-src-conn-rate'"
    if (rule.proto, rule.family) in {("icmp", "inet6"), ("ipv6-icmp", "inet")}:
        name = "icmp" if rule.proto == "icmp" else "icmp6"
        yield f"proto {name} doesn't match address family {rule.family}"
    if rule.allow_opts and (rule.action not in {"pass", "match"} and not rule.anchor):
        yield "allow-opts can only be specified for pass or match rules"
    if rule.fragment and (ports or icmp or "/" in rule.flags):
        yield "fragments can be filtered only on IP header fields"
    if rule.block == "return-rst" and rule.proto != "tcp":
        yield "return-rst can only be applied to TCP rules"
    if rule.state not in {"", "no state"} and rule.action not in {"pass", "anchor"}:
        yield "keep state is great, but only for pass rules"
    if options and options.sloppy and rule.state in {"modulate state", "synproxy state"}:
        yield "sloppy state matching cannot be used with synproxy state or modulate state"


def _by_action(rule: Rule) -> Iterator[str]:
    if rule.af_to and rule.route == "dup-to":
        yield "dup-to must not be used on af-to rules"
    if rule.action == "match":
        if rule.divert_to:
            yield "divert is not supported on match rules"
        if rule.route:
            yield "route-to, reply-to, dup-to and fastroute must not be used on match rules"
        if rule.af_to:
            yield "af-to is not supported on match rules"
    elif rule.action == "block" and rule.route:
        yield "route-to, reply-to and dup-to are not supported on block rules"
    if any(pool and pool.hosts for pool in (rule.nat_to, rule.rdr_to)):
        if rule.action != "match" and rule.state in {"", "no state"}:
            yield "nat-to and rdr-to require keep state"
        if not rule.direction:
            yield "nat-to and rdr-to require a direction"
