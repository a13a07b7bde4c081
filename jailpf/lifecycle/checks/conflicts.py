"""Whether anybody else has claimed what a jail is about to claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.claims import collisions
from jailpf.errors import ConflictError, JailpfError, Place, Problem
from jailpf.lifecycle import survey
from jailpf.lifecycle.checks import published
from jailpf.lifecycle.checks.resolve import resolver
from jailpf.lifecycle.prepare import prepare
from jailpf.state import claimed, records, starting
from jailpf.state.rundir import file_name, is_fresh
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

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
            met = list(_problems(record.claims, other.claims, resolver(session)))
            if met and is_fresh(since):
                problems += [problem._replace(message=problem.message + " (it is just starting)") for problem in met]
            elif met:
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
        found.setdefault(one.owner, []).append(_problem(one, other))
    rank = {record.jail: (0, record.jail) for record in kept} | {record.jail: (1, record.jail) for record in todo}
    for record, near in _near(todo, kept):
        others = [other for other in near if rank[other.jail] < rank[record.jail] and other.jail not in found]
        problems = [*_addresses([record], others), *_twins([record], others), *_addresses(others, [record])]
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
    problems = [_problem(one, other) for one, other in found]
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
    found = list(_within(claims, resolve, about))
    found += _problems(claims, _published(session, moving), resolve)
    return [*found, *_addresses(wanted, wanted), *_twins(wanted, wanted)]


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


def _problems(
    claims: Iterable[Claim], against: Iterable[Claim], resolve: Callable[[Peer], tuple[Network, ...] | None]
) -> Iterator[Problem]:
    for one, other in collisions(claims, resolve, list(against)):
        yield _problem(one, other)


def _within(
    claims: Iterable[Claim], resolve: Callable[[Peer], tuple[Network, ...] | None], about: Container[str] = ()
) -> Iterator[Problem]:
    for one, other in collisions(claims, resolve):
        if other.owner in about and one.owner not in about:
            one, other = other, one
        # A binat and an rdr of one jail on one address are no accident: pf asks rdr first, inside one anchor.
        if one.owner != other.owner or (one.protos and other.protos):
            yield _problem(one, other)


def _problem(one: Claim, other: Claim) -> Problem:
    if one.place.line < other.place.line and one.owner == other.owner:
        one, other = other, one
    ports = ", ".join(str(port) for port in one.ports if any(port.overlaps(each) for each in other.ports))
    what = (
        f"{'+'.join(one.protos) or 'all protocols'} port {ports}"
        if one.ports[0].width < 65535
        else "+".join(one.protos) or "all protocols"
    )
    where = " ".join(map(str, one.to))
    mine, theirs = (" ".join(filter(None, (claim.owner, claim.service))) for claim in (one, other))
    sentence = f"{mine} claims {what} of {where}, which {theirs} has ({other.place})"
    return Problem(sentence, one.place, "give one of them another port or address")


def _addresses(claimants: Iterable[Record], owners: Iterable[Record]) -> Iterator[Problem]:
    """An outside address that is another jail's own."""
    own = {address: record for record in owners if not record.shared for address in record.addresses}
    for record in claimants:
        for claim in record.claims:
            for peer in claim.to:
                owner = own.get(peer.word)
                if owner and owner.jail != record.jail and peer.network:
                    yield Problem(
                        f"{peer.word} is the jail {owner.jail}'s own address",
                        claim.place,
                        f"publish {record.jail} on an address of the host",
                    )


def _twins(wanted: Iterable[Record], others: Iterable[Record]) -> Iterator[Problem]:
    """An address of two jails that neither of them shares: what is let in to one is let in to the other."""
    own = {address: record for record in others if not record.shared for address in record.addresses}
    for record in wanted:
        for address in record.addresses if not record.shared else ():
            other = own.get(address)
            if other and other.jail != record.jail:
                yield Problem(
                    f"{address} of {record.jail} is also the address of {other.jail}",
                    Place(record.file),
                    "give one of them another address, or write shared = true in [jail] of both",
                )


def _published(session: Session, moving: Container[str] = ()) -> list[Claim]:
    return [claim for one in published.everything(session)[0] if one.jail not in moving for claim in one.claims()]
