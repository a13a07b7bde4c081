"""What stands in parentheses behind `keep state`, and behind `set state-defaults`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.language.clauses.hosts import TABLE_NAME_MAX
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.words.written import Item
from jailpf.pf.simulated.rules.rule import StateOptions
from jailpf.pf.simulated.rules.words import TIMEOUTS

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.lexing.stream import Stream

_UINT = 2**32 - 1
_RATE_MAX = _UINT // 1000
_NUMBERS = ("max", "max-src-states", "max-src-conn", "max-src-nodes")
_FLAGS = {"no-sync": "no_sync", "sloppy": "sloppy", "pflow": "pflow", "allow-related": "allow_related"}
# Of a timeout that is said twice pfctl names another one: the one in its place in a list of another order.
_NAMED = (*TIMEOUTS[:6], "tcp.tsdiff", *TIMEOUTS[20:], *TIMEOUTS[6:19])
_TWICE = {
    "no-sync": "state option 'sync' multiple definitions",
    "sloppy": "state sloppy option: multiple definitions",
    "pflow": "state pflow option: multiple definitions",
    "allow-related": "state allow-related option: multiple definitions",
}


def items(stream: Stream, end: str) -> list[Item]:
    """Options up to a token. Raises RuleError."""
    return stream.series(lambda: _item(stream), end)


def optional(stream: Stream) -> list[Item]:
    """(options), or nothing. Raises RuleError."""
    if not stream.accept("("):
        return []
    found = items(stream, ")")
    stream.take(")")
    return found


def rate(stream: Stream) -> tuple[int, int]:
    """number/seconds. Raises RuleError."""
    limit = stream.integer()
    stream.take("/")
    seconds = stream.integer()
    if not (0 <= limit <= _UINT and 0 <= seconds <= _UINT):
        raise RuleError("only positive values permitted")
    return limit, seconds


def _item(stream: Stream) -> Item:
    kind = stream.peek()
    if kind in _NUMBERS:
        stream.take()
        return Item(kind, _positive(stream))
    if kind == "max-src-conn-rate":
        stream.take()
        return Item(kind, rate(stream))
    if kind == "overload":
        return _overload(stream)
    if kind == "source-track":
        stream.take()
        how = stream.take() if stream.at("global", "rule") else ""
        return Item(kind, how)
    if kind in _FLAGS or kind in {"if-bound", "floating"}:
        stream.take()
        return Item(kind)
    name = stream.string()
    value = _positive(stream)
    if name not in TIMEOUTS:
        raise RuleError(f"illegal timeout name {name}")
    if "." not in name:
        raise RuleError(f"illegal state timeout {name}")
    return Item("timeout", (name, value))


def _positive(stream: Stream) -> int:
    value = stream.integer()
    if not 0 <= value <= _UINT:
        raise RuleError("only positive values permitted")
    return value


def _overload(stream: Stream) -> Item:
    stream.take("overload")
    stream.take("<")
    name = stream.string()
    stream.take(">")
    flush = ""
    if stream.accept("flush"):
        flush = "flush global" if stream.accept("global") else "flush"
    if len(name.encode()) > TABLE_NAME_MAX:
        raise RuleError(f"table name '{name}' too long")
    return Item("overload", (name, flush))


def options(written: list[Item], c: Context, keeps: bool) -> StateOptions | None:
    """The options of a rule, with pfctl's defaults; None when there are none. Raises RuleError."""
    found: dict[str, Any] = {}
    timeouts: dict[str, int] = {}
    track, tracks, locked = "", False, False
    for word, value in written:
        if word in _NUMBERS:
            name = word.replace("-", "_")
            if found.get(name):
                raise RuleError(f"state option '{word}' multiple definitions")
            if not value and word != "max":
                raise RuleError(f"'{word}' must be > 0")
            found[name] = value
            tracks = tracks or word != "max"
        elif word == "max-src-conn-rate":
            found["max_src_conn_rate"], tracks = _rate(value, found), True
        elif word == "overload":
            if found.get("overload"):
                raise RuleError("multiple 'overload' table definitions")
            found["overload"], found["flush"] = value
        elif word == "source-track":
            if track:
                raise RuleError("state option 'source-track' multiple definitions")
            track, tracks = value or "plain", True
        elif word in _FLAGS:
            if found.get(_FLAGS[word]):
                raise RuleError(_TWICE[word])
            found[_FLAGS[word]] = True
        elif word in {"if-bound", "floating"}:
            if locked:
                raise RuleError("state locking option: multiple definitions")
            locked = True
            found["if_bound"] = word == "if-bound"
        else:
            name, seconds = value
            if timeouts.get(name):
                raise RuleError(f"state timeout {_NAMED[TIMEOUTS.index(name)]} multiple definitions")
            timeouts[name] = seconds
    adaptive = bool({"adaptive.start", "adaptive.end"} & set(timeouts))
    if found.get("max") and not adaptive:
        timeouts |= {f"adaptive.{end}": found["max"] // 10 * part % 2**32 for end, part in (("start", 6), ("end", 12))}
    if tracks:
        found["source_track"] = _tracking(track, found)
        rate = found.get("max_src_conn_rate")
        if rate and timeouts.get("src.track", 0) < rate[1]:
            timeouts["src.track"] = rate[1]
    if keeps and not locked and c.if_bound:
        found["if_bound"] = True
    ordered = tuple((name, timeouts[name]) for name in TIMEOUTS if timeouts.get(name))
    if not found and not ordered:
        return None
    options = StateOptions(timeouts=ordered, **found)
    return None if options == StateOptions() else options


def _rate(value: tuple[int, int], found: dict[str, Any]) -> tuple[int, int]:
    if found.get("max_src_conn_rate"):
        raise RuleError("state option 'max-src-conn-rate' multiple definitions")
    if not all(value):
        raise RuleError("'max-src-conn-rate' values must be > 0")
    if value[0] > _RATE_MAX:
        raise RuleError(f"'max-src-conn-rate' maximum rate must be < {_RATE_MAX}")
    return value


def _tracking(track: str, found: dict[str, Any]) -> str:
    """`rule` when a limit needs it, or when it is written."""
    if track == "global":
        for word in ("max-src-nodes", "max-src-conn", "max-src-conn-rate"):
            if found.get(word.replace("-", "_")):
                raise RuleError(f"'{word}' is incompatible with 'source-track global'")
    by_rule = any(found.get(name) for name in ("max_src_nodes", "max_src_conn", "max_src_conn_rate"))
    return "rule" if track == "rule" or by_rule else "global"


def only_pflow(written: list[Item] | None) -> StateOptions | None:
    """What `set state-defaults` means for a translation rule. Raises RuleError."""
    wanted = sum(item.word == "pflow" for item in written or ())
    if wanted > 1:
        raise RuleError(_TWICE["pflow"])
    return replace(StateOptions(), pflow=True) if wanted else None
