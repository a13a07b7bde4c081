"""The rules of one section in the order in which pf evaluates them, anchors followed.

Source: facts.md section 3: a wildcard evaluates the direct children only, in strcmp order; an anchor rule
looks at its own section of the named anchor; 32 levels at most. facts-2.md section 10: a quick anchor ends the
evaluation even when nothing in it matched, and of a quick wildcard only the first child is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

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


class _Walk:
    def __init__(self, model: Model, section: str) -> None:
        self.model, self.section = model, section
        self.flats: list[Flat] = []
        self.scope = 0
        self.path("", (), (), (0,))

    def path(self, path: str, guards: tuple[Rule, ...], paths: tuple[str, ...], scopes: tuple[int, ...]) -> None:
        ruleset = self.model.rulesets.get(path)
        if ruleset is not None:
            self.rules(path, ruleset.rules[self.section], guards, paths, scopes)

    def rules(
        self,
        path: str,
        rules: Sequence[Rule],
        guards: tuple[Rule, ...],
        paths: tuple[str, ...],
        scopes: tuple[int, ...],
    ) -> None:
        if len(scopes) > STACK_MAX:
            return
        for index in range(len(rules)):
            if isinstance(rules, Written) and not rules.calls(index):
                self.flats.append(Flat(path, self.section, index, rules, guards, paths, scopes))
                continue
            rule = rules[index]
            if not rule.anchor:
                self.flats.append(Flat(path, self.section, index, rule, guards, paths, scopes))
                continue
            inner = (*guards, rule), (*paths, path)
            if rule.body is not None:
                self.rules(f"{path}/{rule.anchor}".lstrip("/"), rule.body, *inner, self._scope(scopes))
            targets = called(path, rule.anchor, self.model.rulesets) if rule.body is None else []
            for target in targets[:1] if rule.quick else targets:
                self.path(target, *inner, self._scope(scopes))
            if rule.quick:
                self.flats.append(Flat(path, self.section, index, rule, guards, paths, scopes, True))

    def _scope(self, scopes: tuple[int, ...]) -> tuple[int, ...]:
        self.scope += 1
        return (*scopes, self.scope)


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
        self.by: dict[tuple[int, int], list[int]] = {}
        for number, flat in enumerate(flats):
            self.by.setdefault(flat.ends(), []).append(number)

    def candidates(self, packet: Packet) -> list[Flat]:
        to, port = packet.destination, packet.destination_port
        found: list[int] = []
        for key in ((-1, -1), (to, -1), (-1, port), (to, port)):
            found += self.by.get(key, ())
        return [self.flats[number] for number in sorted(found)]
