"""Anchor lines: `anchor` with and without rules in braces, nat-anchor, rdr-anchor, binat-anchor, and load anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.ends import direction, family, from_to, interfaces
from jailpf.pf.simulated.language.context import Frame
from jailpf.pf.simulated.language.expansion.derive import check_name
from jailpf.pf.simulated.language.expansion.expand import expand
from jailpf.pf.simulated.language.lexing.lexer import STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError, Stopped, SyntaxFault
from jailpf.pf.simulated.language.statements.filter_options import filter_options
from jailpf.pf.simulated.language.statements.filter_rule import check_tcp, filter_rule, rule_fields
from jailpf.pf.simulated.language.statements.include import include
from jailpf.pf.simulated.language.words.ports import protocol_text, protocols
from jailpf.pf.simulated.language.words.resolve import only_family
from jailpf.pf.simulated.language.words.small import rtable
from jailpf.pf.simulated.language.words.written import Lists
from jailpf.pf.simulated.rules.rule import Rule

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context

PATH_MAX, DEPTH_MAX = 1024, 64
RESERVED = "anchor names beginning with '_' are reserved for internal use"
NEEDS_NAME = "anchors without explicit rules must specify a name"


def anchor_name(c: Context) -> str | None:
    """The name of an anchor, None when there is none. Raises RuleError."""
    if not c.stream.at(STRING):
        return None
    name = c.stream.take()
    if not name:
        raise RuleError("anchor name must not be empty")
    if len(c.frames[-1].path.encode()) + 1 + len(name.encode()) >= PATH_MAX:
        raise RuleError(f"anchor name is longer than {PATH_MAX - 1}")
    if name.startswith("_") or "/_" in name:
        raise RuleError(RESERVED)
    return name


def anchor_rule(c: Context) -> None:
    """`anchor`, with rules in braces or without. Raises RuleError."""
    stream = c.stream
    stream.take("anchor")
    line = c.statement_line
    name = anchor_name(c)
    way = direction(stream)
    quick = stream.accept("quick")
    lists = Lists(interfaces=interfaces(c))
    base_family = family(stream)
    lists.protocols = protocols(c.stream)
    ends = from_to(c)
    o = filter_options(c)
    frame = c.left
    if stream.at("{"):
        frame = _braces(c)  # behind which nothing is read before the line is judged
    else:
        stream.end()
    c.require(6)
    c.left = frame  # where a line with braces is refused, pfctl takes them for those of the next anchor line
    c.statement_line = line
    target = inline_name(c, name, frame)
    check_tcp(o, lists.protocols, ends.systems, "applies")
    fields = rule_fields(o)
    if o.keep and o.keep[0] != "no state":
        raise RuleError("cannot specify state handling on anchors")
    if o.af_to:
        raise RuleError("af-to cannot stand on an anchor line: pfctl aborts")
    base_family = only_family(ends.sources, base_family)
    base_family = only_family(ends.destinations, base_family)
    lists.sources, lists.source_ports, lists.systems, lists.destinations, lists.destination_ports = ends
    lists.users, lists.groups, lists.received_on, lists.icmp = o.users, o.groups, o.received_on, o.icmp or []
    # Translation anchors in braces are read and never loaded.
    body = tuple(rule for rule in frame.rules if rule.section == "filter") if frame else None
    body = None if name and not body else body  # nothing is loaded there then, and what is there stays
    base = Rule("anchor", line=line, direction=way, quick=quick, family=base_family, anchor=target, body=body, **fields)
    expand(c, base, lists)
    c.left = None


def _braces(c: Context) -> Frame:
    """The rules in braces. After an error in them pfctl is outside of the braces again. Raises RuleError."""
    stream = c.stream
    stream.take("{")
    if len(c.frames) > DEPTH_MAX:
        raise Stopped("pfa_anchor: anchors too deep")
    c.anonymous += 1
    frame = Frame(f"_{c.anonymous}")
    c.frames.append(frame)
    stream.take("\n")
    while not stream.at("}"):
        if stream.accept("\n"):
            continue
        c.inner(_inner_statement)
    c.frames.pop()
    stream.take("}")
    return frame


def _inner_statement(c: Context) -> None:
    kind = c.stream.peek()
    c.statement_line = c.stream.line
    if kind in {"pass", "block", "match"}:
        filter_rule(c)
    elif kind == "anchor":
        anchor_rule(c)
    elif kind.endswith("-anchor"):
        translation_anchor(c)
    elif kind == "include":
        include(c)
    else:
        raise SyntaxFault
    c.stream.take("\n")


def inline_name(c: Context, name: str | None, frame: Frame | None, unique: bool = True) -> str:
    """How pfctl calls an anchor: as it is written, with rules in braces by its place. Raises RuleError."""
    if frame is None:
        if name is None:
            raise RuleError(NEEDS_NAME)
        return name
    if name and "/" in name:
        raise RuleError("anchor paths containing '/' cannot be used for inline anchors.")
    number = frame.count
    path = "/".join(part for part in (c.frames[-1].path, name or frame.path) if part)
    if name and unique:
        if c.inline.get(path):
            raise RuleError(f"inline anchor '{name}' already exists")
        c.inline[path] = number
    return (name or frame.path) if number else path


def translation_anchor(c: Context) -> None:
    """nat-anchor, rdr-anchor and binat-anchor. Raises RuleError."""
    stream = c.stream
    word = stream.take("nat-anchor", "rdr-anchor", "binat-anchor")
    name = stream.strings()
    lists = Lists(interfaces=interfaces(c))
    base_family = family(stream)
    lists.protocols = protocols(c.stream)
    ends = from_to(c)
    table = rtable(stream) if stream.at("rtable") else None
    if table is None:  # behind a number nothing is read before the line is judged
        stream.end()
    c.require(5)
    if word != "binat-anchor":
        base_family = only_family(ends.sources, base_family)
        base_family = only_family(ends.destinations, base_family)
    action = word if name else word.removesuffix("-anchor")
    base = Rule(action, line=c.statement_line, family=base_family, anchor=name, rtable=table)
    if word == "binat-anchor":
        if len(lists.protocols) > 1:
            raise RuleError("proto list expansion not supported in binat-anchor")
        if ends.sources or ends.source_ports or ends.destinations or ends.destination_ports:
            raise RuleError("fromto parameter not supported in binat-anchor")
        proto = protocol_text(lists.protocols[0]) if lists.protocols else ""
        check_name(name)
        c.frames[-1].rules.append(
            Rule(base.action, base.line, family=base_family, anchor=name, rtable=table, proto=proto)
        )
        return
    if word == "rdr-anchor":
        if ends.source_ports:
            raise RuleError("source port parameter not supported in rdr-anchor")
        if len(ends.destination_ports) > 1:
            raise RuleError("destination port list expansion not supported in rdr-anchor")
        if ends.destination_ports and ends.destination_ports[0].op != "=":
            raise RuleError("destination port operators not supported in rdr-anchor")
    lists.sources, lists.source_ports, lists.systems, lists.destinations, lists.destination_ports = ends
    expand(c, base, lists)


def load_anchor(c: Context) -> None:
    """`load anchor NAME from FILE`. Raises RuleError."""
    stream = c.stream
    stream.take("load")
    stream.take("anchor")
    name = anchor_name(c)
    stream.take("from")
    file = stream.strings()
    if name is None:
        raise RuleError("anchor name is missing")
    c.result.loads.append((f"{c.path}/{name}" if c.path else name, file))
