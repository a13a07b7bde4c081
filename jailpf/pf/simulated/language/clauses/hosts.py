"""Hosts: from addresses, names of interfaces and tables as they are written to what pf keeps.

Source: facts.md section 4 and the recorded verdicts. Without a name service only localhost has addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.behind import HOST
from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError, SyntaxFault
from jailpf.pf.simulated.language.words.interfaces import NAME_MAX, Node
from jailpf.pf.simulated.language.words.resolve import MODIFIERS, WHOLE, numeric, resolve
from jailpf.pf.simulated.rules.rule import BITS, Host

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context

TABLE_NAME_MAX = 31
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.-]+")
_NO_HOST = "could not parse host specification"


def end_hosts(c: Context) -> list[Node]:
    """The hosts behind from or to; [] for any."""
    if c.stream.peek() != "{":
        return _spec(c)
    c.stream.take()
    return _host_list(c)


def _spec(c: Context) -> list[Node]:
    """any, one host (an interface may be several addresses), or a list in a list."""
    kind = c.stream.peek()
    if kind == "any":
        c.stream.take()
        return []
    return end_hosts(c) if kind == "{" else negatable(c)


def _host_list(c: Context) -> list[Node]:
    """A list behind its brace. One `any` among its members makes it any."""
    stream = c.stream
    stream.newlines()
    found = _spec(c)
    anywhere = not found
    stream.newlines()
    while not stream.accept("}"):
        stream.accept(",")
        more = _spec(c)
        anywhere = anywhere or not more
        found += more
        stream.newlines()
    return [] if anywhere else found


def table_hosts(c: Context) -> list[Node]:
    """The members of a table's list, behind its brace and newlines."""
    return _host_list(c)


def negatable(c: Context) -> list[Node]:
    """A host with or without `!`, no-route and urpf-failed among them."""
    negated = c.stream.accept("!")
    kind = c.stream.peek()
    if kind == "no-route" or kind == "urpf-failed":
        c.stream.take()
        return [Node(Host("no-route" if kind == "no-route" else "urpf-failed", negated=negated))]
    if negated and c.printed and c.stream.accept("any"):  # so pfctl prints ! 0.0.0.0/0
        return [Node(Host("any", negated=True))]
    found = host(c)
    return [Node(_negated(node.host), node.scope) for node in found] if negated else found


def _negated(host: Host) -> Host:
    return Host(host.kind, host.family, host.low, host.high, host.prefix, host.name, True)


def host(c: Context) -> list[Node]:
    """One host: an address, a network, a range, a name, (interface) or <table>. Raises RuleError."""
    stream = c.stream
    kind = stream.peek()
    if kind == NUMBER:
        text = stream.take()
        stream.take("/")
        return _placed(f"{int(text)}/{stream.integer()}", c)
    if kind == "(":
        node = _dynamic(c)
        if not stream.accept("/"):
            return [node]
        prefix = stream.integer()
        if not 0 <= prefix <= WHOLE:
            raise RuleError("bit number too big")
        return [Node(Host("dynamic", name=node.host.name, prefix=prefix))]
    if kind == "<":
        return [table(c)]
    text = stream.take(STRING)
    following = stream.peek()
    if following == "-":
        stream.take()
        return [_range(text, stream.string(), c)]
    if following == "/":
        stream.take()
        text = f"{text}/{stream.integer()}"
    elif following not in HOST:
        raise SyntaxFault
    return _placed(text, c)


def table(c: Context) -> Node:
    """<name>. Raises RuleError."""
    c.stream.take("<")
    name = c.stream.string()
    c.stream.take(">")
    if len(name.encode()) > TABLE_NAME_MAX:
        raise RuleError(f"table name '{name}' too long")
    return Node(Host("table", name=name))


def _placed(text: str, c: Context) -> list[Node]:
    try:
        c.interfaces_read = c.interfaces_read or not numeric(text, c.topology)
        return resolve(text, c.topology)
    except RuleError as error:
        if c.lenient and c.stream.words[:1] != ["table"] and _NAME.fullmatch(text):
            return [
                Node(Host("unknown", name=text))
            ]  # only the host's own resolver knows it; the rest of the rule is known
        raise RuleError(*error.complaints, _NO_HOST) from None


def _range(first: str, last: str, c: Context) -> Node:
    low, high = _placed(first, c), _placed(last, c)
    a, b = low[0].host, high[0].host
    plain = all(len(nodes) == 1 and nodes[0].host.prefix == BITS.get(nodes[0].family) for nodes in (low, high))
    if a.family != b.family or not plain:
        raise RuleError("invalid address range")
    return Node(Host("range", a.family, a.low, b.low, BITS[a.family]), low[0].scope)


def _dynamic(c: Context) -> Node:
    """(interface), whose addresses pf looks up when it needs them. Raises RuleError."""
    c.stream.take("(")
    written = c.stream.string()
    c.stream.take(")")
    if not re.match(r"[A-Za-z]", written):
        raise RuleError(f"invalid interface name '{written}'")
    name = written
    found: set[str] = set()
    while ":" in name:
        rest, _, modifier = name.rpartition(":")
        if modifier not in MODIFIERS:
            raise RuleError(f"interface {name} has bad modifier")
        found.add(modifier)
        name = rest
    if len(found - {"0"}) > 1:
        raise RuleError("illegal combination of interface modifiers")
    if len(name.encode()) > NAME_MAX:
        raise RuleError("interface name too long")
    ordered = [modifier for modifier in ("network", "broadcast", "peer", "0") if modifier in found]
    return Node(Host("dynamic", name=":".join([name, *ordered]), prefix=WHOLE))
