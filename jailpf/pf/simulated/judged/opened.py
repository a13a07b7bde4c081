"""What the main ruleset lets through although a quick block of an anchor is for it: by a quick pass above the anchor line, or
on an interface that pf does not look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.judged.found import Judged
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.pf.simulated.judged.overlap import Overlap, Speaks
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model


class Block(NamedTuple):
    """A quick block of an anchor: its place among all rules, and its packets."""

    at: int
    flat: Flat
    speaks: Speaks


def opens(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Quick passes above the anchor line, but for neighbour discovery; `words` names the loopbacks where it is only there."""
    blocks = _blocks(model, overlap, ours)
    for at, flat in enumerate(flatten(model, "filter") if blocks else ()):
        if flat.path or flat.rule.action != "pass" or not flat.quick or flat.rule.proto == "ipv6-icmp":
            continue
        said = overlap.flat(flat)
        met = [
            (one.flat, both)
            for one in blocks
            if one.at > at and said is not None and (both := said.both(one.speaks)) and (not both.tag or one.speaks.tag)
        ]
        if met:
            own, both = next((one for one in met if not overlap.indoors(one[1])), met[0])
            words = overlap.indoors(both)
            yield Judged("opens", match_of(flat), match_of(own), overlap.example(both), words, len(met) - 1)


def unseen(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Blocks on interfaces of `set skip`, which `words` names: the first for each."""
    for skipped in model.skips:
        names = frozenset(model.topology.meant(skipped))
        met = []
        for one in _blocks(model, overlap, ours):
            ways = frozenset(way for way in one.speaks.ways if way[0] in names)
            if ways and not one.speaks.tag:
                met.append((one.flat, one.speaks._replace(ways=ways)))
        if met:
            own, part = met[0]
            yield Judged("unseen", match_of(own), None, overlap.example(part), (skipped,), len(met) - 1)


def _blocks(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> list[Block]:
    """Each once, by its text: what a jail denies stands in two anchors. Not those of `overload`, which are limits."""
    found: dict[str, Block] = {}
    for at, flat in enumerate(flatten(model, "filter")):
        if not ours(flat.path) or flat.rule.action != "block" or not flat.quick or _is_limit(model, flat):
            continue
        if speaks := overlap.flat(flat):
            found.setdefault(rule_text(flat.rule), Block(at, flat, speaks))
    return list(found.values())


def _is_limit(model: Model, flat: Flat) -> bool:
    source, rules = flat.rule.source, model.rulesets[flat.path].rules.get("filter", ())
    return source.kind == "table" and any(
        rule.options is not None and rule.options.overload == source.name for rule in rules
    )
