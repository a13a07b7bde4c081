"""A rule as pfctl 15.1 prints it with -P. Source: print_rule() of pfctl_parser.c; held against the recorded
verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import host_text
from jailpf.pf.simulated.rules.words import ICMP6_TYPES, ICMP_TYPES

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Host, Pool, Ports, Rule, StateOptions


def rule_text(rule: Rule, quoted: bool = False) -> str:
    """One line. With `quoted`, tags stand in quotes, which pfctl does not print but can read back."""
    if rule.text:
        return rule.text
    words = [f"no {rule.action}" if rule.no else rule.action]
    if rule.anchor:
        words.append(f'"{rule.anchor}"')
    words += [word for word in ("pass" if rule.passes else "", rule.block, rule.direction, rule.log) if word]
    if rule.quick:
        words.append("quick")
    if rule.interface:
        words.append(f"on {'! ' if rule.not_interface else ''}{rule.interface}")
    if rule.family:
        words.append(rule.family)
    if rule.proto:
        words.append(f"proto {rule.proto}")
    words += [_from_to(rule), *_options(rule, quoted)]
    if rule.pool:
        words.append(f"-> {_pool(rule.pool, rule.action)}")
    return " ".join(words)


def _from_to(rule: Rule) -> str:
    ends = [
        _host(rule.source) + _ports(rule.source_port),
        _host(rule.destination) + _ports(rule.destination_port),
    ]
    return "all" if ends == ["any", "any"] else f"from {ends[0]} to {ends[1]}"


def _host(host: Host) -> str:
    return ("! " if host.negated else "") + host_text(host)


def _ports(ports: Ports | None) -> str:
    if ports is None:
        return ""
    if ports.op == ":":
        return f" port {ports.low}:{ports.high}"
    if ports.op in {"><", "<>"}:
        return f" port {ports.low} {ports.op} {ports.high}"
    return f" port {ports.op} {ports.low}"


def _options(rule: Rule, quoted: bool) -> list[str]:
    words = []
    if rule.flags:
        words.append(f"flags {rule.flags}")
    if rule.icmp_type is not None:
        words.append(_icmp(rule))
    if rule.state:
        words.append(rule.state + (f" ({_state_options(rule.options)})" if rule.options else ""))
    if rule.allow_opts:
        words.append("allow-opts")
    words += [f'label "{_escaped(label) if quoted else label}"' for label in rule.labels]
    if rule.tag:
        words.append(f"tag {_tag(rule.tag, quoted)}")
    if rule.tagged:
        words.append(f"{'! ' if rule.not_tagged else ''}tagged {_tag(rule.tagged, quoted)}")
    if rule.rtable is not None:
        words.append(f"rtable {rule.rtable}")
    return words


def _tag(tag: str, quoted: bool) -> str:
    return f'"{_escaped(tag)}"' if quoted else tag


def _escaped(text: str) -> str:
    return text.replace('"', '\\"')


def _icmp(rule: Rule) -> str:
    word, names = ("icmp-type", ICMP_TYPES) if rule.proto == "icmp" else ("icmp6-type", ICMP6_TYPES)
    name = next((name for name, number in names.items() if number == rule.icmp_type), str(rule.icmp_type))
    return f"{word} {name}" + (f" code {rule.icmp_code}" if rule.icmp_code is not None else "")


def _state_options(options: StateOptions) -> str:
    rate = options.max_src_conn_rate
    texts = [
        f"max {options.max}" if options.max else "",
        "no-sync" if options.no_sync else "",
        f"source-track {options.source_track}" if options.source_track else "",
        f"max-src-states {options.max_src_states}" if options.max_src_states else "",
        f"max-src-conn {options.max_src_conn}" if options.max_src_conn else "",
        f"max-src-conn-rate {rate[0]}/{rate[1]}" if rate else "",
        f"max-src-nodes {options.max_src_nodes}" if options.max_src_nodes else "",
        f"overload <{options.overload}> {options.flush}".rstrip() if options.overload else "",
        "sloppy" if options.sloppy else "",
        *(f"{name} {value}" for name, value in options.timeouts),
    ]
    return ", ".join(text for text in texts if text)


def _pool(pool: Pool, action: str) -> str:
    hosts = [host_text(host) for host in pool.hosts]
    text = f"{{ {', '.join(hosts)} }}" if len(hosts) > 1 else hosts[0]
    if pool.port:
        text += f" port {pool.port}"
        if pool.port_end and pool.port_end != pool.port:
            text += f":{pool.port_end}"
    words = [text, pool.type, "sticky-address" if pool.sticky else ""]
    if pool.static_port and action == "nat":
        words.append("static-port")
    return " ".join(word for word in words if word)
