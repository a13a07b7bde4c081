"""pass, block and match rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.language.clauses.ends import direction, family, from_to, interfaces, log_quick
from jailpf.pf.simulated.language.clauses.pools import fitting, route, translation
from jailpf.pf.simulated.language.clauses.state_options import options
from jailpf.pf.simulated.language.expansion.expand import expand
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.statements.filter_options import filter_options
from jailpf.pf.simulated.language.words.icmp import return_code
from jailpf.pf.simulated.language.words.labels import NAME_MAX
from jailpf.pf.simulated.language.words.ports import protocols
from jailpf.pf.simulated.language.words.resolve import only_family
from jailpf.pf.simulated.language.words.small import flags_text
from jailpf.pf.simulated.language.words.written import Lists
from jailpf.pf.simulated.rules.rule import Rule

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.statements.said import Options
    from jailpf.pf.simulated.rules.rule import Family

TCP = 6
_UNREACHABLE, _UNREACHABLE6 = 3 << 8, 1 << 8
RETURN_CODES = (_UNREACHABLE | 3, _UNREACHABLE6 | 4)


def filter_rule(c: Context) -> None:
    """A pass, block or match rule. Raises RuleError."""
    stream = c.stream
    action = stream.take("pass", "block", "match")
    fields: dict[str, Any] = block(c) if action == "block" else {}
    way = direction(stream)
    log, quick = log_quick(stream)
    lists = Lists(interfaces=interfaces(c))
    how, lists.route = route(c)
    base_family = family(stream)
    lists.protocols = protocols(c.stream)
    ends = from_to(c)
    o = filter_options(c)
    if not (o.said and stream.at("{")):  # pfctl sees that no brace belongs here after it has looked at the rule
        stream.end()
    c.require(6)
    fields |= rule_fields(o)
    check_tcp(o, lists.protocols, ends.systems, "apply")
    fields |= _states(c, o, action)
    lists.sources, lists.source_ports, lists.systems, lists.destinations, lists.destination_ports = ends
    base_family = only_family(ends.sources, base_family)
    base_family = only_family(ends.destinations, base_family)
    if lists.route:
        base_family = _route(lists, how, way, base_family, o)
        fields["route"] = how
    if o.dummynet and any(o.dummynet[1:]):
        fields["dummynet"] = o.dummynet
    fields["divert_to"] = o.divert_to
    lists.nat, lists.rdr = o.nat, o.rdr
    if o.af_to and o.nat:
        fields["af_to"] = o.nat.family
    else:
        for pool in (o.nat, o.rdr):
            if pool:
                base_family = translation(pool, base_family)
    lists.users, lists.groups, lists.received_on, lists.icmp = o.users, o.groups, o.received_on, o.icmp or []
    base = Rule(
        action,
        line=c.statement_line,
        direction=way,
        log=log,
        quick=quick,
        family=base_family,
        **fields,
    )
    expand(c, base, lists)


def block(c: Context) -> dict[str, Any]:
    """How a block rule answers. Raises RuleError."""
    stream = c.stream
    kind = stream.peek()
    if kind in {"drop", "return"}:
        return {"block": stream.take()}
    if kind == "return-rst":
        stream.take()
        ttl = 0
        if stream.accept("("):
            stream.take("ttl")
            ttl = stream.integer()
            stream.take(")")
            if not 0 <= ttl <= 255:
                raise RuleError(f"illegal ttl value {(ttl + 2**31) % 2**32 - 2**31}")
        return {"block": "return-rst", "return_ttl": ttl}
    if kind in {"return-icmp", "return-icmp6"}:
        stream.take()
        return {"block": "return-icmp", "return_codes": _codes(c, kind == "return-icmp6")}
    return {"block": c.block_policy}


def _codes(c: Context, six: bool) -> tuple[int, int]:
    stream = c.stream
    if not stream.accept("("):
        return RETURN_CODES
    if six:
        found = RETURN_CODES[0], _UNREACHABLE6 | return_code(stream, six=True)
    else:
        first = _UNREACHABLE | return_code(stream, six=False)
        second = RETURN_CODES[0]  # so pfctl has it: the code of IPv4 in the place of the other
        if not stream.at(")"):
            stream.accept(",")
            second = _UNREACHABLE6 | return_code(stream, six=True)
        found = first, second
    stream.take(")")
    return found


def check_tcp(o: Options, protocols: list[int], systems: list[str], verb: str) -> None:
    """Flags and fingerprints are for tcp. Raises RuleError."""
    flagged = o.flags is not None and any(o.flags)
    if (flagged or systems) and protocols and TCP not in protocols:
        problems = ["flags only apply to tcp"] if flagged else []
        raise RuleError(*problems, *([f"OS fingerprinting only {verb} to tcp"] if systems else []))


def rule_fields(o: Options) -> dict[str, Any]:
    """The fields of a rule, or of an anchor line, that its options give. Raises RuleError."""
    for tag in (o.tag, o.tagged[0]):
        if len(tag.encode()) > NAME_MAX:
            raise RuleError(f"tag too long, max {NAME_MAX} chars")
    for text in o.labels:
        if len(text.encode()) > NAME_MAX:
            raise RuleError(f"rule label too long (max {NAME_MAX} chars)")
    if o.flags and o.flags[0] & o.flags[1] != o.flags[0]:
        raise RuleError("flags always false")
    for name, what in zip(o.queue or (), ("qname", "pqname"), strict=False):
        if len(name.encode()) > NAME_MAX:
            raise RuleError(f"rule {what} too long (max {NAME_MAX} chars)")
    return {
        "max_pkt_rate": o.max_pkt_rate if o.max_pkt_rate and o.max_pkt_rate[0] else None,
        "max_pkt_size": o.max_pkt_size,
        "probability": o.probability,
        "rtable": o.rtable,
        "ridentifier": o.ridentifier,
        "tos": o.tos or 0,
        "prio": o.prio,
        "scrub": o.scrub.scrub() if o.scrub else None,
        "tag": o.tag,
        "tagged": o.tagged[0],
        "not_tagged": o.tagged[1],
        "labels": tuple(o.labels),
        "set_prio": o.set_prio,
        "set_tos": o.set_tos,
        "flags": flags_text(o.flags) if o.flags else "",
        "queue": o.queue or ("", ""),
        "fragment": o.fragment,
        "allow_opts": o.allow_opts,
    }


def _states(c: Context, o: Options, action: str) -> dict[str, Any]:
    """`keep state` and `flags S/SA` are the defaults of a pass rule. Raises RuleError."""
    state, written = o.keep or ("", [])
    if o.keep is None and action == "pass":
        state, written = "keep state", c.state_defaults or []
    keeps = state not in {"", "no state"}
    found: dict[str, Any] = {"state": state if keeps or action == "pass" else ""}
    found["options"] = options(written, c, keeps)
    if action == "pass" and keeps and o.flags is None and not o.fragment:
        found["flags"] = "S/SA"
    return found


def _route(lists: Lists, how: str, way: str, base_family: Family, o: Options) -> Family:
    """The family of a rule with route-to. Raises RuleError."""
    pool = lists.route
    assert pool and how  # noqa: PT018, S101
    if not way:
        raise RuleError("direction must be explicit with rules that specify routing")
    if pool.ipv6_nexthop:
        return base_family
    base_family = only_family(pool.nodes, base_family)
    if not o.af_to:
        pool.nodes, base_family = fitting(pool.nodes, base_family)
    if not pool.nodes:
        raise RuleError("no routing address with matching address family found.")
    return base_family
