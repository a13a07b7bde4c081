"""What a change means in traffic: who gets in afterwards and did not before, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.insight.boxes import box_of, missing, overlap
from jailpf.insight.rows import Row, listed, rows
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.rules.rule import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from jailpf.insight.world import World
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.reach.reached import Reached


@dataclass(frozen=True)
class Changes:
    """new, gone: what is reached on one side only; unchanged: how many of the rows that `reach` lists are the same; after: all of the new answer."""

    new: list[Row]
    gone: list[Row]
    unchanged: int
    after: list[Reached]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


def changes(before: World, after: World, jails: Collection[str] = (), *, alone: bool = False) -> Changes:
    """Compare two worlds exactly, packet for packet. jails: only what reaches these or is taken by them from others, all when
    there is none; alone: nothing but these differs, so that all that changes is theirs.
    """
    old, new = reach(before.pf), reach(after.pf)
    added = missing(new, old, protocols(before.pf))
    lost = missing(old, new, protocols(after.pf))
    mine = _about(added, jails)
    if not alone:
        freed = _about(lost, jails)
        lost = freed + _same_packets(lost, freed, mine)
        added = mine + _same_packets(added, mine, freed)
    touched = {*map(_identity, mine)}
    same = [one for one in _about(new, jails) if _identity(one) not in touched]
    unchanged = [row for row in rows(after, same) if listed(row, after.pf.topology.jails)]
    return Changes(rows(after, added), rows(before, lost), len(unchanged), new)


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
