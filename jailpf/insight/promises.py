"""Promises, checked exactly: against all packets that get through, not against samples."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.declare import promises as written
from jailpf.errors import DeclarationError, Problem
from jailpf.insight import outward
from jailpf.insight.always import always
from jailpf.insight.boxes import box_of
from jailpf.insight.example import example
from jailpf.insight.honest import honest
from jailpf.insight.notes import uncalled
from jailpf.insight.parties import Parties, means, net
from jailpf.pf.simulated.reach.intervals import EMPTY, IntervalSet
from jailpf.pf.simulated.reach.reach import Answer, answer, reach
from jailpf.pf.simulated.reach.reached import lent
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.promises import Promise, Promised, Whom
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reached import Reached

CHANGE = "change the declaration or the promise"
ICMP = ("icmp", "ipv6-icmp")


def promises_of(session: Session) -> list[Promised]:
    """Those of the host. Raises ConfigError."""
    return written.read(session.settings.file)


def broken(promises: Iterable[Promised], world: World, known: Answer | None = None) -> list[Problem]:
    """A problem for each promise that the world does not keep, with an example packet; what is doubtful is not kept.

    known: all that gets through in that world, where it has been asked already.
    """
    parties = Parties(world.pf.topology)
    wanted = list(promises)
    if known is None:
        away = any(outward.speaks(one.promise, parties) for one in wanted)
        known = answer(world.pf, world.progress) if away else Answer(reach(world.pf), [])
    found = known._replace(leaving=list(honest(world.pf.topology, known.leaving)))
    wrong = [problem for one in wanted if (problem := _broken(one, parties, world, found))]
    if wrong and (lines := [one.remedy for one in uncalled(world)]):  # nothing of the declarations counts
        first, *rest = dict.fromkeys(lines)
        add = " and ".join([first, *(one.removeprefix("add to pf.conf: ") for one in rest)])
        return [one._replace(remedy=add) if one.remedy == CHANGE else one for one in wrong]
    return wrong


def strangers(promises: Iterable[Promised], jails: Iterable[str]) -> Iterator[Problem]:
    """Jails that the `except` of a promise names and nobody declares: it may be about nothing. A pattern may wait for its
    jails; a promise from or to a stranger is not kept.
    """
    known = sorted(jails)
    for one in promises:
        for whom in one.promise.but:
            if whom.kind == "jail" and "*" not in whom.word and whom.word not in known:
                yield Problem(f"no jail {whom.word!r} is declared", one.place, did_you_mean(whom.word, known))


def guard(session: Session, name: str) -> None:
    """Refuse the start of a jail that would break a promise which is kept now. Raises DeclarationError."""
    promises = promises_of(session)
    if not promises:
        return
    from jailpf.insight.world import build

    after = build(session, declared=frozenset([name]))
    found = broken(promises, after)
    if found:
        before = build(session, like=after)
        known = {problem.place for problem in broken(promises, before)}
        if new := [problem for problem in found if problem.place not in known]:
            raise DeclarationError(new)


def _broken(one: Promised, parties: Parties, world: World, known: Answer) -> Problem | None:
    remedy = CHANGE
    strange = next((whom.word for whom in (*one.promise.source, *one.promise.to) if _is_strange(whom, parties)), "")
    if strange:
        files = (one.place.file for wrong in world.broken for one in wrong.problems if one.place)
        if any(os.path.basename(file).startswith(f"{strange}.") for file in files):
            why, remedy = f"the declaration of {strange} is broken", f"`jailpf check {strange}` says why"
        else:
            why = f"the jail {strange!r} is not known"
            remedy = did_you_mean(strange, parties.topology.jails) or remedy
    elif one.word == "always":
        why = always(one.promise, parties, known)
    elif not (why := _never(one.promise, parties, world, known)) and (strange := outward.unfollowed(one.promise)):
        why = f"jailpf does not follow packets to {strange}: nobody answers a multicast or broadcast address"
        remedy = "name the networks without these addresses"
    return Problem(f"{one} is not kept: {why}", one.place, remedy) if why else None


def _is_strange(whom: Whom, parties: Parties) -> bool:
    """Whether it is one jail, and not there. A pattern may wait for its jails."""
    return whom.kind == "jail" and "*" not in whom.word and whom.word not in parties.topology.jails


def _never(promise: Promise, parties: Parties, world: World, known: Answer) -> str:
    for row in known.reached:
        if not _protocol(promise, row.proto):
            continue
        if to := _received(promise.to, parties, row):
            part = box_of(row)._replace(to=to, ports=outward.arriving(promise, row))
            host = _of_the_host(promise, parties, row) & to if part.ports else EMPTY
            for sources, asked in ((_senders(promise, parties, row), to), (host, host)):
                found = part._replace(sources=sources, to=asked)
                if all(found):
                    return example(world, parties, row, found)
    for away in known.leaving if outward.speaks(promise, parties) else ():
        if _protocol(promise, away.proto):
            to = outward.received(promise.to, parties, away)
            ports = outward.arriving(promise, away)
            part = box_of(away)._replace(sources=_senders(promise, parties, away), to=to, ports=ports)
            if all(part):
                return example(world, parties, away, part)
    return ""


def _protocol(promise: Promise, proto: str) -> bool:
    if promise.proto:
        names = {{"icmp6": "ipv6-icmp"}.get(name, name) for name in promise.proto.names}
        return proto in names
    return proto in ("tcp", "udp") if promise.port else proto not in ICMP


def _received(whom: tuple[Whom, ...], parties: Parties, row: Reached) -> IntervalSet:
    """The addresses asked for of a row whose receiver is meant: by its name or address, else by the address asked for."""
    for one in whom:
        known = one.kind == "any" or (row.delivered_to in parties.names and means(one, row.delivered_to))
        if known or row.address_number() in net(one, row.family):
            return row.to
    return row.to & IntervalSet.of(span for one in whom for span in net(one, row.family))


def _of_the_host(promise: Promise, parties: Parties, row: Reached) -> IntervalSet:
    """The addresses that are both source and receiver where the host asks a local jail, if the promise speaks of the host."""
    meant, but = (any(means(one, "host") for one in words) for words in (promise.source, promise.but))
    if but or not meant or row.delivered_to == "host":
        return EMPTY
    return lent(row, parties.topology) - IntervalSet.of(span for one in promise.but for span in net(one, row.family))


def _senders(promise: Promise, parties: Parties, row: Reached | Leaving) -> IntervalSet:
    """The sources of a row that the promise speaks of; a jail that asks itself is nobody's business."""
    found = EMPTY
    for one in promise.source:
        found = found | parties.sources(one, row)
    for one in promise.but:
        found = found - parties.sources(one, row)
    receiver = getattr(row, "delivered_to", "")
    return found - parties.own(receiver, row.family) if receiver and parties.inside(row.origin) else found
