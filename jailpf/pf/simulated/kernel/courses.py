"""The courses that an evaluation may take where rules cannot be judged: a rule in doubt matches, or does not.

Courses that have come to the same are joined at once, so that many doubtful rules do not multiply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.rules.rule import Rule

COURSES_MAX = 64  # of one evaluation; beyond it the answer is that it cannot be told

SOME_TAG = "\0"  # set by a rule that cannot be read: it may be any


class Course:
    """What has happened so far: the rule that counts, the rules that matched, the tag, the rulesets that have ended.

    entered: which anchors were gone into. doubts: the rules in doubt that were taken to match, or not to.
    """

    __slots__ = ("doubts", "ended", "entered", "flat", "matches", "over", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.flat: Flat | None = None
        self.matches: tuple[Flat, ...] = ()
        self.doubts: tuple[Flat, ...] = ()
        self.ended: frozenset[int] = frozenset()
        self.entered: dict[int, bool] = {0: True}
        self.over = False

    def fork(self, doubt: Flat) -> Course:
        """Another course from here on, because of a rule; both know of the doubt."""
        other = Course(self.tag)
        other.flat, other.matches, other.ended, other.over = self.flat, self.matches, self.ended, self.over
        other.entered = dict(self.entered)
        self.doubts = other.doubts = (*self.doubts, doubt)
        return other

    def key(self) -> tuple[object, ...]:
        """Equal for courses that cannot come to anything different any more."""
        inside = () if self.over else tuple(sorted(self.entered.items()))
        return effect(self.flat), self.tag, self.ended, self.over, inside


def joined(courses: Iterable[Course]) -> list[Course]:
    """Equal courses as one; what they do not share was no doubt."""
    found: dict[tuple[object, ...], Course] = {}
    for course in courses:
        same = found.setdefault(course.key(), course)
        if same is not course:
            same.doubts = tuple(doubt for doubt in same.doubts if doubt in course.doubts)
    return list(found.values())


def effect(flat: Flat | None) -> tuple[object, ...]:
    """What a rule does to a packet that it decides about."""
    if flat is None:
        return ()
    rule = flat.rule
    if rule.action == "unknown":
        return "unknown", verdict(flat), rule.line
    if rule.section != "filter":
        ports = rule.destination_port if rule.pool and rule.pool.port_end else None
        return (
            rule.action,
            rule.no,
            rule.passes,
            rule.pool,
            rule.source if rule.action == "binat" else None,
            ports,
            flat.path,
        )
    what = (rule.route, rule.route_pool, rule.nat_to, rule.rdr_to, verdict(flat))
    return rule.action, rule.block, rule.state, rule.options, what


def verdict(flat: Flat | None) -> str:
    """What a filter rule decides: pass, block, match, or unknown, when what it then does is not simulated."""
    if flat is None:
        return "pass"
    if flat.rule.action == "unknown":
        return unknown.verdict(hint(flat.rule))
    return "unknown" if unsimulated(flat.rule) else flat.rule.action


def unsimulated(rule: Rule) -> str:
    """The word of a rule whose effect is not simulated, "" for none. That of a match rule which translates is so only where
    it is sure to match: see `translates`.
    """
    if rule.action == "match" and (rule.nat_to or rule.rdr_to):
        return _beyond(rule) or ("match ... nat-to" if rule.nat_to else "match ... rdr-to")
    return _beyond(rule)


def translates(rule: Rule) -> bool:
    """Whether it is a match rule that translates what it matches, for all rules below it (pf.c of 15.1, pf_match_rule)."""
    return rule.action == "match" and (rule.nat_to is not None or rule.rdr_to is not None) and not _beyond(rule)


def _beyond(rule: Rule) -> str:
    if rule.rtable:
        return "rtable"
    for pool in (rule.pool, rule.nat_to, rule.rdr_to):
        if pool is not None and any(host.kind == "unknown" for host in pool.hosts):
            return "a name that only the resolver knows"
    if rule.af_to:
        return "af-to"
    if rule.divert_to:
        return "divert-to"
    if rule.rdr_to and not rule.nat_to and rule.direction == "out":
        return "rdr-to on the way out"  # the route is looked up again
    return ""


def hint(rule: Rule) -> str:
    """The text of an unknown rule, macros filled in."""
    return rule.expanded or rule.text
