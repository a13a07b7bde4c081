"""nat, rdr and binat rules, with `no` and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.pf.simulated.language.clauses.ends import family, from_to, interfaces, log_options
from jailpf.pf.simulated.language.clauses.hosts import end_hosts
from jailpf.pf.simulated.language.clauses.pools import bad_mask, behind, of_family, redirect, translation
from jailpf.pf.simulated.language.clauses.state_options import only_pflow
from jailpf.pf.simulated.language.expansion.derive import with_texts
from jailpf.pf.simulated.language.expansion.expand import expand
from jailpf.pf.simulated.language.lexing.behind import PASS
from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError
from jailpf.pf.simulated.language.words.labels import NAME_MAX
from jailpf.pf.simulated.language.words.ports import protocol_text, protocols
from jailpf.pf.simulated.language.words.resolve import several
from jailpf.pf.simulated.language.words.small import rtable
from jailpf.pf.simulated.language.words.written import Lists
from jailpf.pf.simulated.rules.rule import ANY, Pool, Rule, StateOptions

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.words.interfaces import Node
    from jailpf.pf.simulated.language.words.redirect import Redirect
    from jailpf.pf.simulated.rules.rule import Family, Host

_ONLY_YES = '"pass" not valid with "no"'
_NO_NEXTHOP = "The prefer-ipv6-nexthop option can't be used for nat/rdr/binat pools"


class _Tail(NamedTuple):
    """tag, tagged and rtable, in this order."""

    tag: str
    tagged: str
    negated: bool
    rtable: int | None

    def fields(self) -> dict[str, Any]:
        for tag in (self.tag, self.tagged):
            if len(tag.encode()) > NAME_MAX:
                raise RuleError(f"tag too long, max {NAME_MAX} chars")
        return {"tag": self.tag, "tagged": self.tagged, "not_tagged": self.negated, "rtable": self.rtable}


def translation_rule(c: Context, no: bool) -> None:
    """A nat or rdr rule behind `no`. Raises RuleError."""
    stream = c.stream
    action = stream.take("nat", "rdr")
    passes, log = _pass_log(c)
    if no and passes:
        if not log:
            stream.must(PASS)
        raise RuleError(_ONLY_YES)
    lists = Lists(interfaces=interfaces(c))
    base_family = family(stream)
    lists.protocols = protocols(c.stream)
    ends = from_to(c)
    pflow = c.printed and stream.accept("(")  # so pfctl prints what it cannot read
    if pflow:
        stream.take("pflow")
        stream.take(")")
    tail = _tail(c)
    pool = redirect(c) if stream.accept("ARROW") else None
    if pool:
        behind(c, pool)
    else:
        stream.end()
    c.require(5)
    base_family = base_family or _first_family(ends.sources) or _first_family(ends.destinations)
    fields = tail.fields()
    if no and pool:
        raise RuleError("translation rule with 'no' does not need '->'")
    if not no:
        if not pool:
            raise RuleError("translation rule requires '-> address'")
        if pool.ipv6_nexthop:
            raise RuleError(_NO_NEXTHOP)
        base_family = translation(pool, base_family)
    fields["options"] = StateOptions(pflow=True) if pflow else only_pflow(c.state_defaults)
    lists.sources, lists.source_ports, lists.systems, lists.destinations, lists.destination_ports = ends
    lists.rdr = pool
    base = Rule(action, c.statement_line, no=no, passes=passes, log=log, family=base_family, **fields)
    expand(c, base, lists)


def _first_family(nodes: list[Node]) -> Family:
    return nodes[0].family if nodes and not nodes[0].scope else ""


def _pass_log(c: Context) -> tuple[bool, str]:
    passes = c.stream.accept("pass")
    return passes, log_options(c.stream) if c.stream.at("log") else ""


def _tail(c: Context) -> _Tail:
    stream = c.stream
    tag = stream.string() if stream.accept("tag") else ""
    tagged, negated = "", False
    if stream.at("!", "tagged"):
        negated = stream.accept("!")
        stream.take("tagged")
        tagged = stream.strings()
    return _Tail(tag, tagged, negated, rtable(stream) if stream.at("rtable") else None)


def binat_rule(c: Context, no: bool) -> None:
    """A binat rule behind `no`: one source, one address. Raises RuleError."""
    stream = c.stream
    stream.take("binat")
    passes, log = _pass_log(c)
    on = interfaces(c)
    written_family = family(stream)
    protos = protocols(c.stream)
    everywhere = c.printed and stream.accept("all")  # so pfctl prints what it cannot read
    if not everywhere:
        stream.take("from")
    source = [] if everywhere else end_hosts(c)
    destination = end_hosts(c) if stream.accept("to") else []
    tail = _tail(c)
    pool = redirect(c, options=False) if stream.accept("ARROW") else None
    stream.end()
    c.require(5)
    if any(node.host.kind == "urpf-failed" for node in destination):
        raise RuleError('"urpf-failed" is not permitted as a binat destination')
    if no and passes:
        raise RuleError(_ONLY_YES)
    found = written_family or _family(source) or _family(destination) or _family(pool.nodes if pool else [])
    if not found:
        raise RuleError("address family (inet/inet6) undefined")
    fields = tail.fields()
    if on:
        fields["interface"], fields["not_interface"] = on[0]
    if protos:
        fields["proto"] = protocol_text(protos[0])
    _refuse(source, "source")
    _refuse(pool.nodes if pool else [], "redirect")
    source_host = _single(source, found, strict=True)
    destination_host = _single(destination, found, strict=False)
    target = _target(no, pool, found, source_host)
    c.frames[-1].rules.append(
        with_texts(
            c,
            Rule(
                "binat",
                c.statement_line,
                no=no,
                passes=passes,
                log=log,
                family=found,
                source=_plain(source_host),
                destination=destination_host,
                pool=Pool((target,)) if target else None,
                **fields,
            ),
            0,
        )
    )


def _family(nodes: list[Node]) -> Family:
    return nodes[0].family if nodes else ""


def _refuse(nodes: list[Node], what: str) -> None:
    tables = [node.host.name for node in nodes if node.host.kind == "table"]
    if tables:
        raise RuleError(f"invalid use of table <{tables[0]}> as the {what} address of a binat rule")
    names = [node.host.name.split(":")[0] for node in nodes if several(node.host)]
    if names:
        raise RuleError(f"invalid use of interface ({names[0]}) as the {what} address of a binat rule")


def _single(nodes: list[Node], found: Family, strict: bool) -> Host:
    if not nodes:
        return ANY
    if len(nodes) > 1:
        raise RuleError("multiple binat ip addresses")
    host = nodes[0].host
    if host.family != found and not (host.kind == "dynamic" or (not strict and not host.family)):
        raise RuleError("binat ip versions must match")
    host = of_family(host, found)
    if problem := bad_mask(host, found):
        raise RuleError(Complaint(problem, placed=False))
    return host


def _plain(host: Host) -> Host:
    """The source of a binat rule: pfctl forgets its `!`."""
    from dataclasses import replace

    return replace(host, negated=False) if host.negated else host


def _target(no: bool, pool: Redirect | None, found: Family, source: Host) -> Host | None:
    if no:
        if pool:
            raise RuleError("'no binat' rule does not need '->'")
        return None
    if not pool:
        raise RuleError("'binat' rule requires '-> address'")
    before = len(pool.nodes)
    if before > 1:
        fit = [node for node in pool.nodes if not node.family or node.family == found]
        if len(fit) > 1:
            raise RuleError("binat rule must redirect to a single address")
    translation(pool, found)
    host = pool.nodes[0].host
    if source.kind != "any" and _mask(source, found) not in {0, _mask(host, found)}:
        raise RuleError("'binat' source mask and redirect mask must be the same")
    return host


def _mask(host: Host, found: Family) -> int:
    if host.kind == "range":  # pf keeps the last address in the place of the mask
        return -1 - host.high
    return min(host.prefix, 32) if found == "inet" else host.prefix
