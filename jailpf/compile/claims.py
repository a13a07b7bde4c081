"""Claims: what a jail's rdr and binat rules take for themselves outside, and when two of them collide.

On 15 the last of two sibling anchors gets the packet, on 13 the first (facts.md section 3): so no two may claim one port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Place
from jailpf.state.claim import ALL_PORTS, Claim
from jailpf.values import Network, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.model import Ruleset


def of_ruleset(ruleset: Ruleset) -> list[Claim]:
    """The claims of a jail's rules."""
    claims = []
    redirected = {rule.service for rule in ruleset.rules if rule.action == "rdr"}
    for rule in ruleset.rules:
        # What a jail with the host's own addresses lets in is a port of the host, of which there is one.
        own = (
            ruleset.jail.shared and rule.action == "pass" and rule.direction != "out" and rule.service not in redirected
        )
        if rule.action not in ("rdr", "binat") and not (own and rule.to and rule.port):
            continue
        to = (Peer.of(rule.target),) if rule.action == "binat" else rule.to
        claims.append(
            Claim(
                owner=ruleset.jail.name,
                service=rule.service,
                place=rule.place or Place(""),
                family=rule.family or "inet",
                on=tuple(map(str, rule.on)),
                protos=rule.proto.names if rule.proto else (),
                to=to or (Peer.parse("any"),),
                ports=rule.port or ALL_PORTS,
                source=rule.source if rule.action != "binat" else (),
            )
        )
    return claims


def collide(one: Claim, other: Claim, resolve: Callable[[Peer], tuple[Network, ...] | None]) -> bool:
    """Whether a packet exists that both would take. `resolve` gives the networks of a table or interface, or None."""
    return (
        one.family == other.family
        and (not one.on or not other.on or bool(set(one.on) & set(other.on)))
        and (not one.protos or not other.protos or bool(set(one.protos) & set(other.protos)))
        and any(first.overlaps(second) for first in one.ports for second in other.ports)
        and _sources_meet(one.source, other.source)
        and any(_meet(first, second, resolve) for first in one.to for second in other.to)
    )


def _meet(one: Peer, other: Peer, resolve: Callable[[Peer], tuple[Network, ...] | None]) -> bool:
    if "any" in (one.kind, other.kind) or one == other:
        return True
    if (
        one.kind == other.kind == "interface"
        and one.interface == other.interface
        and "network" not in one.word + other.word
    ):
        return True
    first, second = resolve(one), resolve(other)
    if first is None or second is None:
        return False
    return any(a.net.version == b.net.version and a.net.overlaps(b.net) for a in first for b in second)


def _sources_meet(one: tuple[Peer, ...], other: tuple[Peer, ...]) -> bool:
    if not one or not other:
        return True
    return any(first.meets(second) for first in one for second in other)


def collisions(
    claims: Iterable[Claim],
    resolve: Callable[[Peer], tuple[Network, ...] | None],
    against: Iterable[Claim] | None = None,
) -> Iterator[tuple[Claim, Claim]]:
    """Every colliding pair within `claims`, or between `claims` and `against`, once each.

    A sweep over the ports, with those that are open filed under the addresses that they claim: not all pairs.
    """
    events = [(port.first, port.last, True, claim) for claim in claims for port in claim.ports]
    events += [(port.first, port.last, False, claim) for claim in against or () for port in claim.ports]
    events.sort(key=lambda event: event[0])
    near = _near(events, within=against is None)
    events = [event for event in events if id(event[3]) in near]
    keys = {id(claim): _keys(claim, resolve) for _, _, _, claim in events}
    active: dict[tuple[str, str], list[tuple[int, bool, Claim]]] = {}
    seen = set()
    for first, last, mine, claim in events:
        own = keys[id(claim)]
        wide = (claim.family, WIDE)
        groups = [group for group in active if group[0] == claim.family] if wide in own else [*own, wide]
        for group in groups:
            open_ones = active[group] = [event for event in active.get(group, ()) if event[0] >= first]
            for _, theirs, other in open_ones:
                pair = frozenset((id(claim), id(other)))
                if other is claim or pair in seen or (against is not None and mine == theirs):
                    continue
                if collide(claim, other, resolve):
                    seen.add(pair)
                    yield (claim, other) if mine else (other, claim)
        for group in own:
            active.setdefault(group, []).append((last, mine, claim))


def _near(events: Iterable[tuple[int, int, bool, Claim]], *, within: bool) -> set[int]:
    """The claims whose ports somebody else's overlap; only for them it matters what tables and interfaces hold.

    events: in the order of their first ports; within: whether those of one side are compared with each other.
    """
    found = set()
    behind: dict[tuple[str, bool], int] = {}  # the last port that any earlier event reaches
    for first, last, mine, claim in events:
        side = (claim.family, mine if within else not mine)
        if behind.get(side, -1) >= first:
            found.add(id(claim))
        behind[claim.family, mine] = max(last, behind.get((claim.family, mine), -1))
    ahead: dict[tuple[str, bool], int] = {}  # the first port of the next event
    for first, last, mine, claim in reversed(list(events)):
        side = (claim.family, mine if within else not mine)
        if ahead.get(side, last + 1) <= last:
            found.add(id(claim))
        ahead[claim.family, mine] = first
    return found


WIDE = ""


def _keys(claim: Claim, resolve: Callable[[Peer], tuple[Network, ...] | None]) -> set[tuple[str, str]]:
    """Two claims that share none of these cannot meet, unless one of them is WIDE: more than single addresses."""
    words = set()
    for peer in claim.to:
        networks = resolve(peer) or ()
        if peer.kind == "any" or any(network.net.num_addresses > 1 for network in networks):
            return {(claim.family, WIDE)}
        words |= {peer.interface or peer.word, *(str(network.net.network_address) for network in networks)}
    return {(claim.family, word) for word in words}
