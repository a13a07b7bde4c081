"""How deep anchors may be in braces: pfctl has room for 63 bytes of the path above a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated.rules.rule import Rule

PATH_MAX = 63


class _TooDeepError(Exception):
    pass


def printable(rules: Sequence[Rule], path: str) -> int | None:
    """The lines of filter rules that pfctl prints before it gives up; None when it does not."""
    if not any(rule.body for rule in rules):
        return None
    walk = _Walk()
    try:
        walk.down(rules, path)
    except _TooDeepError:
        return walk.lines
    return None


class _Walk:
    def __init__(self) -> None:
        self.lines = 0
        self.shown: set[int] = set()

    def down(self, rules: Sequence[Rule], path: str) -> None:
        for rule in rules:
            if len(path.encode()) > PATH_MAX:
                raise _TooDeepError
            self.lines += 1
            if rule.body and id(rule.body) not in self.shown:
                self.shown.add(id(rule.body))
                self.down(rule.body, f"{path}/{rule.anchor}" if path else rule.anchor)
                self.lines += 1
