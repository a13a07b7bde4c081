"""The main ruleset, judged by what it does to the rules in certain anchors: each finding with an example packet.

Source: facts.md: a quick match in an anchor ends the evaluation, so what stands below the anchor line is never asked; on 15 a
translation rule of the main ruleset beats every anchor, wherever it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.rules.addresses import address_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.reach import Opens
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family, Host, Rule

FAMILIES: tuple[Family, Family] = ("inet", "inet6")
USUAL = {"inet": (198 << 24) + (51 << 16) + (100 << 8) + 7, "inet6": (0x20010DB8 << 96) + 7}


class Example(NamedTuple):
    """One packet, as `trace` takes it; port is 0 for a protocol without ports."""

    family: Family
    proto: str
    source: str
    to: str
    port: int


class Judged(NamedTuple):
    """A rule of the main ruleset and what is to be known of it.

    kind: "never bans" (a block below the anchor line, for packets that a quick rule of an anchor takes before), "lets in"
    (a quick pass above the anchor line that reaches a jail by itself), "beats" (a translation rule that takes packets
    from one in an anchor). other: the rule of the anchor; None for "lets in".
    """

    kind: Literal["never bans", "lets in", "beats"]
    match: Match
    other: Match | None
    example: Example


def judged(pf: Opens, ours: Callable[[str], bool]) -> list[Judged]:
    """All findings, in the order of the lines. ours: whether an anchor, by its path, is one of those that count."""
    rows = [row for row in reach(pf, ["outside"]) if not row.doubts]
    with pf.opened() as model:
        found = [*_never_bans(model, rows, ours), *_lets_in(model, rows, ours), *_beats(model, ours)]
    return sorted(found, key=lambda one: one.match.line)


def _never_bans(model: Model, rows: list[Reached], ours: Callable[[str], bool]) -> Iterator[Judged]:
    flats = flatten(model, "filter")
    last = max((at for at, flat in enumerate(flats) if ours(flat.path)), default=len(flats))
    sets = Sets(model)
    for flat in flats[last + 1 :]:
        rule = flat.rule
        if flat.path or rule.action != "block" or rule.direction == "out" or rule.source.kind == "any":
            continue
        for row in rows:
            taken = row.flats[-1] if row.flats else None
            if taken is None or not ours(taken.path) or not taken.quick or not _concerns(model, rule, row):
                continue
            sources = row.sources & _meant(sets, rule.source, flat.path, row.family)
            if sources and row.address_number() in _meant(sets, rule.destination, flat.path, row.family):
                yield Judged("never bans", match_of(flat), match_of(taken), _example(row, sources))
                break


def _lets_in(model: Model, rows: list[Reached], ours: Callable[[str], bool]) -> Iterator[Judged]:
    flats = flatten(model, "filter")
    first = next((at for at, flat in enumerate(flats) if ours(flat.path)), len(flats))
    above = {id(flat) for flat in flats[:first] if not flat.path and flat.rule.action == "pass" and flat.quick}
    told: set[int] = set()
    for row in rows:
        by = next((flat for flat in row.flats if id(flat) in above), None)
        inside = row.delivered_to in model.topology.jails and not any(ours(flat.path) for flat in row.flats)
        if by is not None and inside and id(by) not in told and row.proto not in {"icmp", "ipv6-icmp"}:
            told.add(id(by))
            yield Judged("lets in", match_of(by), None, _example(row, row.sources))


def _beats(model: Model, ours: Callable[[str], bool]) -> Iterator[Judged]:
    sets = Sets(model)
    for section in ("nat", "rdr", "binat"):
        flats = flatten(model, section)
        mine = [flat for flat in flats if ours(flat.path) and not flat.rule.no]
        for flat in flats:
            if flat.path or flat.rule.action == "unknown":
                continue
            both = ((other, _both(model, sets, flat, other)) for other in mine)
            hit = next(((other, example) for other, example in both if example), None)
            if hit:
                yield Judged("beats", match_of(flat), match_of(hit[0]), hit[1])


def _both(model: Model, sets: Sets, one: Flat, other: Flat) -> Example | None:
    """A packet that both rules match, None for none."""
    a, b = one.rule, other.rule
    protos = {a.proto, b.proto} - {""}
    if len(protos) > 1 or not _interfaces(model, a) & _interfaces(model, b):
        return None
    for family in FAMILIES:
        if {a.family, b.family} - {"", family}:
            continue
        sources = _meant(sets, a.source, one.path, family) & _meant(sets, b.source, other.path, family)
        to = _meant(sets, a.destination, one.path, family) & _meant(sets, b.destination, other.path, family)
        ports = (port_set(a.destination_port) or PORTS) & (port_set(b.destination_port) or PORTS)
        if sources and to and ports:
            proto = next(iter(protos), "tcp")
            return Example(family, proto, _text(family, sources), _text(family, to), ports.spans[0][0] or 443)
    return None


def _interfaces(model: Model, rule: Rule) -> frozenset[str]:
    known = frozenset(model.topology.interfaces)
    if not rule.interface:
        return known
    meant = frozenset(model.topology.meant(rule.interface)) or frozenset([rule.interface])
    return known - meant if rule.not_interface else meant


def _concerns(model: Model, rule: Rule, row: Reached) -> bool:
    """Whether the rule speaks of the row's interface, family, protocol and port, its addresses aside."""
    ports = port_set(rule.destination_port)
    return (
        rule.proto in {"", row.proto}
        and rule.family in {"", row.family}
        and model.topology.ext_if in _interfaces(model, rule)
        and not rule.tagged
        and (ports is None or bool(ports & row.delivered_ports()))
    )


def _meant(sets: Sets, host: Host, path: str, family: Family) -> IntervalSet:
    """The addresses that a rule speaks of; a table that is filled while pf runs may hold any."""
    found, sure = sets.host(host, path, family)
    return EVERY[family] if not sure or (host.kind == "table" and not found) else found


def _example(row: Reached, sources: IntervalSet) -> Example:
    ports = row.ports.spans[0][0]
    return Example(row.family, row.proto, _text(row.family, sources), _text(row.family, row.to), ports)


def _text(family: Family, found: IntervalSet) -> str:
    return address_text(family, USUAL[family] if USUAL[family] in found else found.spans[0][0])
