"""Ports, users, groups and protocols as they are written. Source: the recorded verdicts; pf.conf(5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.language.lexing.behind import PORT
from jailpf.pf.simulated.language.lexing.lexer import BINARY, NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.lexing.stream import c_number
from jailpf.pf.simulated.rules.names import GROUPS, PROTOCOL_NUMBERS, PROTOCOLS, USERS, service_port
from jailpf.pf.simulated.rules.rule import UNKNOWN_ID, Ids, Ports

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.lexing.stream import Stream

_UNARY = {"=": "=", "NE": "!=", "LE": "<=", "<": "<", "GE": ">=", ">": ">"}
_MIXED = "':' cannot be used with an other port operator"


class Range(NamedTuple):
    """`low`, `low:high`, or with `star` `low:*`. `several` when a range is meant at all."""

    low: int
    high: int = 0
    several: bool = False
    star: bool = False


def word(stream: Stream) -> str:
    """A number or a string, as text."""
    if stream.peek() == NUMBER:
        return str(int(stream.take()))
    return stream.take(STRING)


def port_number(text: str) -> int:
    """A port: a number in any base of C, or the name of a service. Raises RuleError."""
    value = c_number(text)
    if value is None:
        found = service_port(text)
        if found is None:
            raise RuleError(f"unknown port {text}")
        return found
    if value > 65535:
        raise RuleError(f"illegal port value {value}")
    return value


def port_range(text: str, ranges: bool = True, star: bool = False) -> Range:
    """A port, or with `ranges` `a:b`, or with `star` `a:*`. Raises RuleError, without a word where pfctl has none."""
    low, colon, high = text.partition(":")
    if not colon:
        return Range(port_number(text))
    if star and high == "*":
        return Range(port_number(low), 0, True, True)
    if not ranges:
        raise RuleError
    first, last = port_number(low), port_number(high)
    return Range(first) if first == last else Range(first, last, True)


def ports(stream: Stream) -> list[Ports]:
    """What stands behind `port`. Raises RuleError."""
    return stream.listed(lambda: _port(stream))


def _port(stream: Stream) -> Ports:
    kind = stream.peek()
    if kind in _UNARY:
        stream.take()
        found = port_range(word(stream))
        if found.several:
            raise RuleError(_MIXED)
        return Ports(_UNARY[kind], found.low)
    first = port_range(word(stream))
    if stream.peek() != BINARY:
        stream.must(PORT)
        if not first.several:
            return Ports("=", first.low)
        return _checked(Ports(":", first.low, first.high))
    op = stream.take()
    last = port_range(word(stream))
    if first.several or last.several:
        raise RuleError(_MIXED)
    return _checked(Ports(op, first.low, last.low))


def _checked(found: Ports) -> Ports:
    if found.low > found.high or (found.op == "><" and found.low == found.high):
        raise RuleError("invalid port range")
    return found


def users(stream: Stream) -> list[Ids]:
    """What stands behind `user`. Raises RuleError."""
    return stream.listed(lambda: _ids(stream, "user", "uid", USERS))


def groups(stream: Stream) -> list[Ids]:
    """What stands behind `group`. Raises RuleError."""
    return stream.listed(lambda: _ids(stream, "group", "gid", GROUPS))


def _ids(stream: Stream, what: str, short: str, names: dict[str, int]) -> Ids:
    needs_equal = RuleError(f"{what} unknown requires operator = or !=")
    kind = stream.peek()
    if kind in _UNARY:
        stream.take()
        number = _id(stream, what, short, names)
        if number == UNKNOWN_ID and _UNARY[kind] not in {"=", "!="}:
            raise needs_equal
        return Ids(_UNARY[kind], number, number)
    first = _id(stream, what, short, names)
    if stream.peek() != BINARY:
        return Ids("=", first, first)
    op = stream.take()
    last = _id(stream, what, short, names)
    if UNKNOWN_ID in {first, last}:
        raise needs_equal
    return Ids(op, first, last)


def _id(stream: Stream, what: str, short: str, names: dict[str, int]) -> int:
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number < UNKNOWN_ID:
            raise RuleError(f"illegal {short} value {number % 2**64}")
        return number
    name = stream.take(STRING)
    if name == "unknown":
        return UNKNOWN_ID
    if name not in names:
        if stream.recording:  # read leniently: pf asks the host for it, and so whom the rule means is open anyway
            return UNKNOWN_ID - 1
        raise RuleError(f"unknown {what} {name}")
    return names[name]


def protocols(stream: Stream) -> list[int]:
    """What stands behind `proto`, [] when there is none. Raises RuleError."""
    if not stream.accept("proto"):
        return []
    return stream.listed(lambda: _protocol(stream))


def _protocol(stream: Stream) -> int:
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number <= 255:
            raise RuleError("protocol outside range")
    else:
        name = stream.take(STRING)
        if name not in PROTOCOL_NUMBERS:
            raise RuleError(f"unknown protocol {name}")
        number = PROTOCOL_NUMBERS[name] % 256
    if not number:
        raise RuleError("proto 0 cannot be used")
    return number


def protocol_text(number: int) -> str:
    """A protocol as pfctl prints it."""
    return PROTOCOLS.get(number, str(number))
