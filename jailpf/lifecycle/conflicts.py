"""Whether anybody else has claimed what a jail is about to claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.compile.claims import collisions
from jailpf.errors import ConflictError, JailpfError, Place, Problem
from jailpf.lifecycle import published, survey
from jailpf.lifecycle.prepare import prepare
from jailpf.state import claimed, records, starting
from jailpf.state.rundir import file_name, is_fresh
from jailpf.values import Network, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from jailpf.lifecycle.session import Session
    from jailpf.state.claim import Claim
    from jailpf.state.records import Record


ANYTHING = (Network.parse("0.0.0.0/0"), Network.parse("::/0"))


def check(session: Session, record: Record) -> None:
    """Compare with all records, with jails that are just starting, and with what the managers publish themselves. Raises ConflictError.

    To be called with the lock held. Claims of a jail that passed prestart long ago are dropped: it has to ask again.
    """
    known, unreadable = records.both(session.directory)
    others = [other for other in known if other.jail != record.jail]
    lost, unknown = _unreadable(session, record, unreadable)
    others += lost
    resolve = resolver(session)
    found = collisions(record.claims, resolve, [claim for other in others for claim in other.claims])
    problems = unknown + _with_the_dead(session, list(found), others)
    problems += _addresses([record], others)
    problems += _twins([record], others)
    problems += _addresses(others, [record])
    theirs_too, unread = published.everything(session)
    problems += _problems(record.claims, [claim for one in theirs_too for claim in one.claims()], resolve)
    session.notes += [one for one in unread if record.claims and one not in session.notes]
    problems += _within(record.claims, resolve)
    theirs = [claim for other in others for claim in other.claims]
    session.notes += [doubt for doubt in doubts(session, list(record.claims), theirs) if doubt not in session.notes]
    for other, since in claimed.pending(session.directory):
        if other.jail == record.jail:
            continue
        early = list(_problems(record.claims, other.claims, resolve))
        if early and is_fresh(since):
            problems += [problem._replace(message=problem.message + " (it is just starting)") for problem in early]
        elif early:
            starting.end(session.directory, other.jail)
    if problems:
        raise ConflictError(problems)


def _unreadable(session: Session, record: Record, files: dict[str, str]) -> tuple[list[Record], list[Problem]]:
    """In place of other jails' records that cannot be read what they declare; where that is not known either, a problem."""
    found, problems = [], []
    for name, wrong in files.items():
        if name == file_name(record.jail) or any(records.at(session.directory, name)[:2]):
            continue
        try:
            prepared = prepare(session, name, created=True)
        except JailpfError:
            prepared = None
        if prepared is not None:
            found.append(prepared.record)
        else:
            what = f"what the jail {name} has claimed is not known: its record cannot be used: {wrong}"
            problems.append(Problem(what, None, "`jailpf sync` mends it"))
    return found, problems


def _with_the_dead(session: Session, found: list[tuple[Claim, Claim]], others: list[Record]) -> list[Problem]:
    """The problems; where the other jail died without its poststop, the remedy is another one."""
    if not found:
        return []
    try:
        alive = set(survey.alive(session, session.settings))
    except JailpfError:
        return [_problem(one, other) for one, other in found]
    dead = {record.jail for record in others if record.running_name not in alive}
    problems = [(_problem(one, other), other.owner) for one, other in found]
    remedy = "`jailpf sync` takes away what is left of {}, which runs no more"
    return [problem._replace(remedy=remedy.format(owner)) if owner in dead else problem for problem, owner in problems]


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
                Problem(f"whether {one.owner} and {other.owner} claim one port cannot be told: {why}", one.place)
            )
    return found


def losers(session: Session, todo: list[Record], kept: list[Record]) -> dict[str, list[Problem]]:
    """Of jails that are to be loaded together, those that may not: what is loaded stays, then the first by name."""
    rank = {record.jail: (0, record.jail) for record in kept} | {record.jail: (1, record.jail) for record in todo}
    lost: dict[str, list[Problem]] = {}
    claims = [claim for record in (*kept, *todo) for claim in record.claims]
    for one, other in collisions(claims, resolver(session)):
        if one.owner == other.owner:
            continue
        winner, loser = sorted((one, other), key=lambda claim: rank[claim.owner])
        if winner.owner not in lost and rank[loser.owner][0]:
            lost.setdefault(loser.owner, []).append(_problem(loser, winner))
    return lost


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
                    "give one of them another, or say shared = true in [jail] of both",
                )


def _published(session: Session, moving: Container[str] = ()) -> list[Claim]:
    return [claim for one in published.everything(session)[0] if one.jail not in moving for claim in one.claims()]


def resolver(session: Session) -> Callable[[Peer], tuple[Network, ...] | None]:
    """The networks behind a peer, as far as pf and ifconfig(8) can tell; each is asked once in a command."""
    known = session.networks

    def resolve(peer: Peer) -> tuple[Network, ...] | None:
        if peer.network:
            return None if peer.negated else (peer.network,)
        if peer.word not in known:
            try:
                known[peer.word] = _ask(session, peer)
            except (JailpfError, ValueError) as wrong:
                known[peer.word] = None
                session.unknown[peer.word] = str(wrong.problems[0] if isinstance(wrong, JailpfError) else wrong)
        return known[peer.word]

    return resolve


def _ask(session: Session, peer: Peer) -> tuple[Network, ...] | None:
    if peer.table:
        return tuple(
            Network.parse(word) for word in session.pf.table("", peer.table, "show") if not word.startswith("!")
        )
    if not peer.interface:
        return None
    if session.settings.pf == "simulated":
        return _simulated(session, peer)
    from jailpf.system import programs

    text = programs.run(session.settings.programs["ifconfig"], peer.interface)
    found = [
        Network.parse(word)
        for word in re.findall(r"^\s+inet6? ([0-9a-f.:]+) ", text, re.M)
        if not word.startswith("fe80")
    ]
    if peer.word.endswith(":0)"):
        found = [next((one for one in found if one.family == family), None) for family in ("inet", "inet6")]  # type: ignore[misc]
    return tuple(filter(None, found))


def _simulated(session: Session, peer: Peer) -> tuple[Network, ...]:
    """What the interface has on the simulated host."""
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.rules.addresses import host_text

    pf = session.pf
    found = pf.topology.resolve(peer.word[1:-1]) if isinstance(pf, Simulated) else None
    if found is None:
        raise ValueError(f"the simulated host has no interface {peer.interface}")
    return tuple(Network.parse(word) for word in map(host_text, found) if not word.startswith("fe80"))
