"""The rules of one section in the order in which pf evaluates them, anchors followed.

Source: facts.md section 3: a wildcard evaluates the direct children only, in strcmp order; an anchor rule
looks at its own section of the named anchor; 32 levels at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from jailpf.pf.simulated.rules.paths import called

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Rule

STACK_MAX = 32


@dataclass(frozen=True, slots=True)
class Flat:
    """One rule in evaluation order.

    `guards` are the anchor rules on the way, outermost first; `scopes` numbers the rulesets on the way, the
    main ruleset being 0. `quick` is set when a match ends the evaluation: the rule's own, or that of its
    anchor.
    """

    path: str
    section: str
    index: int
    rule: Rule
    guards: tuple[Rule, ...]
    guard_paths: tuple[str, ...]
    scopes: tuple[int, ...]
    quick: bool

    @property
    def key(self) -> str:
        """The rule's name in the counters of its ruleset."""
        return f"{self.section}:{self.index}"


def flatten(model: Model, section: str) -> list[Flat]:
    """All rules of a section that the main ruleset reaches."""
    found = model.cache.get(section)
    if found is None:
        numbers = iter(range(1, 1 << 30))
        flats: list[Flat] = []

        def walk(
            path: str, guards: tuple[Rule, ...], paths: tuple[str, ...], scopes: tuple[int, ...], quick: bool
        ) -> None:
            ruleset = model.rulesets.get(path)
            if ruleset is None or len(scopes) > STACK_MAX:
                return
            for index, rule in enumerate(ruleset.rules[section]):
                if not rule.anchor:
                    flats.append(Flat(path, section, index, rule, guards, paths, scopes, quick or rule.quick))
                    continue
                ends = rule.quick and not rule.anchor.endswith("*")
                for target in called(path, rule.anchor, model.rulesets):
                    walk(target, (*guards, rule), (*paths, path), (*scopes, next(numbers)), quick or ends)

        walk("", (), (), (0,), False)
        model.cache[section] = found = flats
    return cast("list[Flat]", found)
