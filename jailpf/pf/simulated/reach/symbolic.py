"""What pf does with flows on one interface: kernel.py and hop.py, for sets of packets instead of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.reach.flow import CannotSayError, Flow, by_destination, by_ports, by_source, by_source_ports
from jailpf.pf.simulated.reach.moves import moved
from jailpf.pf.simulated.reach.runs import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.entry import Entry
    from jailpf.pf.simulated.reach.index import RuleIndex
    from jailpf.pf.simulated.reach.intervals import IntervalSet


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a flow on its way through the rules: the rule that counts so far, and the rulesets that
    ended.
    """

    flow: Flow
    rule: Flat | None = None
    ended: frozenset[int] = frozenset()
    tag: str = ""


def translated(model: Model, index: RuleIndex, flow: Flow) -> Iterator[tuple[Flow, bool]]:
    """The flow behind a section of translation rules, in parts, each with whether a rule translated it."""
    for piece in _through(index, flow, _translate):
        flat = piece.rule
        part = replace(piece.flow, tag=piece.tag)
        yield part if flat is None else moved(model, flat, part, index.sample.direction), flat is not None


def filtered(index: RuleIndex, flow: Flow) -> list[Flow]:
    """The parts of the flow that the filter passes."""
    found = []
    for piece in _through(index, flow, _filter):
        flat = piece.rule
        if flat is None or flat.rule.action == "pass":
            rules = flow.rules if flat is None or flat.index == SEVERAL else (*flow.rules, flat)
            found.append(replace(piece.flow, tag=piece.tag, rules=rules))
    return found


def _through(index: RuleIndex, flow: Flow, take: Callable[[_Piece, Entry], _Piece]) -> Iterator[_Piece]:
    for to, rules in index.atoms(flow.destinations(), flow.tag):
        part, _ = by_destination(flow, to)
        if part is None:
            continue
        for ports, chosen in rules.cells(part.ports_now()):
            cell, _ = by_ports(part, ports)
            if cell is not None:
                yield from _pieces(cell, chosen, take)


def _pieces(flow: Flow, entries: list[Entry], take: Callable[[_Piece, Entry], _Piece]) -> list[_Piece]:
    pieces = [_Piece(flow, tag=flow.tag)]
    for entry in entries:
        if entry.sources is None and entry.source_ports is None and not entry.guards and not entry.flat.rule.tagged:
            pieces = [piece if _over(piece, entry) else take(piece, entry) for piece in pieces]
            continue
        divided = []
        for piece in pieces:
            if _over(piece, entry) or not _tag_fits(piece, entry):
                divided.append(piece)
                continue
            inside, outside = _divide(piece.flow, entry)
            divided += [replace(piece, flow=part) for part in outside]
            if inside is not None:
                divided.append(take(replace(piece, flow=inside), entry))
        pieces = divided
    return pieces


def _divide(flow: Flow, entry: Entry) -> tuple[Flow | None, list[Flow]]:
    """The part of the flow that meets the rule's source, and its anchor's conditions; the parts that do
    not.
    """
    outside: list[Flow] = []
    inside: Flow | None = flow
    cuts: list[tuple[Callable[..., tuple[Flow | None, Flow | None]], IntervalSet | None]] = []
    for guard in entry.guards:
        cuts += [(by_destination, guard.to), (by_ports, guard.ports)]
        cuts += [(by_source, guard.sources), (by_source_ports, guard.source_ports)]
    cuts += [(by_source, entry.sources), (by_source_ports, entry.source_ports)]
    for cut, wanted in cuts:
        if wanted is not None and inside is not None:
            inside, rest = cut(inside, wanted)
            if rest is not None:
                outside.append(rest)
    return inside, outside


def _over(piece: _Piece, entry: Entry) -> bool:
    return bool(piece.ended) and not piece.ended.isdisjoint(entry.flat.scopes)


def _tag_fits(piece: _Piece, entry: Entry) -> bool:
    rule = entry.flat.rule
    return not rule.tagged or (rule.tagged == piece.tag) != rule.not_tagged


def _translate(piece: _Piece, entry: Entry) -> _Piece:
    """The first match ends its ruleset, the last across rulesets counts, one in main ends all (facts.md)."""
    flat = entry.flat
    ended = piece.ended | {flat.scopes[-1]}
    if flat.rule.passes:
        raise CannotSayError("cannot say: reach does not know rdr pass, nat pass and binat pass")
    return _Piece(piece.flow, piece.rule if flat.rule.no else flat, ended, flat.rule.tag or piece.tag)


def _filter(piece: _Piece, entry: Entry) -> _Piece:
    """The last match counts, quick ends (facts.md section 3)."""
    flat = entry.flat
    tag = flat.rule.tag or piece.tag
    if flat.rule.action == "match":
        return replace(piece, tag=tag)
    return _Piece(piece.flow, flat, frozenset({0}) if flat.quick else piece.ended, tag)
