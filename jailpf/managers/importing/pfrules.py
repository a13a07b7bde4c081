"""Statements of pf.conf(5) as data: rules and tables. Raises LostError for what a declaration has no word for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.managers.importing.lexer import LostError
from jailpf.managers.importing.words import port as parse_port
from jailpf.values.icmp import IcmpType

if TYPE_CHECKING:
    from jailpf.values import Port

FAMILIES = ("inet", "inet6")
OPERATORS = ("!=", "<", "<=", ">", ">=", "<>", "><", "!")
LIMITS = ("max", "max-src-conn", "max-src-conn-rate", "max-src-states")


@dataclass(frozen=True, slots=True, kw_only=True)
class PfRule:
    """One rule. Peers are words as written; () means any. target_port: () unchanged; wide: the range runs along (`:*`);
    loose: the word `port` is missing behind `->`, which pfctl refuses; tells: `block return`; state: what is kept of a
    connection instead of "keep"; deals, sticky: how several targets share the work; reply_to: (card, gateway)."""

    action: str
    passes: bool = False
    direction: str = ""
    log: bool = False
    quick: bool = False
    on: tuple[str, ...] = ()
    family: str = ""
    proto: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    source_port: tuple[Port, ...] = ()
    to: tuple[str, ...] = ()
    port: tuple[Port, ...] = ()
    target: tuple[str, ...] = ()
    target_port: Port | None = None
    wide: bool = False
    static_port: bool = False
    limits: dict[str, str] = field(default_factory=dict)
    overload: str = ""
    synproxy: bool = False
    messages: tuple[str, ...] = ()
    tag: str = ""
    tagged: str = ""
    loose: bool = False
    tells: bool = False
    state: str = ""
    deals: str = ""
    sticky: bool = False
    reply_to: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PfTable:
    """A table's definition. addresses: None without a list."""

    name: str
    addresses: tuple[str, ...] | None = None
    files: tuple[str, ...] = ()
    persist: bool = False
    const: bool = False
    counters: bool = False


def statement(words: list[str]) -> PfRule | PfTable:
    """The statement that these words are. Raises LostError."""
    reader = _Reader(words)
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
            f"`no {what}` is an exception for the whole host; put it into pf.conf, above its {what}-anchor line"
        )
    raise LostError(f"a declaration has no `{first}`")


class _Reader:
    def __init__(self, words: list[str]) -> None:
        self.words, self.at = words, 0

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self) -> str:
        word = self.peek()
        self.at += 1
        return word

    def took(self, *words: str) -> str:
        return self.take() if self.peek() in words and self.peek() else ""

    def must(self, word: str) -> None:
        if self.take() != word:
            raise LostError(f"a syntax error: `{word}` is missing")

    def done(self) -> None:
        if self.peek():
            raise LostError(f"a declaration has no `{self.peek()}`, or a syntax error")

    def items(self) -> tuple[str, ...]:
        """One item or `{ a, b }`; an item may be negated or in parentheses."""
        if not self.took("{"):
            return (self._item(),)
        found = []
        while not self.took("}"):
            if not self.peek():
                raise LostError("a syntax error: `}` is missing")
            if not self.took(","):
                found.append(self._item())
        return tuple(found)

    def _item(self) -> str:
        word = self.take()
        if word == "!":
            return "!" + self._item()
        if word == "(":
            inside = self.take().strip('"')
            self.must(")")
            return f"({inside})"
        if not word or word in ("}", ")", ",", "="):
            raise LostError("a syntax error: something is missing" + (f" before `{word}`" if word else ""))
        return word.strip('"')

    def parenthesised(self) -> list[str]:
        found: list[str] = []
        if self.took("("):
            while not self.took(")"):
                if not self.peek():
                    raise LostError("a syntax error: `)` is missing")
                found.append(self.take())
        return found

    def ports(self) -> tuple[Port, ...]:
        if not self.took("port"):
            return ()
        self.took("=")
        if self.peek() in OPERATORS:
            raise LostError(f"a declaration has no `port {self.peek()}`")
        return tuple(parse_port(word) for word in self.items())


def _heading(reader: _Reader, rule: PfRule) -> PfRule:
    """From `on` to the ports behind `to`, the same in all rules."""
    on = reader.items() if reader.took("on") else ()
    family = reader.took("inet", "inet6")
    proto = reader.items() if reader.took("proto") else ()
    rule = replace(rule, on=on, family=family, proto=proto)
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


def _translation(reader: _Reader, action: str) -> PfRule:
    passes = bool(reader.took("pass"))
    log = bool(reader.took("log"))
    if log and reader.parenthesised():
        raise LostError("a declaration has no options of `log`")
    rule = _heading(reader, PfRule(action=action, passes=passes, log=log))
    while reader.took("tag"):
        rule = replace(rule, tag=reader.take().strip('"'))
    if reader.took("tagged"):
        raise LostError(f"a declaration's {action} knows no `tagged`")
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
        raise LostError(f"a declaration deals out by turns or by the client's address, not by {deals}")
    return replace(rule, static_port=static, deals=deals, sticky=sticky)


def _filter(reader: _Reader, action: str) -> PfRule:
    answer = reader.took("drop", "return", "return-rst", "return-icmp", "return-icmp6") if action == "block" else ""
    if answer.startswith("return-"):
        reader.parenthesised()
    rule = PfRule(action=action, tells=answer.startswith("return"), direction=reader.took("in", "out"))
    log = bool(reader.took("log"))
    if log and reader.parenthesised():
        raise LostError("a declaration has no options of `log`")
    rule = replace(rule, log=log, quick=bool(reader.took("quick")))
    on = reader.items() if reader.took("on") else ()
    if reader.took("reply-to"):
        rule = replace(rule, reply_to=_hop(reader))
    rule = _heading(reader, rule)
    rule = replace(rule, on=on) if on else rule
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
        raise LostError(f"{strange[0]} is no type of {proto}")
    return tuple(found)


def _hop(reader: _Reader) -> tuple[str, str]:
    """`(em1 198.51.100.1)`, or `198.51.100.1@em1`."""
    words = reader.parenthesised()
    if len(words) == 2:
        return words[0], words[1]
    gateway, _, card = (reader.take() if not words else "").partition("@")
    if not card:
        raise LostError("a syntax error: `reply-to (CARD GATEWAY)` is meant")
    return card, gateway


def _state(reader: _Reader, rule: PfRule) -> PfRule:
    limits, overload = {}, ""
    options = _Reader([word for word in reader.parenthesised() if word != ","])
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


def _table(reader: _Reader) -> PfTable:
    name = reader.take()
    if not (name.startswith("<") and name.endswith(">")):
        raise LostError("a syntax error: `table <name>` is meant")
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
