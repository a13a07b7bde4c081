"""The options of a filter rule, in any order: what may be said once, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.behind import OPTION
from jailpf.pf.simulated.language.ends import interface
from jailpf.pf.simulated.language.filter_pools import af_to, nat_to, rdr_to
from jailpf.pf.simulated.language.icmp import Icmp, icmp
from jailpf.pf.simulated.language.lexer import NUMBER
from jailpf.pf.simulated.language.ports import groups, port_range, users, word
from jailpf.pf.simulated.language.problems import RuleError
from jailpf.pf.simulated.language.scrub import ScrubOptions, scrub_options
from jailpf.pf.simulated.language.small import dummynet, flags, label, probability, queue, rtable, set_prio, tos
from jailpf.pf.simulated.language.state_options import optional
from jailpf.pf.simulated.language.written import Interface, Item
from jailpf.pf.simulated.rules.rule import UNKNOWN_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.redirect import Redirect
    from jailpf.pf.simulated.rules.rule import Ids

_UINT = 2**32 - 1


@dataclass
class Options:
    """What the options of a rule say. `keep` is None when no word about states was said."""

    said: bool = False
    users: list[Ids] = field(default_factory=list)
    groups: list[Ids] = field(default_factory=list)
    flags: tuple[int, int] | None = None
    icmp: list[Icmp] | None = None
    prio: int | None = None
    tos: int | None = None
    keep: tuple[str, list[Item]] | None = None
    ridentifier: int = 0
    fragment: bool = False
    allow_opts: bool = False
    labels: list[str] = field(default_factory=list)
    queue: tuple[str, str] | None = None
    dummynet: tuple[str, int, int] | None = None
    tag: str = ""
    tagged: tuple[str, bool] = ("", False)
    received_on: Interface | None = None
    probability: int = 0
    rtable: int | None = None
    divert_to: int = 0
    scrub: ScrubOptions | None = None
    nat: Redirect | None = None
    rdr: Redirect | None = None
    af_to: bool = False
    max_pkt_rate: tuple[int, int] | None = None
    max_pkt_size: int = 0
    set_prio: tuple[int, int] | None = None
    set_tos: int | None = None


def filter_options(c: Context) -> Options:
    """All options up to what is none. Raises RuleError."""
    found = Options()
    while handler := _HANDLERS.get(c.stream.peek()):
        handler(c, found)
        found.said = True
    return found


def _users(c: Context, o: Options) -> None:
    c.stream.take()
    o.users = [*users(c.stream), *o.users]
    _tolerate(c, o.users)


def _groups(c: Context, o: Options) -> None:
    c.stream.take()
    o.groups = [*groups(c.stream), *o.groups]
    _tolerate(c, o.groups)


def _tolerate(c: Context, found: list[Ids]) -> None:
    if any(UNKNOWN_ID - 1 in {ids.low, ids.high} for ids in found):
        c.tolerate()


def _flags(c: Context, o: Options) -> None:
    c.stream.take()
    found = flags(c.stream)
    if o.flags is not None:
        raise RuleError("flags cannot be redefined")
    o.flags = found


def _icmp(c: Context, o: Options) -> None:
    found = icmp(c.stream, c.stream.take() == "icmp6-type")
    c.stream.must(OPTION)
    if o.icmp is not None:
        raise RuleError("icmp-type cannot be redefined")
    o.icmp = found


def _prio(c: Context, o: Options) -> None:
    c.stream.take()
    number = c.stream.integer()
    if o.prio is not None:
        raise RuleError("prio cannot be redefined")
    if not 0 <= number <= 7:
        raise RuleError("prio must be 0 - 7")
    o.prio = number


def _tos(c: Context, o: Options) -> None:
    c.stream.take()
    number = tos(c.stream)
    if o.tos is not None:
        raise RuleError("tos cannot be redefined")
    o.tos = number


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


def _flag(c: Context, o: Options) -> None:
    setattr(o, c.stream.take().replace("-", "_"), True)


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


def _tagged(c: Context, o: Options) -> None:
    negated = c.stream.accept("!")
    if c.stream.accept("tagged"):
        o.tagged = (c.stream.strings(), negated)
        return
    c.stream.take("received-on")
    name = interface(c)
    if o.received_on:
        raise RuleError("cannot respecify received-on")
    o.received_on = Interface(name, negated)


def _probability(c: Context, o: Options) -> None:
    c.stream.take()
    o.probability = probability(c.stream)


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


def _rate(c: Context, o: Options) -> None:
    stream = c.stream
    stream.take()
    limit = stream.integer()
    stream.take("/")
    seconds = stream.integer()
    if not (0 <= limit <= _UINT and 0 <= seconds <= _UINT):
        raise RuleError("only positive values permitted")
    if o.max_pkt_rate and o.max_pkt_rate[0]:
        raise RuleError("cannot respecify max-pkt-rate")
    o.max_pkt_rate = (limit, seconds)


def _size(c: Context, o: Options) -> None:
    c.stream.take()
    size = c.stream.integer()
    if not 0 <= size <= 65535:
        raise RuleError("only positive values permitted")
    o.max_pkt_size = size


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


_HANDLERS: dict[str, Callable[[Context, Options], None]] = {
    "user": _users,
    "group": _groups,
    "flags": _flags,
    "icmp-type": _icmp,
    "icmp6-type": _icmp,
    "prio": _prio,
    "tos": _tos,
    "no": _keep,
    "keep": _keep,
    "modulate": _keep,
    "synproxy": _keep,
    "ridentifier": _ridentifier,
    "fragment": _flag,
    "allow-opts": _flag,
    "label": _label,
    "queue": _queue,
    "dnpipe": _dummynet,
    "dnqueue": _dummynet,
    "tag": _tag,
    "tagged": _tagged,
    "!": _tagged,
    "received-on": _tagged,
    "probability": _probability,
    "rtable": _rtable,
    "divert-to": _divert,
    "divert-reply": _divert,
    "scrub": _scrub,
    "nat-to": nat_to,
    "binat-to": nat_to,
    "rdr-to": rdr_to,
    "af-to": af_to,
    "max-pkt-rate": _rate,
    "max-pkt-size": _size,
    "set": _set,
}
