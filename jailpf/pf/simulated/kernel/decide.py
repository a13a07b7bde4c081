"""How pf of FreeBSD 15.1 decides about one packet on one interface.

Source: facts.md, "What a running 15.1 showed" and section 3. Translation: the first match ends a ruleset, the
last match across rulesets wins, and a match in the main ruleset ends everything. Filter: the last match wins,
quick ends. Where a rule cannot be judged, every course that the evaluation may take is a decision of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.connection import Match
from jailpf.pf.simulated.kernel.courses import (
    COURSES_MAX,
    SOME_TAG,
    Course,
    hint,
    joined,
    translates,
    unsimulated,
    verdict,
)
from jailpf.pf.simulated.kernel.flat import Flat, candidates, flatten
from jailpf.pf.simulated.kernel.matcher import Matcher
from jailpf.pf.simulated.rules import unknown
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet


@dataclass
class Decision:
    """The rule that counts (None: no translation, or the default pass), all that matched, and the tag then
    set.

    verdict: pass, block, translate, or unknown. doubts: the rules that only FreeBSD could judge, without which there
    would be no other decision.
    """

    verdict: str
    flat: Flat | None
    matches: list[Flat] = field(default_factory=list)
    tag: str = ""
    doubts: list[Flat] = field(default_factory=list)


def match_of(flat: Flat) -> Match:
    """The rule as `Connection.steps` names it."""
    rule = flat.rule
    return Match(flat.path, flat.section, flat.index, rule_text(rule), rule.line, rule.labels)


class Kernel:
    """Evaluates packets against a Model; `counting` keeps the counters of labelled rules."""

    def __init__(self, model: Model, counting: bool = False) -> None:
        self.model, self.matcher, self.counting = model, Matcher(model), counting

    def translate(self, packet: Packet, section: str) -> list[Decision]:
        """The nat, rdr or binat rule for the packet; several decisions where only FreeBSD could say."""
        return [
            _decision(course, "translate" if course.flat else "pass", course.flat)
            for course in self._evaluate(packet, section, _translates)
        ]

    def filter(self, packet: Packet, change: Callable[[Flat], None] | None = None) -> list[Decision]:
        """The filter rule for the packet; several decisions where only FreeBSD could say. change: translates the packet by a
        match rule; without it such a rule is a doubt.
        """
        return [
            _decision(course, verdict(course.flat), course.flat)
            for course in self._evaluate(packet, "filter", _filters, change)
        ]

    def _evaluate(
        self,
        packet: Packet,
        section: str,
        take: Callable[[Course, Flat], None],
        change: Callable[[Flat], None] | None = None,
    ) -> list[Course]:
        """The courses that the rules of a section may take, in order, behind anchor rules that match."""
        courses = [Course(packet.tag)]
        # What is counted is every rule, looked at in vain or not.
        flats = flatten(self.model, section) if self.counting else candidates(self.model, section, packet)
        for flat in flats:
            if self.counting and flat.rule.labels and flat.path in self.model.rulesets:
                self.model.rulesets[flat.path].count(flat.key, 1, 0, 0, 0)
            going = [course for course in courses if not course.over]
            if not going:
                break
            change = change if len(courses) == 1 else None
            forks = [fork for course in going for fork in self._take(course, flat, packet, take, change)]
            if forks:
                courses = joined([*courses, *forks])
                if len(courses) > COURSES_MAX:
                    break
        return joined(courses)

    def _take(
        self,
        course: Course,
        flat: Flat,
        packet: Packet,
        take: Callable[[Course, Flat], None],
        change: Callable[[Flat], None] | None,
    ) -> list[Course]:
        """Let a rule act on a course; the courses beside it that a doubt opens."""
        forks: list[Course] = []
        if not course.ended.isdisjoint(flat.scopes) or not self._inside(course, flat, packet, forks):
            return forks
        matched = self._matches(flat, packet, course.tag)
        if matched is None:
            forks.append(course.fork(flat))
        if matched and change and not forks and translates(flat.rule):
            change(flat)
            course.matches, course.tag = (*course.matches, flat), flat.rule.tag or course.tag
        elif matched is not False:
            take(course, flat)
        return forks

    def _matches(self, flat: Flat, packet: Packet, tag: str) -> bool | None:
        rule = flat.rule
        if tag == SOME_TAG and rule.tagged:
            might = self.matcher.rule(replace(rule, tagged=""), flat.path, packet, "")
            return None if might else might
        return self.matcher.rule(rule, flat.path, packet, tag)

    def _inside(self, course: Course, flat: Flat, packet: Packet, forks: list[Course]) -> bool:
        """Whether the anchor rules on the way to the rule let the packet in; where that is in doubt, they do, and one
        course more in which they do not.
        """
        found = course.entered.get(flat.scopes[-1])
        if found is not None:
            return found
        found = True
        for scope, guard, path in zip(flat.scopes[1:], flat.guards, flat.guard_paths, strict=True):
            if found and scope not in course.entered:
                matches = self.matcher.rule(guard, path, packet, course.tag)
                if matches is None:
                    forks.append(course.fork(Flat(path, flat.section, -1, guard, (), (), (), False)))
                    forks[-1].entered[scope] = False
                course.entered[scope] = matches is not False
            found = found and course.entered[scope]
        course.entered[flat.scopes[-1]] = found
        return found


def _translates(course: Course, flat: Flat) -> None:
    rule = flat.rule
    course.matches = (*course.matches, flat)
    course.tag = rule.tag or course.tag
    course.ended |= {flat.scopes[-1]}
    course.over = 0 in course.ended
    if not rule.no:
        course.flat = flat


def _filters(course: Course, flat: Flat) -> None:
    rule = flat.rule
    if rule.anchor:  # the end of a quick anchor
        course.over = True
        return
    course.matches = (*course.matches, flat)
    unknown_tag = rule.action == "unknown" and unknown.sets_tag(hint(rule))
    course.tag = rule.tag or (SOME_TAG if unknown_tag else course.tag)
    what = verdict(flat)
    if what == "match":
        return
    course.flat = flat
    stays = rule.action == "unknown" and unknown.stays(hint(rule))
    course.over = flat.quick or stays or (rule.action == "match" and bool(unsimulated(rule)))


def _decision(course: Course, what: str, flat: Flat | None) -> Decision:
    if flat is not None and flat.section != "filter" and (flat.rule.action == "unknown" or unsimulated(flat.rule)):
        what = "unknown"
    doubts = list(course.doubts)
    if what == "unknown" and flat is not None and flat not in doubts:
        doubts.append(flat)
    return Decision(what, flat, list(course.matches), course.tag, doubts)
