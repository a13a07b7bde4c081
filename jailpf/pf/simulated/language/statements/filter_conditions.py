"""What a filter rule asks of a packet beyond its ends: the options that say so, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.clauses.ends import interface
from jailpf.pf.simulated.language.clauses.state_options import rate
from jailpf.pf.simulated.language.lexing.behind import OPTION
from jailpf.pf.simulated.language.lexing.problems import RuleError
from jailpf.pf.simulated.language.words.icmp import icmp
from jailpf.pf.simulated.language.words.ports import groups, users
from jailpf.pf.simulated.language.words.small import flags, probability, tos
from jailpf.pf.simulated.language.words.written import Interface
from jailpf.pf.simulated.rules.rule import UNKNOWN_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.statements.said import Options
    from jailpf.pf.simulated.rules.rule import Ids


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


def _flag(c: Context, o: Options) -> None:
    setattr(o, c.stream.take().replace("-", "_"), True)


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


def _rate(c: Context, o: Options) -> None:
    c.stream.take()
    found = rate(c.stream)
    if o.max_pkt_rate and o.max_pkt_rate[0]:
        raise RuleError("cannot respecify max-pkt-rate")
    o.max_pkt_rate = found


def _size(c: Context, o: Options) -> None:
    c.stream.take()
    size = c.stream.integer()
    if not 0 <= size <= 65535:
        raise RuleError("only positive values permitted")
    o.max_pkt_size = size


CONDITIONS: dict[str, Callable[[Context, Options], None]] = {
    "user": _users,
    "group": _groups,
    "flags": _flags,
    "icmp-type": _icmp,
    "icmp6-type": _icmp,
    "prio": _prio,
    "tos": _tos,
    "fragment": _flag,
    "allow-opts": _flag,
    "tagged": _tagged,
    "!": _tagged,
    "received-on": _tagged,
    "probability": _probability,
    "max-pkt-rate": _rate,
    "max-pkt-size": _size,
}
