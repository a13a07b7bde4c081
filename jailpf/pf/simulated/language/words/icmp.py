"""What stands behind icmp-type and icmp6-type."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.lexing.stream import c_number
from jailpf.pf.simulated.rules.names.icmp import CODES, CODES6, TYPES, TYPES6

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.lexing.stream import Stream


class Icmp(NamedTuple):
    """A type, a code when there is one, and the protocol that has them."""

    type: int
    code: int | None
    protocol: int


def icmp(stream: Stream, six: bool) -> list[Icmp]:
    """One type, or a list. Raises RuleError."""
    return stream.listed(lambda: _item(stream, six))


def _item(stream: Stream, six: bool) -> Icmp:
    word = "icmp6" if six else "icmp"
    kind = _value(stream, TYPES6 if six else TYPES, f"{word}-type", f"{word}-type")
    code = None
    if stream.accept("code"):
        code = _value(stream, (CODES6 if six else CODES).get(kind, {}), f"{word}-code", "icmp-code")
    return Icmp(kind, code, 58 if six else 1)


def _value(stream: Stream, names: dict[str, int], unknown: str, illegal: str) -> int:
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number <= 255:
            raise RuleError(f"illegal {illegal} {number % 2**64}")
        return number
    name = stream.take(STRING)
    if name not in names:
        raise RuleError(f"unknown {unknown} {name}")
    return names[name]


def return_code(stream: Stream, six: bool) -> int:
    """The code in return-icmp(...). Raises RuleError."""
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number <= 255:
            raise RuleError(f"invalid icmp code {number % 2**64}")
        return number
    name = stream.take(STRING)
    value = c_number(name)
    if value is None:
        value = (CODES6[1] if six else CODES[3]).get(name)
        if value is None:
            raise RuleError(f"unknown icmp code {name}")
    if value > 255:
        raise RuleError(f"invalid icmp code {value}")
    return value
