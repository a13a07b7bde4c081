"""The rules of one section in the order in which pf evaluates them, anchors followed.

Source: facts.md section 3: a wildcard evaluates the direct children only, in strcmp order; an anchor rule
looks at its own section of the named anchor; 32 levels at most. facts-2.md section 10: a quick anchor ends the
evaluation even when nothing in it matched, and of a quick wildcard only the first child is looked at. pf.c of 15.1
(pf_match_rule, pf_step_into_anchor): once an anchor rule with quick matched, the end of any anchor ends the evaluation, be
it inside of that one or, where that is a wildcard without children, behind it. The tag of an anchor rule is set before the
anchor is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.rules.paths import called
from jailpf.pf.simulated.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet

STACK_MAX = 32


class Flat:
    """One rule in evaluation order.

    `guards` are the anchor rules on the way, outermost first; `scopes` numbers the rulesets on the way, the
    main ruleset being 0. `quick` is set when a match ends the evaluation. The end of a quick anchor is a Flat of
    the anchor rule itself.
    """

    __slots__ = ("_quick", "_rule", "_written", "guard_paths", "guards", "index", "path", "scopes", "section")

    def __init__(
        self,
        path: str,
        section: str,
        index: int,
        rule: Rule | Written,
        guards: tuple[Rule, ...] = (),
        guard_paths: tuple[str, ...] = (),
        scopes: tuple[int, ...] = (),
        quick: bool | None = None,
    ) -> None:
        self.path, self.section, self.index = path, section, index
        self._written = rule if isinstance(rule, Written) else None
        self._rule = rule if isinstance(rule, Rule) else None
        self.guards, self.guard_paths, self.scopes, self._quick = guards, guard_paths, scopes, quick

    @property
    def rule(self) -> Rule:
        """The rule, read now if it was not yet."""
        found = self._rule
        if found is None:
            assert self._written is not None  # noqa: S101
            found = self._rule = self._written[self.index]
        return found

    @property
    def quick(self) -> bool:
        """Whether a match ends the evaluation."""
        return self.rule.quick if self._quick is None else self._quick

    @property
    def redirects(self) -> bool:
        """Whether it is a filter rule that changes the destination."""
        return self._written.redirects(self.index) if self._written is not None else self.rule.rdr_to is not None

    @property
    def key(self) -> str:
        """The rule's name in the counters of its ruleset."""
        return f"{self.section}:{self.index}"

    def numbered(self, index: int) -> Flat:
        """The same with another number."""
        return Flat(self.path, self.section, index, self.rule, self.guards, self.guard_paths, self.scopes, self._quick)

    def ends(self) -> tuple[int, int]:
        """The one address and the one port that it is for, -1 for any or several."""
        if self._written is not None and (found := self._written.ends(self.index)) is not None:
            return found
        to, ports = self.rule.destination, self.rule.destination_port
        one = to.kind == "net" and to.low == to.high and not to.negated and self.rule.action != "binat"
        return to.low if one else -1, ports.low if ports is not None and ports.op == "=" else -1


def flatten(model: Model, section: str) -> list[Flat]:
    """All rules of a section that the main ruleset reaches."""
    found = model.cache.get(section)
    if found is None:
        model.cache[section] = found = _Walk(model, section).flats
    return cast("list[Flat]", found)


class _Place(NamedTuple):
    """A ruleset on the way: its path, the anchor rules that led there with their paths, and the numbers of the rulesets.

    quick: whether one of these anchor rules is.
    """

    path: str = ""
    guards: tuple[Rule, ...] = ()
    paths: tuple[str, ...] = ()
    scopes: tuple[int, ...] = (0,)
    quick: bool = False


class _Walk:
    def __init__(self, model: Model, section: str) -> None:
        self.model, self.section = model, section
        self.flats: list[Flat] = []
        self.scope = 0
        self.childless: list[tuple[Rule, str]] = []  # quick wildcards that call nobody
        self.path(_Place())

    def path(self, place: _Place) -> None:
        ruleset = self.model.rulesets.get(place.path)
        if ruleset is not None:
            self.rules(place, ruleset.rules[self.section])

    def rules(self, place: _Place, rules: Sequence[Rule]) -> None:
        if len(place.scopes) > STACK_MAX:
            return
        for index in range(len(rules)):
            if isinstance(rules, Written) and not rules.calls(index):
                self._add(place, index, rules)
                continue
            rule = rules[index]
            if rule.anchor:
                self._anchor(place, index, rule)
            else:
                self._add(place, index, rule)

    def _anchor(self, place: _Place, index: int, rule: Rule) -> None:
        if rule.tag:
            tags = replace(rule, action="match", anchor="", body=None, quick=False, labels=())
            self._add(place, index, tags, quick=False)
        guard = replace(rule, tagged=rule.tag, not_tagged=False) if rule.tag and rule.tagged else rule
        quick = place.quick or rule.quick
        before = list(self.childless)
        inner = place._replace(guards=(*place.guards, guard), paths=(*place.paths, place.path), quick=quick)
        if rule.body is not None:
            body = inner._replace(path=f"{place.path}/{rule.anchor}".lstrip("/"), scopes=self._scope(place))
            self.rules(body, rule.body)
            self._ends(place, index, guard, before)
        targets = called(place.path, rule.anchor, self.model.rulesets) if rule.body is None else []
        for target in targets[:1] if quick else targets:
            self.path(inner._replace(path=target, scopes=self._scope(place)))
            self._ends(place, index, guard, before)
        if quick and (targets or rule.body is not None):
            self._add(place, index, guard, quick=True)
        elif quick:
            self.childless.append((guard, place.path))

    def _ends(self, place: _Place, index: int, rule: Rule, childless: list[tuple[Rule, str]]) -> None:
        """The end of an anchor behind quick wildcards without children: where one of these matched, it ends all."""
        for guard, path in childless:
            guards, paths = (*place.guards, guard), (*place.paths, path)
            self._add(place._replace(guards=guards, paths=paths, scopes=self._scope(place)), index, rule, quick=True)

    def _add(self, place: _Place, index: int, rule: Rule | Written, quick: bool | None = None) -> None:
        self.flats.append(Flat(place.path, self.section, index, rule, place.guards, place.paths, place.scopes, quick))

    def _scope(self, place: _Place) -> tuple[int, ...]:
        self.scope += 1
        return (*place.scopes, self.scope)


def candidates(model: Model, section: str, packet: Packet) -> list[Flat]:
    """The rules of a section, in order, that can match by destination address and port: all that are worth a look."""
    name = f"{section} by destination"
    index = model.cache.get(name)
    if index is None:
        model.cache[name] = index = _Index(flatten(model, section))
    return cast("_Index", index).candidates(packet)


class _Index:
    """Rules by the one address and the one port that they are for, if so."""

    def __init__(self, flats: list[Flat]) -> None:
        self.flats = flats
        self.redirected = any(flat.redirects for flat in flats)
        self.by: dict[tuple[int, int], list[int]] = {}
        for number, flat in enumerate(flats):
            self.by.setdefault(flat.ends(), []).append(number)

    def candidates(self, packet: Packet) -> list[Flat]:
        if self.redirected:
            return self.flats
        to, port = packet.destination, packet.destination_port
        found: list[int] = []
        for key in ((-1, -1), (to, -1), (-1, port), (to, port)):
            found += self.by.get(key, ())
        return [self.flats[number] for number in sorted(found)]
