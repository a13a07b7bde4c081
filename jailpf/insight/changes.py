"""What a change means in traffic: who gets in, and what leaves, afterwards and not before; and the other way round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jailpf.insight.away import Out, outs
from jailpf.insight.away_words import sentences
from jailpf.insight.boxes import box_of, missing, overlap
from jailpf.insight.rows import Row, listed, port_words, rows
from jailpf.pf.simulated.reach.intervals import PORTS, IntervalSet
from jailpf.pf.simulated.reach.reach import Answer, answer
from jailpf.pf.simulated.rules.rule import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from jailpf.insight.world import World
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reached import Reached


@dataclass(frozen=True)
class Way:
    """What is the same as sentences and as rows."""

    said: list[str]
    rows: list[Out]

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class Changes:
    """new, gone: what is reached on one side only; unchanged: how many of the rows that `reach` lists are the same; out_new,
    out_gone, out_unchanged: the same of what leaves, the last of what jails send; after: all of the new answer.
    """

    new: list[Row]
    gone: list[Row]
    unchanged: int
    out_new: Way
    out_gone: Way
    out_unchanged: int
    after: Answer

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.out_new or self.out_gone)


def changes(before: World, after: World, jails: Collection[str] = (), *, alone: bool = False) -> Changes:
    """Compare two worlds exactly, packet for packet. jails: only what reaches these, is taken by them from others, or leaves
    them, all when there is none; alone: nothing but these differs, so that all that changes is theirs.
    """
    was, now = answer(before.pf, before.progress), answer(after.pf, after.progress)
    old, new = was.reached, now.reached
    known, named = protocols(before.pf), protocols(after.pf)
    added, lost = missing(new, old, known), missing(old, new, named)
    mine = _about(added, jails)
    if not alone:
        freed = _about(lost, jails)
        lost = freed + _same_packets(lost, freed, mine)
        added = mine + _same_packets(added, mine, freed)
    touched = {*map(_identity, mine)}
    same = [one for one in _about(new, jails) if _identity(one) not in touched]
    unchanged = [row for row in rows(after, same) if listed(row, after.pf.topology.jails)]
    left = missing(now.leaving, was.leaving, known), missing(was.leaving, now.leaving, named)
    kept = missing(now.leaving, left[0], named)
    mine_only = () if alone else jails
    more, less = of_jails(left[0], after, mine_only), of_jails(left[1], before, mine_only)
    out_new, out_gone = _way(after, more), _way(before, less)
    if {*out_new.said} & {*out_gone.said}:  # the ports they are sent from are all that tells them apart
        out_new, out_gone = (
            replace(out_new, said=_by_source_port(after, more)), replace(out_gone, said=_by_source_port(before, less)),
        )  # fmt: skip
    return Changes(
        rows(after, added), rows(before, lost), len(unchanged), out_new, out_gone,
        len(_way(after, of_jails(kept, after, jails or after.pf.topology.jails)).said), now,
    )  # fmt: skip


def _way(world: World, found: list[Leaving]) -> Way:
    made = outs(world, found)
    return Way(sentences(made, protocols(world.pf)), made)


def _by_source_port(world: World, found: list[Leaving]) -> list[str]:
    """The sentences apart by the ports that are sent from."""
    parts: dict[IntervalSet, list[Leaving]] = {}
    for one in found:
        parts.setdefault(one.source_ports, []).append(one)
    return [
        said + (f", from its port {','.join(port_words([ports]))}" if ports != PORTS and port_words([ports]) else "")
        for ports, some in parts.items()
        for said in _way(world, some).said
    ]


def of_jails(found: list[Leaving], world: World, jails: Collection[str]) -> list[Leaving]:
    """What these jails send; everything when there is none."""
    if not jails:
        return found
    owners = world.pf.topology.owners().items()
    own = {
        family: IntervalSet.of((a.number, a.number) for a, one in owners if one.jail in jails and a.family == family)
        for family in ("inet", "inet6")
    }
    return [replace(one, sources=sources) for one in found if (sources := one.sources & own[one.family])]


def _same_packets(found: list[Reached], but: list[Reached], others: list[Reached]) -> list[Reached]:
    """Those of `found`, beyond `but`, whose packets are also among `others`: what one jail takes from another."""
    known = {id(one) for one in but}
    return [
        one for one in found
        if id(one) not in known
        and any((one.origin, one.family, one.proto) == (other.origin, other.family, other.proto) and overlap(box_of(one), box_of(other)) for other in others)
    ]  # fmt: skip


def protocols(pf: Simulated) -> dict[str, frozenset[str]]:
    """family -> the protocols that `reach` answers by name; all others are "other"."""
    with pf.opened() as model:
        found = {
            rule.proto
            for ruleset in model.rulesets.values()
            for section in SECTIONS
            for rule in ruleset.rules.get(section, ())
        }
    icmp = {"inet": ("icmp", "ipv6-icmp"), "inet6": ("ipv6-icmp", "icmp")}
    return {
        family: frozenset((found | {"tcp", "udp", own, "other"}) - {"", alien}) for family, (own, alien) in icmp.items()
    }


def _about(found: list[Reached], jails: Collection[str]) -> list[Reached]:
    return [one for one in found if one.delivered_to in jails] if jails else found


def _identity(one: Reached) -> tuple[object, ...]:
    return (one.origin, one.family, one.proto, one.delivered_to, one.address, one.port, one.shift, tuple(one.labels()))
