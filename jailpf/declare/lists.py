"""Lists of a declaration whose members get into each other's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def negations(peers: tuple[Peer, ...], where: str = "from") -> Iterator[tuple[str, str]]:
    """A problem when a list holds a negation: each would be a rule of its own, and together they match nearly all."""
    if len(peers) > 1 and any(peer.negated for peer in peers):
        yield where, 'a list with a negation matches nearly everybody; use a [table.NAME] with "!" entries'
    if len(peers) > 1 and any(peer.kind == "any" for peer in peers):
        yield where, '"any" makes the rest of the list pointless; write one or the other'


def destination(to: tuple[Peer, ...], proto: Protocol | None, port: tuple[Port, ...]) -> Iterator[tuple[str, str]]:
    """The problems of `to`, `proto` and `port`, where they say what a jail sends."""
    yield from overlapping(port)
    yield from negations(to, "to")
    if port and not (proto and proto.has_ports):
        yield "port", 'this protocol has no ports; add proto = "tcp"'


def of_family(networks: tuple[Network, ...], family: Family) -> tuple[Peer, ...]:
    """Those of one family, as peers of a rule."""
    from jailpf.values import Peer

    return tuple(Peer.of(one) for one in networks if one.family == family)
