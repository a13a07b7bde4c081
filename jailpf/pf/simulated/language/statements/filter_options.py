"""The options of a filter rule, in any order: what may be said once, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.filter_pools import af_to, nat_to, rdr_to
from jailpf.pf.simulated.language.clauses.state_options import optional
from jailpf.pf.simulated.language.lexing.behind import OPTION
from jailpf.pf.simulated.language.lexing.lexer import NUMBER
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.statements.filter_conditions import CONDITIONS
from jailpf.pf.simulated.language.statements.said import Options
from jailpf.pf.simulated.language.statements.scrub import ScrubOptions, scrub_options
from jailpf.pf.simulated.language.words.ports import port_range, word
from jailpf.pf.simulated.language.words.small import dummynet, label, queue, rtable, set_prio, tos

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.language.context import Context


# Options that pfctl of 13 takes for a syntax error (facts.md section 4).
NOT_IN_13 = {"scrub", "nat-to", "rdr-to", "binat-to", "af-to", "received-on", "max-pkt-rate", "max-pkt-size"}


def filter_options(c: Context) -> Options:
    """All options up to what is none. Raises RuleError."""
    found = Options()
    while handler := _HANDLERS.get(word := c.stream.peek()):
        if word in NOT_IN_13:
            c.newer(word)
        handler(c, found)
        found.said = True
    return found


def _keep(c: Context, o: Options) -> None:
    how = c.stream.take()
    c.stream.take("state")
    items = [] if how == "no" else optional(c.stream)
    if how != "no" and not items:
        c.stream.must(OPTION)
    if o.keep is not None:
        raise RuleError("modulate or keep cannot be redefined")
    o.keep = (f"{how} state", items)


def _ridentifier(c: Context, o: Options) -> None:
    c.stream.take()
    o.ridentifier = c.stream.number() % 2**32


def _label(c: Context, o: Options) -> None:
    label(c.stream, o.labels)


def _queue(c: Context, o: Options) -> None:
    found = queue(c.stream)
    if o.queue:
        raise RuleError("queue cannot be redefined")
    o.queue = found


def _dummynet(c: Context, o: Options) -> None:
    o.dummynet = dummynet(c.stream, o.dummynet)


def _tag(c: Context, o: Options) -> None:
    c.stream.take()
    o.tag = c.stream.strings()


def _rtable(c: Context, o: Options) -> None:
    o.rtable = rtable(c.stream)


def _divert(c: Context, o: Options) -> None:
    stream = c.stream
    if stream.take() == "divert-reply":
        raise RuleError("divert-reply has no meaning in FreeBSD pf(4)")
    number = stream.at(NUMBER)
    text = word(stream)
    # A word before `port` is an address, whatever it says; FreeBSD looks at the port alone.
    if stream.at("port") and not number:
        stream.take()
        text = word(stream)
    else:
        stream.must(OPTION)
    port = port_range(text, ranges=False)
    if not port.low:
        raise RuleError("invalid divert port: 0")
    o.divert_to = port.low


def _scrub(c: Context, o: Options) -> None:
    stream = c.stream
    stream.take()
    stream.take("(")
    found = ScrubOptions() if stream.at(")") else scrub_options(c, ")")
    stream.take(")")
    before = o.scrub
    if before and before.reassemble_tcp:
        found.reassemble_tcp = True
    if found.set_tos is not None:
        o.set_tos = found.set_tos
    o.scrub = found


def _set(c: Context, o: Options) -> None:
    c.stream.take()
    if not c.stream.accept("("):
        _setting(c, o)
        return
    c.stream.series(lambda: _setting(c, o), ")")
    c.stream.take(")")


def _setting(c: Context, o: Options) -> None:
    if c.stream.at("prio"):
        found = set_prio(c.stream)
        if o.set_prio is not None:
            raise RuleError("prio cannot be redefined")
        o.set_prio = found
        return
    c.stream.take("tos")
    number = tos(c.stream)
    if o.set_tos is not None:
        raise RuleError("tos cannot be respecified")
    o.set_tos = number


_HANDLERS: dict[str, Callable[[Context, Options], None]] = CONDITIONS | {
    "no": _keep,
    "keep": _keep,
    "modulate": _keep,
    "synproxy": _keep,
    "ridentifier": _ridentifier,
    "label": _label,
    "queue": _queue,
    "dnpipe": _dummynet,
    "dnqueue": _dummynet,
    "tag": _tag,
    "rtable": _rtable,
    "divert-to": _divert,
    "divert-reply": _divert,
    "scrub": _scrub,
    "nat-to": nat_to,
    "binat-to": nat_to,
    "rdr-to": rdr_to,
    "af-to": af_to,
    "set": _set,
}
