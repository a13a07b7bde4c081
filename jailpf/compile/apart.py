"""Services of a jail that share a port inside and let in differently: a tag for each, so that none lets in for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.model import Rule
from jailpf.values import Peer, Port
from jailpf.values import anchors as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.rules import Service
    from jailpf.declare.services import Services
    from jailpf.model import Table

Pair = tuple["Service", "Service"]
ALL = (Port(1, 65535),)
LIMITS = ("max", "max_src_conn", "max_src_conn_rate", "max_src_states", "synproxy")


def pairs(services: Iterable[Service]) -> list[Pair]:
    """The services that meet at a port inside, by protocol and family, and do not let in alike."""
    taken = sorted(
        ((port, number, one) for number, one in enumerate(services) for port in one.port or ALL),
        key=lambda each: each[:2],
    )
    found: dict[tuple[str, str], Pair] = {}
    for at, (port, _, one) in enumerate(taken):
        for other_port, _, other in taken[at + 1 :]:
            if other_port.first > port.last:
                break
            if _share(one, other) and _lets_in(one) != _lets_in(other):
                found.setdefault((one.name, other.name), (one, other))
    return [pair for pair in found.values() if pair[0] is not pair[1]]


def tags(jail: str, apart: Iterable[Pair]) -> dict[str, str]:
    """{service: its own tag}; a service without allow keeps the jail's, for pf.conf to use."""
    return {one.name: names.service_tag("in", jail, one.name) for pair in apart for one in pair if "allow" in one.types}


def lost(apart: Iterable[Pair], rendered: Iterable[Rule | Table], services: Services) -> Iterator[Problem]:
    """A problem for each service whose allow is lost, because another one lets in to the same port without a tag."""
    made: dict[str, list[Rule]] = {}
    both = list(apart)
    for rule in rendered if both else ():
        if isinstance(rule, Rule) and rule.direction != "out":
            made.setdefault(rule.service, []).append(rule)
    for one, other in (each for pair in both for each in (pair, pair[::-1])):
        mine, theirs = made.get(one.name, []), made.get(other.name, [])
        passes = [rule for rule in mine if rule.action == "pass"]
        open_ = [rule for rule in theirs if rule.action == "pass" and not rule.tagged]
        redirecting = [rule for rule in mine if rule.action == "rdr"]
        if "allow" in one.types and any(
            _meet(rdr, each) and not _covered(rdr, each, passes) for rdr in redirecting for each in open_
        ):
            what = f"connections that this rdr redirects and its allow rejects are let in by [service.{other.name}], which accepts direct connections to the same port"
            remedy = "write from and on of allow in the rdr as well, or use another port in the jail"
            yield Problem(
                what, services.place("service", one.name, *(["allow"] if "allow" in one.explicit else [])), remedy
            )


def _share(one: Service, other: Service) -> bool:
    families = not (one.family and other.family) or one.family == other.family
    return families and bool(set(one.proto.names) & set(other.proto.names))


def _lets_in(one: Service) -> tuple[object, ...]:
    """All but where the service is published: also what a plugin's rule type says of it."""
    return (one.source, one.family, {word: type_ for word, type_ in one.types.items() if word != "rdr"})


def _meet(rdr: Rule, other: Rule) -> bool:
    """Whether something that was redirected might be let in by the other's rule."""
    inside = (rdr.target_port,) if rdr.target_port else rdr.port
    return (
        rdr.family == other.family
        and common(rdr.on, other.on)
        and (not inside or not other.port or any(a.overlaps(b) for a in inside for b in other.port))
        and peers_meet(rdr.source, other.source)
        and peers_meet(_targets(rdr), other.to)
        and bool(_protos(rdr, other))
    )


def _covered(rdr: Rule, other: Rule, passes: list[Rule]) -> bool:
    """Whether the service itself lets in all of it, without limits that the other does not have."""
    to = [one for one in _targets(rdr) if peers_meet((one,), other.to)]
    return all(
        any(
            rule.family == rdr.family
            and (rule.proto is None or proto in rule.proto.names)
            and (not rule.to or within(to, rule.to))
            and (not rule.source or within(other.source, rule.source) or within(rdr.source, rule.source))
            and (not rule.on or any(on and set(on) <= set(rule.on) for on in (rdr.on, other.on)))
            and (not rule.source_port or rule.source_port == other.source_port)
            and (rule.state == other.state or not any(getattr(rule.state, name, None) for name in LIMITS))
            for rule in passes
        )
        for proto in _protos(rdr, other)
    )


def _targets(rdr: Rule) -> tuple[Peer, ...]:
    return tuple(map(Peer.of, (rdr.target, *rdr.more_targets)))


def _protos(rdr: Rule, other: Rule) -> set[str]:
    mine, theirs = (set(one.proto.names if one.proto else ()) for one in (rdr, other))
    return mine & theirs or ((mine or theirs) if not (mine and theirs) else set())


def common(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether something is in both; () is all."""
    return not one or not other or bool(set(one) & set(other))


def peers_meet(ones: tuple[Peer, ...], others: tuple[Peer, ...]) -> bool:
    """Whether somebody might be in both; () is everybody."""
    return not ones or not others or any(one.meets(other) for one in ones for other in others)


def within(ones: Iterable[Peer], others: tuple[Peer, ...]) -> bool:
    """Whether each is one of the others, or a part of one; False where only pf knows, and for everybody."""
    wanted = list(ones)
    return bool(wanted) and all(any(one == other or _part(one, other) for other in others) for one in wanted)


def _part(one: Peer, other: Peer) -> bool:
    if one.network is None or other.network is None or one.negated or other.negated:
        return False
    return one.network.within(other.network)
