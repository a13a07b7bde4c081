"""What most statements share: direction, log, quick, interfaces, family, from and to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.language.clauses.hosts import end_hosts
from jailpf.pf.simulated.language.lexing.behind import END, LOG
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.words.interfaces import NAME_MAX
from jailpf.pf.simulated.language.words.ports import ports
from jailpf.pf.simulated.language.words.written import Interface

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.lexing.stream import Stream
    from jailpf.pf.simulated.language.words.interfaces import Node
    from jailpf.pf.simulated.rules.rule import Family, Ports

_LOG_ORDER = ("all", "matches", "user")


class FromTo(NamedTuple):
    """What stands behind from, os and to."""

    sources: list[Node]
    source_ports: list[Ports]
    systems: list[str]
    destinations: list[Node]
    destination_ports: list[Ports]


def direction(stream: Stream) -> str:
    """in, out, or ""."""
    return stream.take() if stream.at("in", "out") else ""


def family(stream: Stream) -> Family:
    """inet, inet6, or ""."""
    if stream.accept("inet"):
        return "inet"
    return "inet6" if stream.accept("inet6") else ""


def log_quick(stream: Stream) -> tuple[str, bool]:
    """log with its options, and quick, in either order. Raises RuleError."""
    quick = stream.accept("quick")
    log = log_options(stream) if stream.at("log") else ""
    return log, quick or (bool(log) and stream.accept("quick"))


def log_options(stream: Stream) -> str:
    """log, as pfctl prints it. Raises RuleError."""
    stream.take("log")
    if not stream.accept("("):
        stream.must(LOG)
        return "log"
    found: set[str] = set()
    device = 0
    for word, number in stream.series(lambda: _log_option(stream), ")"):
        found.add(word)
        device = number or device
    stream.take(")")
    words = [word for word in _LOG_ORDER if word in found] + ([f"to pflog{device}"] if device else [])
    return f"log ({', '.join(words)})" if words else "log"


def _log_option(stream: Stream) -> tuple[str, int]:
    if stream.at("all", "matches", "user"):
        return stream.take(), 0
    stream.take("to")
    name = stream.strings()
    if not name.startswith("pflog"):
        raise RuleError(f"{name}: should be a pflog interface")
    digits = name[5:]
    if not re.fullmatch(r"[-+]?[0-9]{1,9}", digits.strip()):
        raise RuleError(f"{name}: invalid")
    if not 0 <= int(digits) <= 255:
        raise RuleError(f"{name}: too {'small' if int(digits) < 0 else 'large'}")
    return "", int(digits)


def interfaces(c: Context) -> list[Interface]:
    """What stands behind `on`, [] for nothing. Raises RuleError."""
    if not c.stream.accept("on"):
        return []
    return c.stream.listed(lambda: _negatable(c))


def _negatable(c: Context) -> Interface:
    negated = c.stream.accept("!")
    return Interface(interface(c), negated)


def interface(c: Context) -> str:
    """One interface, or any. Raises RuleError."""
    if c.stream.accept("any"):
        return "any"
    name = c.stream.string()
    c.interfaces_read = True
    if len(name.encode()) > NAME_MAX:
        raise RuleError("interface name too long")
    return name


def from_to(c: Context) -> FromTo:
    """all, or from and to. Raises RuleError."""
    stream = c.stream
    if stream.accept("all"):
        return FromTo([], [], [], [], [])
    sources, source_ports = _end(c, "from")
    systems = stream.listed(stream.string) if stream.accept("os") else []
    destinations, destination_ports = _end(c, "to")
    if any(node.host.kind == "urpf-failed" for node in destinations):
        raise RuleError('"urpf-failed" is not permitted in a destination address')
    return FromTo(sources, source_ports, systems, destinations, destination_ports)


def _end(c: Context, word: str) -> tuple[list[Node], list[Ports]]:
    stream = c.stream
    if not stream.accept(word):
        return [], []
    hosts = [] if stream.at("port") else end_hosts(c)
    if stream.accept("port"):
        return hosts, ports(c.stream)
    stream.must(END)
    return hosts, []
