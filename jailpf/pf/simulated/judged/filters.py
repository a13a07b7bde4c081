"""Filter rules of the main ruleset, judged by where they stand beside the anchor line.

Source: facts.md: a quick match in an anchor ends the evaluation, so what stands below the anchor line is never asked; of
what stands above without quick only `match` has acted by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.judged.found import Judged, Kind, row_example
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.reach.sets import port_set
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.pf.simulated.judged.overlap import Overlap, Speaks
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Rule


def never_bans(model: Model, overlap: Overlap, rows: list[Reached], ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Blocks of some senders below the anchor line, who get in by a quick rule of an anchor all the same."""
    flats = flatten(model, "filter")
    last = max((at for at, flat in enumerate(flats) if ours(flat.path)), default=len(flats))
    for flat in flats[last + 1 :]:
        rule = flat.rule
        if flat.path or rule.action != "block" or rule.direction == "out" or rule.source.kind == "any":
            continue
        for row in rows:
            taken = row.flats[-1] if row.flats else None
            if taken is None or not ours(taken.path) or not taken.quick or not _concerns(model, overlap, rule, row):
                continue
            sources = row.sources & overlap.meant(rule.source, flat.path, row.family)
            if sources and row.address_number() in overlap.meant(rule.destination, flat.path, row.family):
                yield Judged("never bans", match_of(flat), match_of(taken), row_example(row, sources))
                break


def lets_in(model: Model, rows: list[Reached], ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Quick passes above the anchor line that reach a jail by its own address, which they do not name."""
    flats = flatten(model, "filter")
    first = next((at for at, flat in enumerate(flats) if ours(flat.path)), len(flats))
    above = {id(flat): flat for flat in flats[:first] if flat.rule.action == "pass" and flat.quick}
    told: set[int] = set()
    for row in rows:
        by = next((above[id(flat)] for flat in row.flats if id(flat) in above and flat.rule.direction != "out"), None)
        plain = all(flat.section == "filter" and not flat.path for flat in row.flats)
        if by is None or not plain or id(by) in told or row.delivered_to not in model.topology.jails:
            continue
        to = by.rule.destination
        if to.kind == "net" and to.low == to.high:
            continue  # whoever writes the jail's address means the jail
        if row.proto in WITH_PORTS or not by.rule.proto:
            told.add(id(by))
            yield Judged("lets in", match_of(by), None, row_example(row))


def hides(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Quick blocks of everybody above the anchor line that take all that a pass rule of an anchor is for."""
    flats = flatten(model, "filter")
    mine = _passes(overlap, flats, ours)
    for at, flat in enumerate(flats):
        rule = flat.rule
        if flat.path or rule.action != "block" or not flat.quick or rule.source.kind != "any":
            continue
        block = overlap.flat(flat)
        if block is None or block.tag:
            continue
        hidden = [
            (own, speaks)
            for number, own, speaks in mine
            if number > at and _entries(model, speaks) <= block.ways and block.covers(speaks)
        ]
        if hidden:
            own, speaks = hidden[0]
            yield Judged("hides", match_of(flat), match_of(own), speaks.example(), more=len(hidden) - 1)


def without_effect(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Rules of main that would log, queue or route packets, and do not do so to those that a quick rule of an anchor passes."""
    flats = flatten(model, "filter")
    mine = _passes(overlap, flats, ours)
    for at, flat in enumerate(flats):
        words = effects(flat.rule)
        if flat.path or not words or flat.rule.action not in {"pass", "match"} or (said := overlap.flat(flat)) is None:
            continue
        taken = []
        for number, own, speaks in mine:
            below = number < at
            lost = tuple(word for word in words if word not in effects(own.rule))
            if not own.quick or not lost or not (below or (flat.rule.action == "pass" and not flat.quick)):
                continue
            both = said.both(speaks)
            if both is not None and (not both.tag or speaks.tag):
                taken.append((own, both, lost, below))
        if taken:
            own, both, lost, below = taken[0]
            kind: Kind = "never asked" if below else "overruled"
            yield Judged(kind, match_of(flat), match_of(own), both.example(), lost, len(taken) - 1)


def effects(rule: Rule) -> tuple[str, ...]:
    """What a rule does to packets beside passing them, in the words of pf.conf(5)."""
    found = {
        "log": bool(rule.log),
        rule.route or "route-to": bool(rule.route),
        "rtable": rule.rtable is not None,
        "queue": bool(rule.queue[0]),
        rule.dummynet[0] if rule.dummynet else "dnpipe": bool(rule.dummynet),
    }
    return tuple(word for word, does in found.items() if does)


def _passes(overlap: Overlap, flats: list[Flat], ours: Callable[[str], bool]) -> list[tuple[int, Flat, Speaks]]:
    """The pass rules of anchors, each with its place and its packets."""
    own = ((at, flat) for at, flat in enumerate(flats) if ours(flat.path) and flat.rule.action == "pass")
    return [(at, flat, speaks) for at, flat in own if (speaks := overlap.flat(flat)) is not None]


def _entries(model: Model, speaks: Speaks) -> frozenset[tuple[str, str]]:
    """Where packets for the rule come in from elsewhere; all of its ways when it is not about such."""
    topology = model.topology
    coming = frozenset(way for way in speaks.ways if way[1] == "in" and way[0] == topology.ext_if)
    return coming or speaks.ways


def _concerns(model: Model, overlap: Overlap, rule: Rule, row: Reached) -> bool:
    """Whether the rule speaks of the row's interface, family, protocol and port, its addresses aside."""
    ports = port_set(rule.destination_port)
    return (
        rule.proto in {"", row.proto}
        and rule.family in {"", row.family}
        and model.topology.ext_if in overlap.interfaces(rule)
        and not rule.tagged
        and (ports is None or bool(ports & row.delivered_ports()))
    )
