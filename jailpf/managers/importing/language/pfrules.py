"""Statements of pf.conf(5) read into rules and tables. Raises LostError for what a declaration has no word for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.rule_data import PfRule, PfTable
from jailpf.managers.importing.language.word_reader import Reader
from jailpf.managers.importing.language.words import port as parse_port
from jailpf.values.icmp import IcmpType

if TYPE_CHECKING:
    from jailpf.values import Port

FAMILIES = ("inet", "inet6")
PROTOCOLS = {"ipv6-icmp": "icmp6", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6", "132": "sctp"}
LIMITS = ("max", "max-src-conn", "max-src-conn-rate", "max-src-states")


def statement(words: list[str]) -> PfRule | PfTable:
    """The statement that these words are. Raises LostError."""
    reader = Reader(words)
    first = reader.take()
    if first == "table":
        return _table(reader)
    if first in ("nat", "rdr", "binat"):
        return _translation(reader, first)
    if first in ("pass", "block"):
        return _filter(reader, first)
    if first == "no" and reader.peek() in ("nat", "rdr", "binat"):
        what = reader.peek()
        raise LostError(
            f"`no {what}` is an exception for the whole host; write it in pf.conf, above its {what}-anchor line"
        )
    raise LostError(f"a declaration has no `{first}`")


def _heading(reader: Reader, rule: PfRule) -> PfRule:
    """From `on` to the ports behind `to`, the same in all rules."""
    on = reader.items() if reader.took("on") else ()
    family = reader.took("inet", "inet6")
    proto = tuple(PROTOCOLS.get(one, one) for one in reader.items()) if reader.took("proto") else ()
    rule = replace(rule, on=() if on == ("any",) else on, family=family, proto=tuple(dict.fromkeys(proto)))
    if reader.took("all"):
        return rule
    source: tuple[str, ...] = ()
    source_port: tuple[Port, ...] = ()
    to: tuple[str, ...] = ()
    if reader.took("from"):
        source = () if reader.took("any") else reader.items()
        source_port = reader.ports()
    if reader.took("to"):
        to = () if reader.took("any") else reader.items()
    return replace(rule, source=source, source_port=source_port, to=to, port=reader.ports())


def _translation(reader: Reader, action: str) -> PfRule:
    passes = bool(reader.took("pass"))
    rule = _heading(reader, PfRule(action=action, passes=passes, log=_log(reader)))
    while reader.took("tag"):
        rule = replace(rule, tag=reader.take().strip('"'))
    if reader.took("tagged"):
        raise LostError(f"{action} of a declaration has no `tagged`")
    reader.must("->")
    rule = replace(rule, target=reader.items())
    loose = reader.peek().isdigit()
    if loose or reader.took("port"):
        first, star, _ = reader.take().partition(":*")
        rule = replace(rule, loose=loose)
        rule = replace(rule, target_port=parse_port(first), wide=bool(star))
    deals, sticky, static = "", False, False
    while word := reader.took("static-port", "round-robin", "source-hash", "sticky-address", "random", "bitmask"):
        static, sticky = static or word == "static-port", sticky or word == "sticky-address"
        deals = word if word not in ("static-port", "sticky-address") else deals
        if word == "source-hash" and reader.peek() not in ("", "sticky-address", "static-port"):
            reader.take()  # its key
    reader.done()
    if deals in ("random", "bitmask"):
        raise LostError(f"a declaration supports round-robin and source-hash, not {deals}")
    return replace(rule, static_port=static, deals=deals, sticky=sticky)


def _filter(reader: Reader, action: str) -> PfRule:
    answer = reader.took("drop", "return", "return-rst", "return-icmp", "return-icmp6") if action == "block" else ""
    if answer.startswith("return-"):
        reader.parenthesised()
    rule = PfRule(action=action, tells=answer.startswith("return"), direction=reader.took("in", "out"))
    quick = bool(reader.took("quick"))
    rule = replace(rule, log=_log(reader), quick=bool(reader.took("quick")) or quick)
    on = reader.items() if reader.took("on") else ()
    while word := reader.took("reply-to", "route-to"):
        hop = _hop(reader, word)
        rule = replace(rule, reply_to=hop) if word == "reply-to" else replace(rule, route_to=hop)
    rule = _heading(reader, rule)
    rule = replace(rule, on=on) if on and on != ("any",) else rule
    while word := reader.take():
        if word in ("label", "ridentifier"):
            reader.take()
        elif word == "tag":
            rule = replace(rule, tag=reader.take().strip('"'))
        elif word in ("icmp-type", "icmp6-type"):
            rule = replace(rule, messages=_messages(reader.items(), word.removesuffix("-type")))
        elif word == "tagged":
            rule = replace(rule, tagged=reader.take().strip('"'))
        elif word == "flags" and reader.take() in ("S/SA", "any"):
            continue
        elif word in ("keep", "synproxy", "modulate") and reader.took("state"):
            rule = _state(reader, replace(rule, synproxy=word == "synproxy", state="modulate" * (word == "modulate")))
        elif word == "no" and reader.took("state"):
            rule = replace(rule, state="none")
        else:
            raise LostError(f"a declaration has no `{word}`, or a syntax error")
    return rule


def _messages(words: tuple[str, ...], proto: str) -> tuple[str, ...]:
    try:
        found = [IcmpType.parse(word) for word in words]
    except ValueError as wrong:
        raise LostError(str(wrong)) from None
    if strange := [one for one in found if not one.belongs(proto)]:
        raise LostError(f"{strange[0]} is not a type of {proto}")
    return tuple(found)


def _log(reader: Reader) -> Any:
    """What `log` of a declaration says: False, True, "all", or a table."""
    if not reader.took("log"):
        return False
    words = [word for word in reader.parenthesised() if word != ","]
    every, to = "all" in words, words[words.index("to") + 1 : words.index("to") + 2] if "to" in words else []
    if strange := [word for word in words if word not in ("all", "to", *to)]:
        raise LostError(f"a declaration's log has no `{strange[0]}`")
    card = to[0] if to and to[0] != "pflog0" else ""
    if card:
        return {"to": card, **({"all": True} if every else {})}
    return "all" if every else True


def _hop(reader: Reader, word: str) -> tuple[str, str]:
    """`(em1 198.51.100.1)`, or `198.51.100.1@em1`."""
    words = reader.parenthesised()
    if len(words) == 2:
        return words[0], words[1]
    gateway, _, card = (reader.take() if not words else "").partition("@")
    if not card:
        raise LostError(f"a syntax error: write `{word} (INTERFACE GATEWAY)`")
    return card, gateway


def _state(reader: Reader, rule: PfRule) -> PfRule:
    limits, overload = {}, ""
    options = Reader([word for word in reader.parenthesised() if word != ","])
    while name := options.take():
        if name in LIMITS:
            limits[name] = options.take()
        elif name == "overload":
            overload = options.take()
            if options.took("flush"):
                options.took("global")
        elif name == "sloppy":
            rule = replace(rule, state="sloppy")
        elif name not in ("source-track", "rule"):
            raise LostError(f"a declaration has no `{name}`")
    return replace(rule, limits=limits, overload=overload)


def _table(reader: Reader) -> PfTable:
    name = reader.take()
    if not (name.startswith("<") and name.endswith(">")):
        raise LostError("a syntax error: write `table <name>`")
    flags, files = set(), []
    addresses: tuple[str, ...] | None = None
    while word := reader.peek():
        if word == "{":
            addresses = (addresses or ()) + reader.items()
        elif word in ("persist", "const", "counters"):
            flags.add(reader.take())
        elif reader.took("file"):
            files.append(reader.take().strip('"'))
        else:
            raise LostError(f"a table has no `{word}`")
    return PfTable(
        name=name[1:-1], addresses=addresses, files=tuple(files),
        persist="persist" in flags, const="const" in flags, counters="counters" in flags,
    )  # fmt: skip
