"""Small things that several statements say: tos, rtable, flags, probability, queues and pipes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.lexing.stream import c_number
from jailpf.pf.simulated.rules.words import TOS

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.lexing.stream import Stream

RTABLE_MAX = 15
LABELS_MAX = 5
_UINT = 2**32 - 1
FLAGS = "FSRPAUEWe"
_ALL_FLAGS = 0xFF
_FLOAT = re.compile(
    r"\s*([+-]?)(?:(0[xX][0-9A-Fa-f]+\.?[0-9A-Fa-f]*(?:[pP][+-]?\d+)?)"
    r"|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))",
    re.IGNORECASE,
)


def tos(stream: Stream) -> int:
    """A type of service: a name, 0x10, or a number. Raises RuleError."""
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number <= 255:
            raise RuleError(f"illegal tos value {number % 2**64}")
        return number
    text = stream.take(STRING)
    value = TOS.get(text.lower())
    if value is None:
        value = c_number(text) if text.startswith("0x") else None
    if value is None or value > 255:
        raise RuleError(f"illegal tos value {text}")
    return value


def rtable(stream: Stream) -> int:
    """`rtable N`. Raises RuleError."""
    stream.take("rtable")
    number = stream.integer()
    if not 0 <= number <= RTABLE_MAX:
        raise RuleError("invalid rtable id")
    return number


def flags(stream: Stream) -> tuple[int, int]:
    """What stands behind `flags`: those that are set, of those that are looked at. Raises RuleError."""
    if stream.accept("any"):
        return 0, 0
    wanted = 0 if stream.at("/") else _flag(stream)
    stream.take("/")
    return wanted & 0xFF, _flag(stream) & 0xFF


def _flag(stream: Stream) -> int:
    text = stream.string()
    if set(text) - set(FLAGS):
        raise RuleError(f"bad flags {text}")
    return sum(1 << FLAGS.index(letter) for letter in set(text)) or _ALL_FLAGS


def flags_text(pair: tuple[int, int]) -> str:
    """Flags as pfctl prints them, "" for none."""
    if not any(pair):
        return ""
    return "/".join("".join(f for at, f in enumerate(FLAGS) if bits & 1 << at) for bits in pair)


def label(stream: Stream, labels: list[str]) -> None:
    """`label STRING`. Raises RuleError."""
    stream.take("label")
    text = stream.string()
    if len(labels) >= LABELS_MAX:
        raise RuleError(f"label can only be used {LABELS_MAX} times")
    labels.append(text)


def probability(stream: Stream) -> int:
    """`50%`, `0.5` or a number, of 2**32. Raises RuleError."""
    value = _probability(stream)
    share = math.floor(value * _UINT + 0.5) if math.isfinite(value) else value
    if not 0 <= share <= _UINT:
        raise RuleError(f"invalid probability: {float(share):f}")
    return int(share) or 1


def _probability(stream: Stream) -> float:
    if stream.peek() == NUMBER:
        return float(stream.take())
    text = stream.take(STRING)
    value, rest = c_float(text)
    if rest.startswith("%"):
        value, rest = value * 0.01, rest[1:]
    if rest:
        raise RuleError(f"invalid probability: {text}")
    return value


def c_float(text: str) -> tuple[float, str]:
    """What strtod(3) makes of a text, and the rest of it."""
    found = _FLOAT.match(text)
    if not found:
        return 0.0, text
    value = float.fromhex(found[2]) if found[2] else float(found[3])
    return -value if found[1] == "-" else value, text[found.end() :]


def queue(stream: Stream) -> tuple[str, str]:
    """`queue NAME`, `queue (NAME, NAME)`."""
    stream.take("queue")
    if not stream.accept("("):
        return stream.string(), ""
    first, second = stream.string(), ""
    if not stream.at(")"):
        stream.accept(",")
        second = stream.string()
    stream.take(")")
    return first, second


def dummynet(stream: Stream, before: tuple[str, int, int] | None) -> tuple[str, int, int]:
    """dnpipe or dnqueue and its numbers; the last one of several wins, but any dnpipe makes it a pipe."""
    word = stream.take("dnpipe", "dnqueue")
    back = before[2] if before else 0
    if stream.accept("("):
        there = stream.number()
        if not stream.at(")"):
            stream.accept(",")
            back = stream.number() % 65536
        stream.take(")")
    else:
        there = stream.number()
    pipe = word == "dnpipe" or (before is not None and before[0] == "dnpipe")
    return "dnpipe" if pipe else "dnqueue", there % 65536, back


def set_prio(stream: Stream) -> tuple[int, int]:
    """`prio N`, `prio (N, N)`. Raises RuleError."""
    stream.take("prio")
    if stream.accept("("):
        first = stream.integer()
        stream.accept(",")
        second = stream.integer()
        stream.take(")")
    else:
        first = second = stream.integer()
    if not (0 <= first <= 7 and 0 <= second <= 7):
        raise RuleError("prio must be 0 - 7")
    return first, second
