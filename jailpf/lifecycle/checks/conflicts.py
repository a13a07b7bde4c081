"""Whether anybody else has claimed what a jail is about to claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.claims import collisions
from jailpf.errors import ConflictError, JailpfError, Problem
from jailpf.lifecycle import survey
from jailpf.lifecycle.checks import met, published
from jailpf.lifecycle.checks.resolve import resolver
from jailpf.lifecycle.prepare import prepare
from jailpf.state import claimed, records, starting
from jailpf.state.rundir import file_name, is_fresh
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from jailpf.lifecycle.session import Session
    from jailpf.state.claim import Claim
    from jailpf.state.records import Record
    from jailpf.values import Peer


ANYTHING = (Network.parse("0.0.0.0/0"), Network.parse("::/0"))


def check(session: Session, record: Record) -> None:
    """Compare with all records, with jails that are just starting, and with what the managers publish themselves. Raises ConflictError.

    To be called with the lock held. Claims of a jail that passed prestart long ago are dropped: it has to ask again.
    """
    if problems := refused(session, [record]).get(record.jail):
        raise ConflictError(problems)


def refused(session: Session, todo: list[Record]) -> dict[str, list[Problem]]:
    """The same of records that are to be loaded together, by their jails."""
    names = {record.jail for record in todo}
    known, unreadable = records.both(session.directory)
    others = [other for other in known if other.jail not in names]
    lost, unknown = _unreadable(session, set(map(file_name, names)), unreadable)
    found = judged(session, todo, others + lost, {record.jail: record for record in known})
    early = [(other, since) for other, since in claimed.pending(session.directory) if other.jail not in names]
    for record in todo:
        problems = unknown + found.get(record.jail, [])
        for other, since in early:
            both = list(met.problems(record.claims, other.claims, resolver(session)))
            if both and is_fresh(since):
                problems += [problem._replace(message=problem.message + " (it is just starting)") for problem in both]
            elif both:
                starting.end(session.directory, other.jail)
        if problems:
            found[record.jail] = list(dict.fromkeys(problems))  # of both address families the same words
    return found


def judged(
    session: Session, todo: list[Record], kept: list[Record], held: Mapping[str, Record]
) -> dict[str, list[Problem]]:
    """What speaks against each of the records that are to be loaded together, by their jails: what stays loaded counts first, then
    the first by name. What cannot be told becomes notes. held: what a jail has now, which stays where it is refused.
    """
    found: dict[str, list[Problem]] = {}
    while more := _judged(session, [record for record in todo if record.jail not in found], kept):
        found |= more
        kept = [*kept, *(held[name] for name in more if name in held)]
    return found


def _judged(session: Session, todo: list[Record], kept: list[Record]) -> dict[str, list[Problem]]:
    found: dict[str, list[Problem]] = {}
    resolve = resolver(session)
    mine = [claim for record in todo for claim in record.claims]
    theirs = [claim for record in kept for claim in record.claims]
    pairs = list(collisions(mine, resolve, theirs))
    found |= {loser.owner: [] for loser, _ in pairs}
    for one, other in collisions(mine, resolve):
        winner, loser = sorted((one, other), key=lambda claim: claim.owner)
        if one.owner == other.owner:  # a binat and an rdr of one jail on one address are no accident: pf asks rdr first
            pairs += [(one, other)] if one.protos and other.protos else []
        elif winner.owner not in found:
            pairs.append((loser, winner))
            found.setdefault(loser.owner, [])
    for (loser, _), problem in zip(pairs, _with_the_dead(session, pairs, kept), strict=True):
        found.setdefault(loser.owner, []).append(problem)
    everybodys, unread = published.everything(session)
    for one, other in collisions(mine, resolve, [claim for each in everybodys for claim in each.claims()]):
        found.setdefault(one.owner, []).append(met.problem(one, other))
    rank = {record.jail: (0, record.jail) for record in kept} | {record.jail: (1, record.jail) for record in todo}
    for record, near in _near(todo, kept):
        others = [other for other in near if rank[other.jail] < rank[record.jail] and other.jail not in found]
        problems = [*met.addresses([record], others), *met.twins([record], others), *met.addresses(others, [record])]
        if problems:
            found.setdefault(record.jail, []).extend(problems)
    notes = [*(unread if mine else ()), *doubts(session, mine, theirs)]
    session.notes += [one for one in notes if one not in session.notes]
    return found


def _near(todo: list[Record], kept: list[Record]) -> Iterator[tuple[Record, list[Record]]]:
    """Each of the records, by name, with those that have or claim an address that it has or claims."""
    behind: dict[str, list[Record]] = {}
    for record in (*kept, *todo):
        for word in _words(record):
            behind.setdefault(word, []).append(record)
    for record in sorted(todo, key=lambda one: one.jail):
        near = {id(other): other for word in _words(record) for other in behind[word] if other.jail != record.jail}
        yield record, list(near.values())


def _words(record: Record) -> set[str]:
    return {*record.addresses, *(peer.word for claim in record.claims for peer in claim.to if peer.network)}


def _unreadable(session: Session, own: set[str], files: dict[str, str]) -> tuple[list[Record], list[Problem]]:
    """In place of other jails' records that cannot be read what they declare; where that is not known either, a problem."""
    found, problems = [], []
    for name, wrong in files.items():
        if name in own or any(records.at(session.directory, name)[:2]):
            continue
        try:
            prepared = prepare(session, name, created=True)
        except JailpfError:
            prepared = None
        if prepared is not None:
            found.append(prepared.record)
        else:
            what = f"the ports of the jail {name} are not known, because its record cannot be used: {wrong}"
            problems.append(Problem(what, None, "`jailpf sync` repairs it"))
    return found, problems


def _with_the_dead(session: Session, found: list[tuple[Claim, Claim]], others: list[Record]) -> list[Problem]:
    """The problems; where the other jail died without its poststop, the remedy is another one."""
    problems = [met.problem(one, other) for one, other in found]
    if not found:
        return []
    try:
        alive = set(survey.alive(session, session.settings))
    except JailpfError:
        return problems
    dead = {record.jail for record in others if record.running_name not in alive}
    remedy = "`jailpf sync` removes the rules of {}, which no longer runs"
    return [
        problem._replace(remedy=remedy.format(other.owner)) if other.owner in dead else problem
        for problem, (_, other) in zip(problems, found, strict=True)
    ]


def check_all(
    session: Session, wanted: Iterable[Record], about: Container[str] = (), moving: Container[str] = ()
) -> list[Problem]:
    """Every conflict between declarations, for `jailpf check`. about: the jails that were asked about, whose files are named first.

    moving: jails whose declarations are made of what their managers publish, which is to go: no conflict with that.
    """
    wanted = list(wanted)
    claims = [claim for record in wanted for claim in record.claims]
    resolve = resolver(session)
    found = list(met.within(claims, resolve, about))
    found += met.problems(claims, _published(session, moving), resolve)
    return [*found, *met.addresses(wanted, wanted), *met.twins(wanted, wanted)]


def doubts(session: Session, claims: list[Claim], against: list[Claim] | None = None) -> list[Problem]:
    """What might be a conflict, if what could not be asked of pf or ifconfig(8) were known: once conflicts were looked for."""
    if not session.unknown:
        return []
    resolve = resolver(session)

    def anything(peer: Peer) -> tuple[Network, ...] | None:
        return ANYTHING if peer.word in session.unknown else resolve(peer)

    sure = {(id(one), id(other)) for one, other in collisions(claims, resolve, against)}
    found = []
    for one, other in collisions(claims, anything, against):
        if one.owner != other.owner and (id(one), id(other)) not in sure:
            why = next(session.unknown[peer.word] for peer in (*one.to, *other.to) if peer.word in session.unknown)
            found.append(
                Problem(f"{one.owner} and {other.owner} may claim the same port; jailpf cannot tell: {why}", one.place)
            )
    return found


def outdate(session: Session, loading: list[Record]) -> None:
    """Drop the plans of starting jails that collide with what is about to be loaded: their `created` must look again."""
    claims = [claim for record in loading for claim in record.claims]
    names = {record.jail for record in loading}
    for other, _ in claimed.pending(session.directory):
        if other.jail not in names and next(collisions(claims, resolver(session), other.claims), None):
            starting.end(session.directory, other.jail)


def _published(session: Session, moving: Container[str] = ()) -> list[Claim]:
    return [claim for one in published.everything(session)[0] if one.jail not in moving for claim in one.claims()]
