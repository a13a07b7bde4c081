"""What leaves, in the words of people: which jails reach whom beyond this host, and as whom they are seen there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from jailpf.insight.honest import judged
from jailpf.insight.places import Places
from jailpf.insight.rows import few, port_words, rule_words
from jailpf.pf.simulated.reach.cells import cells
from jailpf.pf.simulated.reach.intervals import EMPTY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.reached import addresses
from jailpf.pf.simulated.rules.addresses import address_text
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jailpf.insight.world import World
    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.rules.rule import Family

    Numbers = dict[tuple[str, Family], set[int]]


class Out(NamedTuple):
    """One line: what these jails (or the host) send beyond it alike.

    sources: the addresses of these; to: "outside" (whatever the uplink leads to), "em2" (whatever another card leads to), networks, and with "!" those that
    are left out; ports: () for protocols without, and for all; interface: by which it leaves, routed: against the routes; seen: as whom, () for their own
    addresses; own_port: whether with their own source port; instead: where a rdr sends it, "" for nowhere else; answered,
    doubts: as in `Row`; untranslated: its source is private, so that only private addresses and neighbours can
    answer it.
    """

    senders: tuple[str, ...]
    sources: tuple[str, ...]
    families: tuple[str, ...]
    to: tuple[str, ...]
    proto: str
    ports: tuple[str, ...]
    interface: str
    routed: bool
    seen: tuple[str, ...]
    own_port: bool
    instead: str
    answered: bool
    doubts: tuple[str, ...]
    untranslated: bool


class _Kind(NamedTuple):
    """What a line has in common, but for senders, receivers and ports."""

    family: Family
    proto: str
    interface: str
    seen: tuple[str, ...]
    own_port: bool
    instead: str
    answered: bool
    doubts: tuple[str, ...]
    untranslated: bool


def outs(world: World, found: Iterable[Leaving]) -> list[Out]:
    """All of it, in few lines."""
    topology = world.pf.topology
    places, numbers = Places(topology), _numbers(topology)
    names = {(family, number): name for (name, family), found in numbers.items() for number in found}
    sent: dict[tuple[_Kind, int], list[tuple[IntervalSet, IntervalSet]]] = defaultdict(list)
    for one, heard in judged(topology, found):
        for number in _each(one.sources):
            kind = _kind(one, number)._replace(answered=one.answered and heard is None, untranslated=heard is not None)
            sent[kind, number].append((one.ports, one.to))
    senders: dict[tuple[_Kind, IntervalSet, IntervalSet], set[int]] = defaultdict(set)
    for (kind, number), parts in sent.items():
        for asked, there in _by_ports(parts):
            senders[kind, there, asked].add(number)
    made = [
        Out(
            tuple(_names(numbers, names, kind.family, whom)),
            tuple(addresses(IntervalSet.of((one, one) for one in whom), kind.family)), (kind.family,), places.words(there, kind.family), kind.proto,
            () if kind.proto not in WITH_PORTS or asked == PORTS else port_words([asked]),
            kind.interface, bool(there - places.beyond(kind.family).get(kind.interface, EMPTY)), kind.seen, kind.own_port, kind.instead, kind.answered, kind.doubts, kind.untranslated,
        )
        for (kind, there, asked), whom in senders.items()
    ]  # fmt: skip
    return _both_families(sorted(made), numbers)


def _by_ports(parts: list[tuple[IntervalSet, IntervalSet]]) -> Iterator[tuple[IntervalSet, IntervalSet]]:
    """Ports with all who are reached by them, each port once."""
    if len(parts) == 1:
        yield from parts
        return
    by_ports: dict[IntervalSet, IntervalSet] = {}
    for ports, to in parts:
        by_ports[ports] = by_ports[ports] | to if ports in by_ports else to
    same: dict[IntervalSet, list[IntervalSet]] = defaultdict(list)
    for cell, covers in cells(PORTS, by_ports):
        if covers:
            same[IntervalSet.of(span for one in covers for span in by_ports[one])].append(cell)
    for there, sets in same.items():
        yield IntervalSet.of(span for one in sets for span in one), there


def _kind(one: Leaving, number: int) -> _Kind:
    proto = "icmp" if one.proto == "ipv6-icmp" else one.proto
    seen, own_port = _seen(one, number)
    doubts = tuple(map(rule_words, one.blamed()))
    return _Kind(one.family, proto, one.interface, seen, own_port, _instead(one), one.answered, doubts, False)


def _each(numbers: IntervalSet) -> Iterator[int]:
    for low, high in numbers:
        yield from range(low, high + 1)


def _numbers(topology: Topology) -> Numbers:
    found: Numbers = {}
    for address, owner in topology.owners().items():
        found.setdefault((owner.jail or "host", address.family), set()).add(address.number)
    return found


def _names(numbers: Numbers, names: Mapping[tuple[Family, int], str], family: Family, whom: set[int]) -> Iterator[str]:
    """Jails of which all addresses are meant by name, others by name and address."""
    for name in sorted({names[family, number] for number in whom}):
        theirs = numbers[name, family]
        mine = sorted(theirs & whom)
        yield name if len(mine) == len(theirs) else f"{name} at {','.join(address_text(family, one) for one in mine)}"


def _seen(one: Leaving, number: int) -> tuple[tuple[str, ...], bool]:
    if one.seen is not None:
        return tuple(addresses(one.seen, one.family)), one.seen_ports is None and one.proto in WITH_PORTS
    return (address_text(one.family, number + one.seen_away),) if one.seen_away else (), False


def _instead(one: Leaving) -> str:
    if one.target is None and not one.away and one.port is None and not one.shift:
        return ""
    to = ",".join(few(tuple(addresses(one.target, one.family)))) if one.target else "the same address"
    moved = one.port if one.port is not None else port_words([one.ports.shifted(one.shift)])[0] if one.shift else ""
    return f"{to} port {moved}" if moved else to


def _both_families(found: Iterable[Out], numbers: Mapping[tuple[str, Family], object]) -> list[Out]:
    """What is the same in both families is one line; families: () where there is nothing to tell apart."""
    merged: dict[Out, list[Out]] = defaultdict(list)
    for one in found:
        merged[one._replace(families=(), sources=())].append(one)
    made = []
    for one, parts in merged.items():
        families = tuple(dict.fromkeys(family for part in parts for family in part.families))
        one = one._replace(sources=tuple(word for part in parts for word in part.sources))
        names = {name.partition(" at ")[0] for name in one.senders}
        both = any((name, "inet") in numbers and (name, "inet6") in numbers for name in names)
        made.append(one._replace(families=families if both and len(families) == 1 else ()))
    return made
