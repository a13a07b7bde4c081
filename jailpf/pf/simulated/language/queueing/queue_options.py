"""The options of altq and queue lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.queueing.queue_model import Bandwidth, Curve, QueueOptions
from jailpf.pf.simulated.language.words.small import c_float

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.lexing.stream import Stream

_INT = 2**31 - 1
_FLAGS = {
    "cbq": {"default", "borrow", "red", "ecn", "rio", "codel"},
    "priq": {"default", "red", "ecn", "rio", "codel"},
    "hfsc": {"default", "red", "ecn", "rio", "codel"},
    "fairq": {"default", "red", "ecn", "rio", "codel"},
}
_UNITS = {"b": 1, "K": 1000, "M": 10**6, "G": 10**9}
_SCHEDULERS = {"cbq": "cbq", "priq": "priq", "hfsc": "hfsc", "fairq": "fairq", "codelq": "codel"}


def queue_options(stream: Stream) -> QueueOptions:
    """Options up to what is none. Raises RuleError."""
    o = QueueOptions()
    while True:
        kind = stream.peek()
        if kind == "bandwidth":
            stream.take()
            value = bandwidth(stream)
            _once(o, kind)
            o.bandwidth = value
        elif kind in {"priority", "qlimit", "tbrsize"}:
            stream.take()
            _number(stream, o, kind)
        elif kind in _SCHEDULERS:
            stream.take()
            fresh = QueueOptions(scheduler=_SCHEDULERS[kind])
            if stream.accept("("):
                _scheduler(stream, fresh)
                stream.take(")")
            _once(o, "scheduler")
            o.scheduler, o.flags, o.curves = fresh.scheduler, fresh.flags, fresh.curves
            o.target, o.interval = fresh.target, fresh.interval
        else:
            return o


def _once(o: QueueOptions, word: str) -> None:
    if word in o.seen:
        raise RuleError(f"{word} cannot be respecified")
    o.seen.add(word)


def _number(stream: Stream, o: QueueOptions, word: str) -> None:
    number = stream.integer()
    _once(o, word)
    most = {"priority": 255, "qlimit": 65535, "tbrsize": 2**32 - 1}[word]
    if not 0 <= number <= most:
        raise RuleError(f"tbrsize too big: max {most}" if word == "tbrsize" else f"{word} out of range: max {most}")
    setattr(o, word, number)


def bandwidth(stream: Stream) -> Bandwidth:
    """10Mb, 5%, or bits in a second. Raises RuleError."""
    if stream.peek() == NUMBER:
        number = int(stream.take())
        if not 0 <= number < 2**63 - 1:
            raise RuleError("bandwidth number too big")
        return Bandwidth(number)
    value, unit = c_float(stream.take(STRING))
    if unit[1:] in {"Bit", "B", "bit", "b"}:
        unit = unit[:1]
    if unit == "%":
        if not 0 <= value <= 100:
            raise RuleError("bandwidth spec out of range")
        return Bandwidth(percent=int(value))
    if unit not in _UNITS:
        raise RuleError(f"unknown unit {unit}")
    return Bandwidth(int(value * _UNITS[unit]) % 2**64)


def _scheduler(stream: Stream, o: QueueOptions) -> None:
    if o.scheduler == "codel":
        stream.series(lambda: _codel(stream, o), ")")
    else:
        stream.series(lambda: _item(stream, o), ")")


def _codel(stream: Stream, o: QueueOptions) -> None:
    if stream.at("interval", "target"):
        word = stream.take()
        number = stream.number() % 2**32
        if getattr(o, word):
            raise RuleError(f"{word} already specified")
        setattr(o, word, number)
        return
    flag = stream.string()
    if flag != "ecn":
        raise RuleError(f'unknown codel option "{flag}"')
    o.flags.add(flag)


def _item(stream: Stream, o: QueueOptions) -> None:
    kind = stream.peek()
    if kind in {"linkshare", "realtime", "upperlimit"} and (
        o.scheduler == "hfsc" or (o.scheduler, kind) == ("fairq", "linkshare")
    ):
        stream.take()
        curve = _curve(stream, hfsc=o.scheduler == "hfsc")
        if kind in o.curves:
            raise RuleError(f"{kind} already specified")
        o.curves[kind] = curve
    elif o.scheduler == "fairq" and kind == "hogs":
        stream.take()
        bandwidth(stream)
    elif o.scheduler == "fairq" and kind == "buckets":
        stream.take()
        stream.number()
    else:
        flag = stream.string()
        if flag not in _FLAGS[o.scheduler]:
            raise RuleError(f'unknown {o.scheduler} flag "{flag}"')
        o.flags |= {"red", "ecn"} if flag == "ecn" else {flag}


def _curve(stream: Stream, hfsc: bool) -> Curve:
    if not stream.accept("("):
        return Curve(m2=bandwidth(stream))
    first = bandwidth(stream)
    if hfsc:
        stream.accept(",")
        length = stream.integer()
        stream.accept(",")
    else:
        length = stream.number()
    second = bandwidth(stream)
    stream.take(")")
    if hfsc and not 0 <= length <= _INT:
        raise RuleError("timing in curve out of range")
    return Curve(first, length % 2**32, second)
