"""Which declaration a loaded rule comes from: by its text, else by label, tag and fields.

The text is not always the same: pfctl of another release prints words in another order or a port by its name, lists
become tables, and what is loaded may be older than what is declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from jailpf.pf.simulated.language.parse import parse
from jailpf.pf.simulated.rules.rule import SECTIONS
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.rules.rule import Rule

T = TypeVar("T")
_FIELDS = (
    *("direction", "quick", "interface", "not_interface", "family", "proto", "source", "source_port", "destination"),
    *("destination_port", "flags", "icmp_type", "state", "tag", "tagged", "not_tagged", "pool", "labels", "route"),
)


class Origins(Generic[T]):
    """The rules of one anchor as they are declared, each as text with the declaration that it comes from."""

    def __init__(self, topology: Topology, declared: Iterable[tuple[str, T]]) -> None:
        self.topology = topology
        self._declared: dict[str, list[tuple[str, T]]] = {}
        for text, origin in declared:
            self._declared.setdefault(_action(text), []).append((text, origin))
        self._rules: dict[str, list[tuple[Rule, T]]] = {}
        self._texts: dict[str, T] = {}

    def of(self, text: str) -> T | None:
        """The declaration of a rule that pf prints so; None when it is nobody's."""
        declared = self._read(_action(text))
        if text not in self._texts:
            rule = next(_rules(text, self.topology, True), None)
            likely = [entry for entry in declared if rule is not None and _related(rule, entry[0])]
            if rule is None or not likely:
                return None
            asked = rule
            self._texts[text] = max(likely, key=lambda entry: _agreement(asked, entry[0]))[1]
        return self._texts[text]

    def _read(self, action: str) -> list[tuple[Rule, T]]:
        """The declared rules of an action, read when the first of them is asked for."""
        if action not in self._rules:
            declared = self._declared.get(action, ())
            read = [(rule, origin) for text, origin in declared for rule in _rules(text, self.topology, False)]
            self._rules[action] = read
            for rule, origin in read:
                self._texts.setdefault(rule_text(rule), origin)
        return self._rules[action]


def _action(text: str) -> str:
    return text.removeprefix("no ").partition(" ")[0]


def _rules(text: str, topology: Topology, printed: bool) -> Iterator[Rule]:
    found = parse(text + "\n", topology, printed=printed, lenient=True).rules
    yield from (rule for section in SECTIONS for rule in found[section] if rule.action != "unknown")


def _related(rule: Rule, declared: Rule) -> bool:
    """Whether one may be a form of the other: what it does, and its labels, or where it has none its tags."""
    if (rule.action, rule.no) != (declared.action, declared.no):
        return False
    if rule.labels or declared.labels:
        return rule.labels[-1:] == declared.labels[-1:]
    same = (rule.tag, rule.tagged, rule.not_tagged) == (declared.tag, declared.tagged, declared.not_tagged)
    return same and _agreement(rule, declared) >= len(_FIELDS) - 4


def _agreement(rule: Rule, declared: Rule) -> int:
    return sum(getattr(rule, name) == getattr(declared, name) for name in _FIELDS)
