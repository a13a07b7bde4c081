"""Pools as they are written: behind `->`, nat-to, rdr-to, af-to and route-to."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.hosts import host
from jailpf.pf.simulated.language.lexing.behind import POOL, POOL_OPTIONS
from jailpf.pf.simulated.language.lexing.lexer import STRING
from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError
from jailpf.pf.simulated.language.words.interfaces import NAME_MAX, Node
from jailpf.pf.simulated.language.words.ports import Range, port_range, word
from jailpf.pf.simulated.language.words.redirect import Redirect
from jailpf.pf.simulated.language.words.resolve import WHOLE
from jailpf.pf.simulated.rules.rule import BITS, Host

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.lexing.stream import Stream
    from jailpf.pf.simulated.rules.rule import Family

_TYPES = ("bitmask", "random", "source-hash", "round-robin")
_ONCE = {
    "static-port": "static_port",
    "sticky-address": "sticky",
    "endpoint-independent": "endpoint_independent",
    "prefer-ipv6-nexthop": "ipv6_nexthop",
}
_DIFFERENT = "address family not given and translation address expands to multiple address families"


def behind(c: Context, found: Redirect) -> None:
    """What stands behind a pool must be what may stand behind some pool; what it may not, pfctl sees after it has looked
    at the rule. Raises SyntaxFault.
    """
    c.stream.must(POOL_OPTIONS if found.options else POOL)


def redirect(c: Context, options: bool = True) -> Redirect:
    """Hosts, `port` and a port, and (with `options`) how the pool is used. Raises RuleError."""
    nodes = _hosts(c) if options else host(c)
    port = Range(0)
    if c.stream.accept("port"):
        port = port_range(word(c.stream), star=True)
    found = Redirect(nodes, port)
    if options:
        _options(c.stream, found)
    return found


def _hosts(c: Context) -> list[Node]:
    return [node for nodes in c.stream.listed(lambda: host(c)) for node in nodes]


def _options(stream: Stream, found: Redirect) -> None:
    while True:
        kind = stream.peek()
        found.options = found.options or kind in _TYPES or kind in _ONCE or kind == "map-e-portset"
        if kind in _TYPES:
            stream.take()
            key = _key(stream) if kind == "source-hash" else ""
            if found.type:
                raise RuleError("pool type cannot be redefined")
            found.type, found.key = kind, key
        elif kind in _ONCE:
            stream.take()
            if kind in found.seen:
                name = "static-port" if kind == "static-port" else kind
                raise RuleError(f"{name} cannot be redefined")
            found.seen.add(kind)
            setattr(found, _ONCE[kind], True)
        elif kind == "map-e-portset":
            stream.take()
            _map_e(stream, found)
        else:
            return


def _key(stream: Stream) -> str:
    """The hash key as hex digits; "" for a random one."""
    if stream.peek() != STRING:
        return ""
    text = stream.strings()
    if not text.startswith("0x"):
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    if len(text) != 34:
        raise RuleError("hex key must be 128 bits (32 hex digits) long")
    digits, numbers = text[2:], []
    for _ in range(4):
        match = re.match(r"[0-9A-Fa-f]{1,8}", digits)
        if not match:
            raise RuleError("invalid hex key")
        numbers.append(int(match.group(), 16))
        digits = digits[match.end() :]
    return "".join(f"{number:08x}" for number in numbers)


def _map_e(stream: Stream, found: Redirect) -> None:
    numbers = [stream.number()]
    for _ in range(2):
        stream.take("/")
        numbers.append(stream.number())
    offset, length, psid = numbers
    if found.map_e:
        raise RuleError("map-e-portset cannot be redefined")
    if found.type and not stream.lexer.printed:
        raise RuleError("map-e-portset cannot be used with address pools")
    if not 1 <= offset <= 15:
        raise RuleError("MAP-E PSID offset must be 1-15")
    if not 0 <= length < 16 or offset + length > 16:
        raise RuleError("Invalid MAP-E PSID length")
    if not length:
        raise RuleError("PSID Length = 0: this means you do not need MAP-E")
    if not 0 <= psid <= 65535:
        raise RuleError("Invalid MAP-E PSID")
    found.map_e = (offset, length, psid)


def route(c: Context) -> tuple[str, Redirect | None]:
    """route-to, reply-to or dup-to and its pool; fastroute means nothing any more. Raises RuleError."""
    stream = c.stream
    if stream.accept("fastroute") or not stream.at("route-to", "reply-to", "dup-to"):
        return "", None
    how = stream.take()
    nodes = [node for nodes in stream.listed(lambda: _hop(c)) for node in nodes]
    found = Redirect(nodes)
    _options(stream, found)
    return how, found


def _hop(c: Context) -> list[Node]:
    """An interface, or (interface host). Raises RuleError."""
    stream = c.stream
    if not stream.accept("("):
        name = stream.string()
        _check_name(name)
        return [Node(Host("interface", interface=name))]
    name = stream.string()
    nodes = host(c)
    stream.take(")")
    _check_name(name)
    return [Node(_through(node.host, name), node.scope) for node in nodes]


def _through(host: Host, interface: str) -> Host:
    return Host(host.kind, host.family, host.low, host.high, host.prefix, host.name, host.negated, interface)


def _check_name(name: str) -> None:
    if len(name.encode()) > NAME_MAX:
        raise RuleError("interface name too long")


def fitting(nodes: list[Node], family: Family) -> tuple[list[Node], Family]:
    """The hosts that fit the family, and the family, taken from the first of them if there was none."""
    found = []
    for node in nodes:
        if family and node.family and node.family != family:
            continue
        family = family or node.family
        found.append(node)
    return found, family


def translation(found: Redirect, family: Family) -> Family:
    """Keep what fits the family of a rule, which may come from the pool. Raises RuleError."""
    first = found.nodes[0]
    if not family and not first.scope:
        family = first.family
    found.nodes, family = fitting(found.nodes, family)
    if not family and any(node.host.kind not in {"table", "dynamic"} for node in found.nodes):
        raise RuleError(_DIFFERENT)
    if not found.nodes:
        raise RuleError("no translation address with matching address family found.")
    if found.nodes[0].host.kind == "dynamic":
        found.nodes = [Node(of_family(found.nodes[0].host, family))]
    if problem := bad_mask(found.nodes[0].host, family):
        raise RuleError(Complaint(problem, placed=False))
    return family


def of_family(host: Host, family: Family) -> Host:
    """(em0) in a rule of a family: no mask is longer than the family's."""
    if host.kind != "dynamic" or family != "inet" or host.prefix <= BITS["inet"]:
        return host
    prefix = WHOLE if host.prefix == WHOLE else BITS["inet"]
    return Host("dynamic", name=host.name, prefix=prefix, negated=host.negated, interface=host.interface)


def bad_mask(host: Host, family: Family) -> str:
    """What pfctl says of a mask that is too long for IPv4, "" when it is not."""
    if family == "inet" and host.kind == "net" and host.prefix > BITS["inet"]:
        return f"netmask {host.prefix} invalid for IPv4 address"
    return ""
