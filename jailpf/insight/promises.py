"""Promises, checked exactly: against all packets that get through, not against samples."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from jailpf.declare import promises as written
from jailpf.errors import DeclarationError, Problem
from jailpf.insight.boxes import box_of, subtract
from jailpf.insight.rows import owners
from jailpf.pf.simulated.reach.boxes import Box
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, IntervalSet
from jailpf.pf.simulated.rules.addresses import network
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jailpf.declare.promises import Promise, Promised, Whom
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

ICMP = ("icmp", "ipv6-icmp")
EPHEMERAL = IntervalSet(((1024, 65535),))
# Never a sender on the Internet, or only on a link: what "anyone outside" does not stand for in an `always`.
UNROUTED: dict[str, tuple[str, ...]] = {
    "inet": ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    "inet6": ("::/8", "fc00::/7", "fe80::/10", "ff00::/8"),
}  # fmt: skip
SHOWN = {"inet": ("198.51.100.7", "203.0.113.77"), "inet6": ("2001:db8:ffff::7", "2001:db8::77")}


def promises_of(session: Session) -> list[Promised]:
    """Those of the host. Raises ConfigError."""
    return written.read(session.settings.file)


def broken(promises: Iterable[Promised], world: World, answer: Sequence[Reached]) -> list[Problem]:
    """A problem for each promise that the world does not keep, with an example packet; what is doubtful is not kept."""
    return [problem for one in promises if (problem := _broken(one, world, answer))]


def strangers(promises: Iterable[Promised], jails: Iterable[str]) -> Iterator[Problem]:
    """Jails that a promise names and nobody declares: it is kept, and may be about nothing. A pattern may wait for its jails."""
    known = sorted(jails)
    for one in promises:
        for whom in (*one.promise.source, *one.promise.to, *one.promise.but):
            if whom.kind == "jail" and "*" not in whom.word and whom.word not in known:
                yield Problem(f"no jail {whom.word!r} is declared", one.place, did_you_mean(whom.word, known))


def guard(session: Session, name: str) -> None:
    """Refuse the start of a jail that would break a promise which is kept now. Raises DeclarationError."""
    promises = promises_of(session)
    if not promises:
        return
    from jailpf.insight.world import build
    from jailpf.pf.simulated.reach.reach import reach

    after = build(session, declared=frozenset([name]))
    found = broken(promises, after, reach(after.pf))
    if found:
        before = build(session, like=after)
        known = {problem.place for problem in broken(promises, before, reach(before.pf))}
        if new := [problem for problem in found if problem.place not in known]:
            raise DeclarationError(new)


def _broken(one: Promised, world: World, answer: Sequence[Reached]) -> Problem | None:
    check = _never if one.word == "never" else _always
    why = check(one.promise, world, answer)
    return Problem(f"{one} is not kept: {why}", one.place, "change the declaration, or the promise") if why else None


def _never(promise: Promise, world: World, answer: Sequence[Reached]) -> str:
    for row in answer:
        if not _protocol(promise, row.proto) or not _receives(promise.to, world, row):
            continue
        box = box_of(row)
        part = box._replace(sources=_senders(promise, world, row), ports=_ports(promise, row))
        if all(part):
            return _example(world, row, part)
    return ""


def _always(promise: Promise, world: World, answer: Sequence[Reached]) -> str:
    """The first sender and receiver of each family that both have, of which nothing, or not everything, gets through."""
    for proto in promise.proto.names if promise.proto else ("tcp",):
        for receiver, family in _receivers(promise, world):
            kept = (one for one in answer if one.answered and not one.doubts)
            rows = [one for one in kept if (one.proto, one.delivered_to, one.family) == (proto, receiver, family)]
            for sender, sources in _origins(promise, world, family, receiver):
                for port in promise.port or (None,):
                    inside = IntervalSet(((port.first, port.last),)) if port else None
                    if not _covered(rows, sources, inside):
                        at = f" port {port}" if port else ""
                        return f"not every {proto} connection from {sender} reaches {receiver}{at} ({family})"
    return ""


def _covered(rows: list[Reached], sources: IntervalSet, inside: IntervalSet | None) -> bool:
    """Whether by one address and port all of the sources arrive at every port that is promised."""
    ways: dict[tuple[object, ...], list[Box]] = defaultdict(list)
    for row in rows:
        ports = row.delivered_ports() if inside is None else row.delivered_ports() & inside
        if ports:
            key = (row.to, row.ports) if row.port is not None else (row.to, row.shift)
            ways[key].append(Box(row.sources, row.source_ports, IntervalSet.single(0), ports))
    wanted = [Box(sources, EPHEMERAL, IntervalSet.single(0), inside)] if inside else None
    for boxes in ways.values():
        target = wanted or [Box(sources, EPHEMERAL, IntervalSet.single(0), boxes[0].ports)]
        if not subtract(target, boxes):
            return True
    return False


def _protocol(promise: Promise, proto: str) -> bool:
    if promise.proto:
        names = {{"icmp6": "ipv6-icmp"}.get(name, name) for name in promise.proto.names}
        return proto in names
    return proto in ("tcp", "udp") if promise.port else proto not in ICMP


def _ports(promise: Promise, row: Reached) -> IntervalSet:
    """The ports asked for that arrive at promised ones."""
    if not promise.port:
        return row.ports
    wanted = IntervalSet.of((port.first, port.last) for port in promise.port)
    if row.port is not None:
        return row.ports if row.port in wanted else EMPTY
    return row.ports & wanted.shifted(-row.shift)


def _receives(whom: tuple[Whom, ...], world: World, row: Reached) -> bool:
    return any(
        one.kind == "any"
        or (one.kind == "host" and row.delivered_to == "host")
        or (one.is_jail(row.delivered_to) and row.delivered_to in world.pf.topology.jails)
        or bool(_net(one, row.family) & row.to)
        or (one.network is not None and _is_in(row.address, one))
        for one in whom
    )


def _is_in(address: str, whom: Whom) -> bool:
    from ipaddress import ip_address

    try:
        number = ip_address(address)
    except ValueError:
        return False
    return whom.network is not None and number.version == whom.network.net.version and number in whom.network.net


def _senders(promise: Promise, world: World, row: Reached) -> IntervalSet:
    """The sources of a row that the promise speaks of; a jail that asks itself is nobody's business."""
    found = EMPTY
    for one in promise.source:
        found = found | _sources(one, world, row)
    for one in promise.but:
        found = found - _sources(one, world, row)
    return found - _own(world, row.delivered_to, row.family) if row.origin != "outside" else found


def _sources(whom: Whom, world: World, row: Reached) -> IntervalSet:
    inside = row.origin == "local" or any(
        jail.vnet and jail.interface == row.origin for jail in world.pf.topology.jails.values()
    )
    if whom.kind == "any":
        return row.sources
    if whom.kind == "outside":
        return EMPTY if inside else row.sources - _local(world, row.family)
    if whom.network is not None:
        return row.sources & _net(whom, row.family)
    if not inside:
        return EMPTY
    names = ["host"] if whom.kind == "host" else [name for name in world.pf.topology.jails if whom.is_jail(name)]
    return row.sources & IntervalSet.of(span for name in names for span in _own(world, name, row.family))


def _local(world: World, family: Family) -> IntervalSet:
    """The addresses of the host and of jails that share its stack: the kernel drops what comes from outside with them."""
    return IntervalSet.of(
        (address.number, address.number)
        for address, owner in world.pf.topology.owners().items()
        if address.family == family and not owner.vnet
    )


def _own(world: World, name: str, family: Family) -> IntervalSet:
    """The addresses of a jail, or of the host."""
    return IntervalSet.of(
        (address.number, address.number)
        for address, owner in world.pf.topology.owners().items()
        if address.family == family and (owner.jail or "host") == name
    )


def _net(whom: Whom, family: Family) -> IntervalSet:
    if whom.network is None or whom.network.family != family:
        return EMPTY
    net = whom.network.net
    return IntervalSet(((int(net[0]), int(net[-1])),))


def _receivers(promise: Promise, world: World) -> Iterator[tuple[str, Family]]:
    for one in promise.to:
        names = [name for name in world.pf.topology.jails if one.is_jail(name)] if one.kind == "jail" else [str(one)]
        for name in names:
            families: tuple[Family, Family] = ("inet", "inet6")
            for family in families:
                if _own(world, name, family):
                    yield name, family


def _origins(promise: Promise, world: World, family: Family, receiver: str) -> Iterator[tuple[str, IntervalSet]]:
    """(who, addresses) of the senders of an `always`."""
    names = [name for name in ("host", *world.pf.topology.jails) if not any(_is(one, name) for one in promise.but)]
    for one in promise.source:
        if one.kind in ("outside", "any"):
            yield (
                "outside",
                EVERY[family]
                - _unrouted(family)
                - IntervalSet.of(span for name in names for span in _own(world, name, family)),
            )
        elif one.network is not None and (found := _net(one, family)):
            yield str(one), found
        for name in names:
            if _is(one, name) and name != receiver and (found := _own(world, name, family)):
                yield name, found


def _is(whom: Whom, name: str) -> bool:
    return whom.kind == "any" or (whom.kind == "host" and name == "host") or (name != "host" and whom.is_jail(name))


def _unrouted(family: Family) -> IntervalSet:
    from ipaddress import ip_network

    nets = map(ip_network, UNROUTED[family])
    return IntervalSet.of((int(net[0]), int(net[-1])) for net in nets)


def _example(world: World, row: Reached, part: Box) -> str:
    """One packet, where it arrives, and by whose declaration."""
    from ipaddress import ip_address

    usual = (int(ip_address(word)) for word in SHOWN[row.family])
    number = next((one for one in usual if one in part.sources), part.sources.spans[0][0])
    ports = bool(part.ports) and part.ports != IntervalSet.single(0)
    port = f" port {part.ports.spans[0][0]}" if ports else ""
    source, to = (_text(one, row.family) for one in (number, part.to.spans[0][0]))
    reaches = "may reach" if row.doubts else "reaches"
    label = next((owners(world)[label] for label in row.labels() if label in owners(world)), None)
    by = ""
    if label:
        jail, service = label
        by = f", by [service.{service}] of {jail} ({world.jails[jail].services.place('service', service)})"
    return f"{row.proto} from {source} to {to}{port} {reaches} {row.delivered_to}{by}"


def _text(number: int, family: Family) -> str:
    from jailpf.pf.simulated.rules.addresses import host_text

    return host_text(network(family, number, 32 if family == "inet" else 128))
