"""`ether`: rules and anchors of the Ethernet layer."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.language.clauses.ends import direction, from_to, interfaces
from jailpf.pf.simulated.language.context import Frame
from jailpf.pf.simulated.language.expansion.derive import last_part
from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError, SyntaxFault
from jailpf.pf.simulated.language.statements.anchors import NEEDS_NAME, anchor_name, inline_name
from jailpf.pf.simulated.language.statements.filter_rule import block
from jailpf.pf.simulated.language.words.labels import NAME_MAX
from jailpf.pf.simulated.language.words.small import label
from jailpf.pf.simulated.language.words.written import ANYWHERE, NOWHERE
from jailpf.pf.simulated.rules.ether import IP4, IP6, EtherRule, Mac

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.lexing.stream import Stream

_MAC = re.compile(r"\s*([0-9A-Fa-f]{1,2})" + r":\s*([0-9A-Fa-f]{1,2})" * 5)
_ETHER = 2


def ether(c: Context) -> None:
    """An ether rule, or an ether anchor. Raises RuleError."""
    stream = c.stream
    stream.take("ether")
    if stream.at("anchor"):
        _anchor(c)
        return
    action = stream.take("pass", "block", "match")
    if action == "block":
        block(c)
    fields: dict[str, Any] = {"direction": direction(stream), "quick": stream.accept("quick")}
    on = interfaces(c)
    if stream.accept("bridge-to"):
        fields["bridge_to"] = stream.string()
    lists = _where(c)
    fields |= _options(c)
    stream.end()
    c.require(_ETHER)
    if len(fields.get("tagged", "").encode()) > NAME_MAX:
        raise RuleError(f"tag too long, max {NAME_MAX} chars")
    for text in fields.get("labels", ()):
        if len(text.encode()) > NAME_MAX:
            raise RuleError(f"rule label too long (max {NAME_MAX} chars)")
    _expand(c, EtherRule(action, c.statement_line, **fields), on, lists)


def _where(c: Context) -> tuple[list[Any], ...]:
    """Protocols, hardware addresses from and to, and behind l3 addresses from and to."""
    stream = c.stream
    protos = stream.listed(lambda: _protocol(c)) if stream.accept("proto") else []
    sources: list[Mac] = []
    destinations: list[Mac] = []
    if not stream.accept("all"):
        sources = _macs(stream) if stream.accept("from") else []
        destinations = _macs(stream) if stream.accept("to") else []
    ends: tuple[list[Any], list[Any]] = ([], [])
    if stream.accept("l3"):
        found = from_to(c)
        stream.peek()
        for word, nodes in (("from", found.sources), ("to", found.destinations)):
            if nodes and nodes[0].host.kind not in {"net", "table"}:
                raise RuleError(f"{word} must be an address or table")
        ends = found.sources, found.destinations
    return protos, sources, destinations, *ends


def _protocol(c: Context) -> int:
    stream = c.stream
    if stream.at(NUMBER):
        number = int(stream.take())
        if not 0 <= number <= 65565:
            raise RuleError("protocol outside range")
    else:
        text = stream.take(STRING)
        if text.startswith("0x"):
            found = re.match(r"0x([0-9A-Fa-f]{1,4})", text)
            if not found:
                raise RuleError("invalid EtherType hex")
            number = int(found[1], 16)
        else:
            c.complain("Symbolic EtherType not yet supported")
            number = 1
    if not number % 65536:
        raise RuleError("proto 0 cannot be used")
    return number % 65536


def _macs(stream: Stream) -> list[Mac]:
    if not stream.accept("{"):
        return [_mac(stream)]
    stream.newlines()
    found = [_mac(stream)]
    stream.newlines()
    while not stream.accept("}"):
        stream.accept(",")
        found.append(_mac(stream))
    return found


def _mac(stream: Stream) -> Mac:
    negated = stream.accept("!")
    text = stream.strings()
    if stream.accept("/"):
        length = stream.integer()
        if not 0 <= length <= 48:
            raise RuleError("invalid MAC mask length")
        mask = tuple(sum(1 << bit for bit in range(8) if octet * 8 + bit < length) for octet in range(6))
        return Mac(_octets(text, "invalid MAC address"), mask, negated)
    address, ampersand, mask_text = text.partition("&")
    octets = _octets(address, "invalid MAC address")
    if not ampersand:
        return Mac(octets, negated=negated)
    return Mac(octets, _octets(mask_text.split("&")[0], "invalid MAC mask"), negated)


def _octets(text: str, problem: str) -> tuple[int, ...]:
    found = _MAC.match(text)
    if not found:
        raise RuleError(problem)
    return tuple(int(part, 16) for part in found.groups())


def _options(c: Context) -> dict[str, Any]:
    stream = c.stream
    found: dict[str, Any] = {}
    labels: list[str] = []
    while True:
        kind = stream.peek()
        if kind == "queue":
            name = _queue(stream)
            if "queue" in found:
                raise RuleError("queue cannot be redefined")
            found["queue"] = name[:NAME_MAX]
        elif kind == "label":
            label(stream, labels)
            found["labels"] = tuple(labels)
        elif kind == "ridentifier":
            stream.take()
            found["ridentifier"] = stream.number() % 2**32
        elif kind == "tag":
            stream.take()
            found["tag"] = stream.strings()[:NAME_MAX]
        elif kind in {"!", "tagged"}:
            found["not_tagged"] = stream.accept("!")
            stream.take("tagged")
            found["tagged"] = stream.strings()
        elif kind in {"dnpipe", "dnqueue"}:
            stream.take()
            before = found.get("dummynet", ("", 0))[0]
            word = "dnpipe" if "dnpipe" in {kind, before} else "dnqueue"
            found["dummynet"] = (word, stream.number() % 65536)
        else:
            return found


def _queue(stream: Stream) -> str:
    stream.take("queue")
    if not stream.accept("("):
        return stream.string()
    name = stream.string()
    stream.take(")")
    return name


def _expand(c: Context, base: EtherRule, on: list[Any], lists: tuple[list[Any], ...]) -> None:
    from dataclasses import replace

    protos, sources, destinations, ip_sources, ip_destinations = lists
    axes = (
        on or [NOWHERE],
        protos or [0],
        sources or [None],
        destinations or [None],
        ip_sources or [ANYWHERE],
        ip_destinations or [ANYWHERE],
    )
    for interface, proto, source, destination, ip_source, ip_destination in product(*axes):
        family = ip_source.family or ip_destination.family
        protocol = proto or {"inet": IP4, "inet6": IP6}.get(family, 0)
        c.frames[-1].count += 1
        c.frames[-1].ether.append(
            replace(
                base,
                interface=interface.name,
                not_interface=interface.negated,
                protocol=protocol,
                source=source,
                destination=destination,
                ip_source=ip_source.host,
                ip_destination=ip_destination.host,
            )
        )


def _anchor(c: Context) -> None:
    stream = c.stream
    stream.take("anchor")
    line = c.statement_line
    name = anchor_name(c)
    fields: dict[str, Any] = {"direction": direction(stream), "quick": stream.accept("quick")}
    on = interfaces(c)
    lists = _where(c)
    frame = _braces(c) if stream.at("{") else None
    stream.end()
    c.require(_ETHER)
    if frame is None and name is None:
        raise RuleError(NEEDS_NAME)
    target = inline_name(c, name, frame, unique=False) if frame else last_part(name or "")
    body = tuple(frame.ether) if frame else None
    _expand(c, EtherRule("anchor", line, anchor=target, body=body, **fields), on, lists)


def _braces(c: Context) -> Frame:
    stream = c.stream
    stream.take("{")
    c.anonymous += 1
    frame = Frame(f"_{c.anonymous}")
    c.frames.append(frame)
    stream.take("\n")
    while not stream.at("}"):
        if not stream.accept("\n"):
            c.inner(_inner)
    c.frames.pop()
    stream.take("}")
    return frame


def _inner(c: Context) -> None:
    c.statement_line = c.stream.line
    if not c.stream.at("ether"):
        raise SyntaxFault
    ether(c)
    c.stream.take("\n")
