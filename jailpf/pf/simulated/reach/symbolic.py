"""What the rules of one section make of a flow: decide.py, for sets of packets instead of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.kernel.courses import SOME_TAG, effect, hint, translates, unsimulated, verdict
from jailpf.pf.simulated.kernel.flat import Flat
from jailpf.pf.simulated.reach.course import Course
from jailpf.pf.simulated.reach.flow import Flow, Kind, by_destination, by_ports, by_source, by_source_ports
from jailpf.pf.simulated.reach.moves import moved
from jailpf.pf.simulated.rules import unknown
from jailpf.pf.simulated.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.pf.simulated.reach.entry import Entry
    from jailpf.pf.simulated.reach.index import RuleIndex
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.portmap import PortMap

DROPPED = Flat("", "filter", -1, Rule("block", block="block drop"))  # what pf itself drops


class Piece(NamedTuple):
    """A part of a flow, and the courses that the rules may take for it: one, but for doubts."""

    flow: Flow
    courses: tuple[Course, ...]


def pieces(index: RuleIndex, flow: Flow) -> Iterator[Piece]:
    """The flow in parts that the section's rules treat alike."""
    take = _filter if index.section == "filter" else _translate
    if index.away:
        for sources, rules in index.wide().by_source(flow.sources_now(), flow.tag):
            part, _ = by_source(flow, sources)
            if part is not None:
                yield from _cells(index, part, rules.atoms(part.destinations()), take)
    else:
        yield from _cells(index, flow, index.atoms(flow.destinations(), flow.tag), take)


def _cells(
    index: RuleIndex,
    flow: Flow,
    atoms: Iterable[tuple[IntervalSet, PortMap]],
    take: Callable[[Course, Entry], Course],
) -> Iterator[Piece]:
    for to, rules in atoms:
        part, _ = by_destination(flow, to)
        if part is None:
            continue
        for ports, chosen in rules.cells(part.ports_now()):
            cell, _ = by_ports(part, ports)
            if cell is not None:
                courses = _known(index, chosen, cell.tag, take)
                if courses is None:
                    yield from _Pieces(index, take).of(Piece(cell, (Course(cell.tag),)), chosen)
                else:
                    yield Piece(cell, courses)


def _known(
    index: RuleIndex, entries: list[Entry], tag: str, take: Callable[[Course, Entry], Course]
) -> tuple[Course, ...] | None:
    """The courses behind rules that divide no flow, found out once; None for rules that may."""
    known = index.courses.get((id(entries), tag))
    if known is None:  # the list is kept, so that its id stays its own
        known = entries, _courses(tag, entries, take) if all(entry.plain for entry in entries) else None
        index.courses[id(entries), tag] = known
    return known[1]


def _courses(tag: str, entries: list[Entry], take: Callable[[Course, Entry], Course]) -> tuple[Course, ...]:
    """The courses behind rules that divide no flow: the same for all flows."""
    courses: tuple[Course, ...] = (Course(tag),)
    for entry in entries:
        if any(_asks(course, entry) for course in courses):
            courses = _taken(courses, entry, take)
        if all(course.over for course in courses):
            break
    return courses


class _Pieces:
    """Divides flows by the rules of an index, one after the other."""

    def __init__(self, index: RuleIndex, take: Callable[[Course, Entry], Course]) -> None:
        self.index, self.take = index, take

    def of(self, start: Piece, entries: list[Entry], anywhere: bool = False) -> list[Piece]:
        """anywhere: whether the rules may be for other destinations and ports than those of the flow."""
        done: list[Piece] = []
        going = [start]
        for entry in entries:
            divided: list[Piece] = []
            for piece in going:
                if not any(_asks(course, entry) for course in piece.courses):
                    divided.append(piece)
                    continue
                parts, moved_on = self._behind(piece, entry, anywhere)
                done += moved_on
                for part in parts:
                    (done if all(course.over for course in part.courses) else divided).append(part)
            going = divided
            if not going:
                break
        return done + going

    def _behind(self, piece: Piece, entry: Entry, anywhere: bool) -> tuple[list[Piece], list[Piece]]:
        """The parts of a piece behind one rule; those that a match rule has translated are behind all rules."""
        if entry.plain and not anywhere:
            return [Piece(piece.flow, _taken(piece.courses, entry, self.take))], []
        inside, outside = _divide(piece.flow, entry, anywhere)
        parts = [Piece(part, piece.courses) for part in outside]
        if inside is None:
            return parts, []
        if translates(entry.flat.rule) and _sure(piece.courses, entry):
            return parts, self._translated(inside, piece.courses[0], entry)
        parts.append(Piece(inside, _taken(piece.courses, entry, self.take)))
        return parts, []

    def _translated(self, flow: Flow, course: Course, entry: Entry) -> list[Piece]:
        """`match ... nat-to` or rdr-to: the rules below see what it makes of the flow (kernel/hop.py)."""
        flat, index = entry.flat, self.index
        pool = flat.rule.nat_to or flat.rule.rdr_to
        kind = Kind(index.sample.family, index.sample.proto)
        flows: list[Flow] = []
        if pool is not None and flow.translation is None:
            flows = list(moved(index.matcher, flat, pool, flow, kind, source=flat.rule.nat_to is not None))
        if not flows:
            return [Piece(flow, (course._replace(flat=DROPPED, over=True),))]
        below = [other for other in index.entries if other.order > entry.order]
        course = course._replace(tag=flat.rule.tag or course.tag)
        return [
            piece
            for one in flows
            for piece in self.of(Piece(one._replace(translation=flat), (course,)), below, anywhere=True)
        ]


def _sure(courses: tuple[Course, ...], entry: Entry) -> bool:
    """Whether the packets that meet the rule's addresses and ports surely match it."""
    return len(courses) == 1 and courses[0].tag != SOME_TAG and not entry.doubt and not entry.gates


def _asks(course: Course, entry: Entry) -> bool:
    """Whether the course still comes to the rule."""
    if course.over or not (not course.ended or course.ended.isdisjoint(entry.flat.scopes)):
        return False
    rule = entry.flat.rule
    return not rule.tagged or course.tag == SOME_TAG or (rule.tagged == course.tag) != rule.not_tagged


def _taken(courses: tuple[Course, ...], entry: Entry, take: Callable[[Course, Entry], Course]) -> tuple[Course, ...]:
    """The courses behind the rule, for packets that meet its addresses and ports."""
    found: list[Course] = []
    for course in courses:
        for inside, entered in _gates(course, entry):
            if not entered or not _asks(inside, entry):
                found.append(inside)
            elif entry.doubt or (entry.flat.rule.tagged and inside.tag == SOME_TAG):
                doubtful = inside._replace(doubts=(*inside.doubts, entry.flat))
                found += [doubtful, take(doubtful, entry)]
            else:
                found.append(take(inside, entry))
    return tuple(found) if len(found) == 1 else joined(found)


def _gates(course: Course, entry: Entry) -> list[tuple[Course, bool]]:
    """The course behind the anchor rules on the way to the rule, and whether they let it in; both where in doubt."""
    found = [(course, True)]
    for scope, guard in entry.gates:
        asked = []
        for one, inside in found:
            known = dict(one.entered).get(scope)
            if not inside or known is not None:
                asked.append((one, inside and bool(known)))
                continue
            fits = _asks(one._replace(ended=frozenset()), guard)
            unsure = guard.doubt or (guard.flat.rule.tagged and one.tag == SOME_TAG)
            if fits and unsure:
                one = one._replace(doubts=(*one.doubts, guard.flat))
                asked.append((one._replace(entered=(*one.entered, (scope, False))), False))
            asked.append((one._replace(entered=(*one.entered, (scope, fits))), fits))
        found = asked
    return found


def joined(courses: Iterable[Course]) -> tuple[Course, ...]:
    """Equal courses as one; what they do not share was no doubt."""
    found: dict[tuple[object, ...], Course] = {}
    for course in courses:
        inside = () if course.over else course.entered
        key = (effect(course.flat), course.tag, course.ended, course.over, inside)
        same = found.get(key)
        if same is None:
            found[key] = course
        elif same.doubts != course.doubts:
            found[key] = same._replace(doubts=tuple(doubt for doubt in same.doubts if doubt in course.doubts))
    return tuple(found.values())


def _divide(flow: Flow, entry: Entry, anywhere: bool) -> tuple[Flow | None, list[Flow]]:
    """The part of the flow that meets the rule's source, and its anchor's conditions; the parts that do not. anywhere: its
    destination and port are asked for, too.
    """
    outside: list[Flow] = []
    inside: Flow | None = flow
    cuts: list[tuple[Callable[..., tuple[Flow | None, Flow | None]], IntervalSet | None]] = []
    for guard in entry.guards:
        cuts += [(by_destination, guard.to), (by_ports, guard.ports)]
        cuts += [(by_source, guard.sources), (by_source_ports, guard.source_ports)]
    cuts += [(by_destination, entry.to), (by_ports, entry.ports)] if anywhere else []
    cuts += [(by_source, entry.sources), (by_source_ports, entry.source_ports)]
    for cut, wanted in cuts:
        if wanted is not None and inside is not None:
            inside, rest = cut(inside, wanted)
            if rest is not None:
                outside.append(rest)
    return inside, outside


def _translate(course: Course, entry: Entry) -> Course:
    """The first match ends its ruleset, the last across rulesets counts, one in main ends all (facts.md)."""
    flat = entry.flat
    ended = course.ended | {flat.scopes[-1]}
    kept = course.flat if flat.rule.no else flat
    return course._replace(flat=kept, ended=ended, tag=flat.rule.tag or course.tag, over=0 in ended)


def _filter(course: Course, entry: Entry) -> Course:
    """The last match counts, quick ends (facts.md section 3)."""
    flat = entry.flat
    rule = flat.rule
    if rule.anchor:
        return course._replace(over=True)
    some = rule.action == "unknown" and unknown.sets_tag(hint(rule))
    tag = rule.tag or (SOME_TAG if some else course.tag)
    if verdict(flat) == "match":
        return course._replace(tag=tag)
    stays = rule.action == "unknown" and unknown.stays(hint(rule))
    over = flat.quick or stays or (rule.action == "match" and bool(unsimulated(rule)))
    return Course(tag, flat, course.ended, over, course.doubts, course.entered)


def ways(piece: Piece) -> list[tuple[Flow, Course]]:
    """The flow for each course that its packets may take; with more than one, each is in doubt."""
    courses = piece.courses
    if len(courses) > 1:
        courses = joined(course._replace(over=True, ended=frozenset()) for course in courses)
    if len(courses) == 1:
        flow, tag = piece.flow, courses[0].tag
        return [(flow if flow.tag == tag else flow._replace(tag=tag), courses[0])]
    return [
        (piece.flow._replace(tag=course.tag, doubts=tuple(dict.fromkeys((*piece.flow.doubts, *course.doubts)))), course)
        for course in courses
    ]
