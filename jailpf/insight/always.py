"""`always`: whether every connection of those who are promised one arrives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from jailpf.insight import outward
from jailpf.insight.boxes import box_of, subtract
from jailpf.insight.parties import means, net
from jailpf.pf.simulated.reach.boxes import Box
from jailpf.pf.simulated.reach.intervals import EMPTY, IntervalSet
from jailpf.pf.simulated.reach.reached import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jailpf.declare.promises import Promise
    from jailpf.insight.parties import Parties
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reach import Answer
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

FEW = 6
EPHEMERAL = IntervalSet(((1024, 65535),))
FAMILIES: tuple[Family, Family] = ("inet", "inet6")
NAMES = {"icmp6": "ipv6-icmp"}


class Receiver(NamedTuple):
    """A jail or the host, by any of these addresses; beyond this host all of them."""

    name: str
    shown: str
    addresses: dict[Family, IntervalSet]
    beyond: bool = False


def always(promise: Promise, parties: Parties, answer: Answer) -> str:
    """The first sender and receiver of whom nothing, or not everything, gets through, in each family that both have; "" for
    none.
    """
    protos = [NAMES.get(name, name) for name in promise.proto.names] if promise.proto else ["tcp"]
    for receiver in _receivers(promise, parties):
        if receiver.beyond:
            if why := _beyond(promise, parties, answer.leaving, receiver, protos):
                return why
            continue
        kept = {
            (proto, family): _kept(answer.reached, proto, family, receiver)
            for proto in protos
            for family in receiver.addresses
        }
        if not receiver.addresses:
            return f"no jail here has an address of {receiver.shown}"
        for sender, families in _senders(promise, parties, receiver):
            if not families:
                return f"{sender} and {receiver.shown} have no address family in common"
            for family, sources in families.items():
                for proto in protos:
                    said = _missed(promise, parties, kept[proto, family], sources)
                    if said is not None:
                        who = _who(parties, kept[proto, family], sources, said, family)
                        at = f" port {said.word}" if said.word else ""
                        return (
                            f"not every {proto} connection from {sender} reaches {receiver.shown}{at} ({family}){who}"
                        )
    return ""


def _beyond(
    promise: Promise, parties: Parties, leaving: Sequence[Leaving], receiver: Receiver, protos: Sequence[str]
) -> str:
    """The same for receivers beyond this host: all of them."""
    if not receiver.addresses:
        return "this host has no address outside"
    for sender, families in _senders(promise, parties, receiver):
        if not families:
            return f"{sender} has no address of the family of {receiver.shown}"
        for family, sources in families.items():
            if sources - parties.everybody(family):
                return (
                    f"{receiver.shown} is beyond this host, and jailpf does not follow what {sender} sends through it"
                )
            for proto in protos:
                rows = list(outward.inside(leaving, proto, family))
                port = outward.missed(promise, rows, receiver.addresses[family], sources)
                if port is not None:
                    at = f" port {port}" if port else ""
                    return f"not every {proto} connection from {sender} reaches {receiver.shown}{at} ({family})"
    return ""


def _receivers(promise: Promise, parties: Parties) -> Iterator[Receiver]:
    """Each jail that is meant, each address of the host or a jail in a network that is, and who is meant beyond."""
    for one in promise.to:
        if one.kind in ("outside", "any"):
            yield Receiver("", "outside", outward.receivers(one, parties), True)
        if one.network is None:
            for name in parties.names:
                if means(one, name):
                    own = {family: parties.own(name, family) for family in FAMILIES}
                    yield Receiver(name, name, {family: found for family, found in own.items() if found})
            continue
        there = [
            Receiver(owner.jail or "host", str(address), {address.family: IntervalSet.single(address.number)})
            for address, owner in parties.topology.owners().items()
            if address.number in net(one, address.family)
        ]
        yield from there or [Receiver("", str(one), outward.receivers(one, parties), True)]


def _senders(promise: Promise, parties: Parties, receiver: Receiver) -> Iterator[tuple[str, dict[Family, IntervalSet]]]:
    """(who, addresses in each family that the receiver has); a jail that asks itself is nobody's business."""
    names = [name for name in parties.names if not any(means(one, name) for one in promise.but)]
    for one in promise.source:
        found: dict[str, dict[Family, IntervalSet]] = {}
        for family in receiver.addresses:
            but = IntervalSet.of(span for other in promise.but for span in net(other, family))
            if one.kind in ("outside", "any") and not any(other.kind in ("outside", "any") for other in promise.but):
                found.setdefault("outside", {})[family] = parties.outside(family) - but
            if one.network is not None:
                gone = IntervalSet.of(
                    span for name in parties.names if name not in names or name == receiver.name for span in parties.own(name, family)
                )  # fmt: skip
                found.setdefault(str(one), {})[family] = net(one, family) - but - gone - parties.nobody(family)
            for name in names:
                if means(one, name) and name != receiver.name:
                    left = parties.own(name, family) - but
                    if left or not parties.own(name, family):
                        found.setdefault(name, {})[family] = left
        for who, families in found.items():
            yield who, {family: sources for family, sources in families.items() if sources}


def _kept(answer: Sequence[Reached], proto: str, family: Family, receiver: Receiver) -> list[tuple[Reached, list[Box]]]:
    """What surely arrives there and is answered, in parts: without what a pool may send elsewhere."""
    rows = [one for one in answer if (one.proto, one.family) == (proto, family)]
    mine = [one for one in rows if one.delivered_to == receiver.name]
    there = [one for one in mine if one.answered and not one.doubts and _at(one, receiver)]
    found = []
    for row in there:
        others = (
            box_of(one)
            for one in rows
            if one.origin == row.origin and one.to & row.to and not (one.delivered_to == receiver.name and _at(one, receiver))
        )  # fmt: skip
        found.append((row, subtract([box_of(row)], others)))
    return found


def _at(row: Reached, receiver: Receiver) -> bool:
    return row.address_number() in receiver.addresses.get(row.family, EMPTY)


class Missed(NamedTuple):
    """The promised ports at which not all of the sources arrive, as written, and the first such; "" and -1 for any."""

    word: str = ""
    first: int = -1


def _missed(
    promise: Promise, parties: Parties, kept: list[tuple[Reached, list[Box]]], sources: IntervalSet
) -> Missed | None:
    """None when all arrive."""
    arrive = _arriving(parties, kept, sources)
    if not promise.port:
        return None if arrive else Missed()
    for port in promise.port:
        if missed := IntervalSet(((port.first, port.last),)) - arrive:
            return Missed(str(port), missed.spans[0][0])
    return None


def _who(
    parties: Parties, kept: list[tuple[Reached, list[Box]]], sources: IntervalSet, missed: Missed, family: Family
) -> str:
    """Who surely does not, where these are few and others do."""
    left = sources
    for row, boxes in kept:
        for box in boxes:
            there = missed.first in (box.ports.shifted(row.shift) if row.port is None else IntervalSet.single(row.port))
            for holder, _ in parties.held(box.to, row.family) if there or missed.first < 0 else ():
                left = left - (box.sources & parties.arriving(row.origin, row.family, holder))
    words = tuple(addresses(left, family))
    if not left or left == sources or len(words) > FEW:
        return ""
    return (
        f": {' and '.join(words)} {'does' if len(words) == 1 else 'do'} not; if you want that, add them to its `except`"
    )


def _arriving(parties: Parties, kept: list[tuple[Reached, list[Box]]], sources: IntervalSet) -> IntervalSet:
    """The ports at which all of the sources arrive, each by some address and port that they ask for."""
    ways: dict[tuple[int | None, int], list[tuple[Reached, Box]]] = defaultdict(list)
    for row, boxes in kept:
        ways[row.port, row.shift].extend((row, box) for box in boxes)
    found = EMPTY
    for (port, shift), parts in ways.items():
        asked = _asked(parties, parts, sources)
        if asked:
            found = found | (asked.shifted(shift) if port is None else IntervalSet.single(port))
    return found


def _asked(parties: Parties, rows: list[tuple[Reached, Box]], sources: IntervalSet) -> IntervalSet:
    """The ports that are asked for by which all of the sources arrive, at one address or another."""
    boxes = []
    for row, box in rows:
        for holder, to in parties.held(box.to, row.family):
            come = box.sources & parties.arriving(row.origin, row.family, holder) & sources
            if come:
                boxes.append(box._replace(sources=come, to=to))
    found = EMPTY
    nothing = IntervalSet.single(0)
    for box in boxes:
        wanted = Box(sources, EPHEMERAL if box.source_ports != nothing else nothing, box.to, box.ports)
        bad = (Box(nothing, nothing, one.to, one.ports) for one in subtract([wanted], boxes))
        for good in subtract([Box(nothing, nothing, box.to, box.ports)], bad):
            found = found | good.ports
    return found
