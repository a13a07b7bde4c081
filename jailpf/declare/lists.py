"""Lists of a declaration whose members get into each other's way."""

from __future__ import annotations

from ipaddress import collapse_addresses
from typing import TYPE_CHECKING

from jailpf.values import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.values import Family, Network, Peer, Port, Protocol


def overlapping(ports: tuple[Port, ...]) -> Iterator[tuple[str, str]]:
    """A problem for each port that stands twice in one list."""
    taken: tuple[Port, int] | None = None
    for one in sorted((port, number) for number, port in enumerate(ports)):
        if taken and one[0].overlaps(taken[0]):
            (earlier, _), (later, number) = sorted((taken, one), key=lambda each: each[1])
            yield f"port.{number}", f"port {later} is already in {earlier}"
        if not taken or one[0].last > taken[0].last:
            taken = one


def negations(peers: tuple[Peer, ...], where: str = "from", *, jails: bool = False) -> Iterator[tuple[str, str]]:
    """A problem when a list holds a negation: each would be a rule of its own, and together they match nearly all.

    jails: whether "any" leaves other jails out, which have rules of their own.
    """
    plain = tuple(peer for peer in peers if not peer.indoors)
    if len(plain) > 1 and any(peer.negated for peer in plain):
        yield where, 'a list with a negation matches nearly everybody; use a [table.NAME] with "!" entries'
    rest = plain if jails else peers
    if len(rest) > 1 and any(peer.kind == "any" for peer in rest):
        yield where, '"any" makes the rest of the list pointless; write one or the other'


def destination(
    to: tuple[Peer, ...], proto: Protocol | None, port: tuple[Port, ...], *, beyond: bool = False
) -> Iterator[tuple[str, str]]:
    """The problems of `to`, `proto` and `port`, where they say what a jail sends.

    beyond: whether "any" leaves the host and its jails out, which may be named beside it.
    """
    yield from overlapping(port)
    yield from negations(tuple(one for one in to if not (beyond and one.kind == "any")), "to")
    if port and not (proto and proto.has_ports):
        yield "port", 'this protocol has no ports; add proto = "tcp"'


def everywhere(peers: Iterable[Peer]) -> frozenset[Peer]:
    """Those that name nobody: any, and the networks that are together all of a family; not what is named in one of them."""
    listed = tuple(peers)
    found = {one for one in listed if one.kind == "any"}
    for family in FAMILIES:
        nets = {one: one.network for one in listed if one.network and not one.negated and one.family == family}
        whole = collapse_addresses(net.net for net in nets.values())  # type: ignore[type-var]  # of one family
        if any(one.prefixlen == 0 for one in whole):
            found |= {
                one for one, net in nets.items() if not any(net != wide and net.within(wide) for wide in nets.values())
            }
    return frozenset(found)


def of_family(networks: tuple[Network, ...], family: Family) -> tuple[Peer, ...]:
    """Those of one family, as peers of a rule."""
    from jailpf.values import Peer

    return tuple(Peer.of(one) for one in networks if one.family == family)
