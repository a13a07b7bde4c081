"""Promises about what leaves this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.insight.boxes import box_of, subtract
from jailpf.insight.parties import net
from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.reach.boxes import Box
from jailpf.pf.simulated.reach.homes import roads
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, PORTS, IntervalSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jailpf.declare.promises import Promise, Whom
    from jailpf.insight.parties import Parties
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

LOOPS = {"inet": (127 << 24, (128 << 24) - 1), "inet6": (0, 1)}


def beyond(whom: Whom, parties: Parties, family: Family) -> IntervalSet:
    """The addresses of others, beyond this host, that are meant."""
    if whom.kind == "outside":
        return EVERY[family] - parties.everybody(family) - parties.nobody(family)
    return (EVERY[family] if whom.kind == "any" else net(whom, family)) - parties.everybody(family)


def speaks(promise: Promise, parties: Parties) -> bool:
    """Whether it is also about what leaves."""
    return any(beyond(one, parties, family) for one in promise.to for family in EVERY)  # type: ignore[arg-type]


def unfollowed(promise: Promise) -> str:
    """The first receiver of whom nothing is known, for nobody answers for it: multicast, broadcast; "" for none."""
    for one in promise.to:
        for family in ("inet", "inet6"):
            never = IntervalSet.of(ways.never(family)) - IntervalSet((LOOPS[family],))
            if net(one, family) and not net(one, family) - never:
                return str(one)
    return ""


def received(to: tuple[Whom, ...], parties: Parties, row: Leaving) -> IntervalSet:
    """The addresses asked for of a row that are meant, or that a rdr sends to somebody who is."""
    meant = IntervalSet.of(span for one in to for span in beyond(one, parties, row.family))
    if row.target is not None and row.target & meant:
        return row.to
    return row.to & (meant | meant.shifted(-row.away))


def arriving(promise: Promise, row: Leaving | Reached) -> IntervalSet:
    """The ports asked for that arrive at promised ones."""
    if not promise.port:
        return row.ports
    wanted = IntervalSet.of((port.first, port.last) for port in promise.port)
    if row.port is not None:
        return row.ports if row.port in wanted else EMPTY
    return row.ports & wanted.shifted(-row.shift)


def receivers(whom: Whom, parties: Parties) -> dict[Family, IntervalSet]:
    """Everybody on the Internet to whom the uplink leads; all of a network where nobody here has an address of it."""
    found: dict[Family, IntervalSet] = {}
    for family in ("inet", "inet6"):
        if whom.kind != "outside":
            there = net(whom, family) - IntervalSet.of(ways.never(family))
        else:
            uplink = parties.topology.uplink(family) or parties.topology.ext_if
            card = parties.topology.interfaces.get(uplink)
            has = any(one.family == family and not one.link_local for one in (card.own if card else ()))
            led = (there for name, is_open, there in roads(parties.topology, family) if name == uplink and is_open)
            there = parties.outside(family) & next(led, EMPTY) if has else EMPTY
        if there:
            found[family] = there
    return found


def missed(promise: Promise, rows: Sequence[Leaving], to: IntervalSet, sources: IntervalSet) -> str | None:
    """The first promised port, as written, by which not all of them get to all of the receivers; "" where there is no
    port at all by which they do; None when it is kept.
    """
    plain = [
        one
        for one in rows
        if one.target is None
        and not one.away
        and one.port is None
        and not one.shift
        and one.answered
        and not one.doubts
    ]
    with_ports = any(one.ports & (PORTS - IntervalSet.single(0)) for one in plain)
    from_ports = IntervalSet(((1024, 65535),)) if with_ports else IntervalSet.single(0)
    wanted = Box(sources, from_ports, to, PORTS if with_ports else IntervalSet.single(0))
    gaps = IntervalSet.of(span for box in subtract([wanted], map(box_of, plain)) for span in box.ports)
    if not promise.port:
        return None if wanted.ports - gaps else ""
    return next(
        (str(port) for port in promise.port if IntervalSet(((port.first, port.last),)) & gaps or not plain), None
    )


def inside(rows: Sequence[Leaving], proto: str, family: Family) -> Iterator[Leaving]:
    """Those of one protocol and family."""
    return (one for one in rows if (one.proto, one.family) == (proto, family))
