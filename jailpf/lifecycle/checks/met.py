"""Two that claim one thing, in words: a port of an address, or an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.claims import collisions
from jailpf.errors import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from jailpf.state.claim import Claim
    from jailpf.state.records import Record
    from jailpf.values import Network, Peer


def problems(
    claims: Iterable[Claim], against: Iterable[Claim], resolve: Callable[[Peer], tuple[Network, ...] | None]
) -> Iterator[Problem]:
    """What of some claims others have."""
    for one, other in collisions(claims, resolve, list(against)):
        yield problem(one, other)


def within(
    claims: Iterable[Claim], resolve: Callable[[Peer], tuple[Network, ...] | None], about: Container[str] = ()
) -> Iterator[Problem]:
    """What of some claims others of them have. about: the jails whose files are named first."""
    for one, other in collisions(claims, resolve):
        if other.owner in about and one.owner not in about:
            one, other = other, one
        # A binat and an rdr of one jail on one address are no accident: pf asks rdr first, inside one anchor.
        if one.owner != other.owner or (one.protos and other.protos):
            yield problem(one, other)


def problem(one: Claim, other: Claim) -> Problem:
    """What one of the claims asks for, and the other has."""
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


def addresses(claimants: Iterable[Record], owners: Iterable[Record]) -> Iterator[Problem]:
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


def twins(wanted: Iterable[Record], others: Iterable[Record]) -> Iterator[Problem]:
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
