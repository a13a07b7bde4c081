"""From statements of pf.conf(5) to a declaration: what belongs together becomes one service, what does not fit is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.managers.importing import drafts, letting_in, redirects, translating
from jailpf.managers.importing.context import Context
from jailpf.managers.importing.language.lexer import LostError
from jailpf.managers.importing.language.overlaps import overlap
from jailpf.managers.importing.language.words import family_of, peer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.declare.host import Host
    from jailpf.managers.importing.drafts import OtherDraft, ServiceDraft
    from jailpf.managers.importing.language.lexer import Line
    from jailpf.managers.importing.language.rule_data import PfRule

BLOCKING = ("block", "anchor", "antispoof")


class Assembly:
    """services, others: drafts; lost: (problem, text) of what could not be expressed."""

    def __init__(self, host: Host, own: dict[str, list[str]], *, direct: bool = False) -> None:
        self.context = Context(host, own, direct=direct)
        self.services: list[ServiceDraft] = []
        self.others: list[OtherDraft] = []
        self.lost: list[tuple[Problem, str]] = []
        self.blocks: list[tuple[Line, PfRule | None]] = []

    def lose(self, line: Line, reason: str, rule: PfRule | None = None) -> None:
        """Note a statement that has no place in a declaration. rule: what it is, as far as it can be read."""
        if line.text.startswith(BLOCKING):
            self.blocks.append((line, rule))
        message, _, remedy = reason.partition("; ")
        problem = Problem(message, line.at(message), remedy)
        if (problem, line.text) not in self.lost:  # a row of a manager is several rules
            self.lost.append((problem, line.text))

    def named(self) -> list[str]:
        """The tables that the services name as senders, or the rest of the declaration anywhere."""
        words = [peer for one in self.services for peer in (*one.source, *(one.allow or {}).get("from", ()))]
        values = [value for one in self.others for value in one.keys.values()]
        words += [str(word) for value in values for word in (value if isinstance(value, list) else [value])]
        return list(dict.fromkeys(word.strip("!<>") for word in words if word.lstrip("!").startswith("<")))

    def take(self, rules: Sequence[tuple[PfRule, Line]]) -> None:
        """All rules of a jail. rdr first: what is let in belongs to what is redirected."""
        for rule, line in rules:
            if rule.action == "rdr":
                self._try(line, lambda rule=rule, line=line: self._redirect(rule, line.comments))
        self.services = drafts.of_both_families(self.services)
        last = max((number for number, (rule, _) in enumerate(rules) if rule.action == "pass"), default=-1)
        for number, (rule, line) in enumerate(rules):
            if rule.action == "block":
                quick = replace(rule, quick=rule.quick or number > last)
                self._try(line, lambda rule=quick, line=line: self._one(rule, line.comments), rule)
        redirected = {rule.tag for rule, _ in rules if rule.action == "rdr"}
        for rule, line in rules:
            if rule.tagged and rule.tagged not in redirected:
                self.lose(line, f"a declaration has no `tagged`, and no rdr here sets {rule.tagged}")
            elif rule.action == "pass" and (block := self._exception(rule, line)):
                self.lose(line, f"line {block.place.line} makes exceptions of it, and cannot be imported")
            elif rule.action == "pass" and rule.direction == "out" and (nat := self._translated(rule, rules)):
                self.lose(
                    line,
                    f"line {nat.place.line} translates these packets first, so it lets out nothing",
                )
            elif rule.action not in ("rdr", "block"):
                self._try(line, lambda rule=rule, line=line: self._one(rule, line.comments))
        self.others = translating.merged(self.others)
        untagged = [replace(one, tag="") for one in self.services]
        self.services = [
            letting_in.without_tcp(one) for one in drafts.of_both_protocols(drafts.of_both_families(untagged))
        ]

    def _translated(self, rule: PfRule, rules: Sequence[tuple[PfRule, Line]]) -> Line | None:
        """What translates packets of a rule about what leaves: pf filters them with their new address."""
        for nat, line in rules:
            words = {word for one in (rule, nat) for word in one.source if family_of(word)}
            if nat.action in ("nat", "binat") and len({family_of(word) for word in words}) < 2:
                return line
        return None

    def _exception(self, rule: PfRule, line: Line) -> Line | None:
        """A block that is lost, and that may have kept out somebody whom the rule lets in."""
        for block, known in self.blocks:
            quick = " quick" in block.text or not block.text.startswith("block")
            here = block.place.file == line.place.file and block.place.line and line.place.line
            above, below = (
                not here or block.place.line < line.place.line,
                not here or block.place.line > line.place.line,
            )
            if ((quick and above) or (below and not rule.quick)) and overlap(rule, known, self.context.tables):
                return block
        return None

    def _try(self, line: Line, work: object, rule: PfRule | None = None) -> None:
        self.context.line = line
        try:
            work()  # type: ignore[operator]
        except LostError as wrong:
            self.lose(line, str(wrong), rule)

    def _redirect(self, rule: PfRule, comments: tuple[str, ...]) -> None:
        self.services += list(redirects.services(rule, self.context, comments))

    def _one(self, rule: PfRule, comments: tuple[str, ...]) -> None:
        if rule.action == "nat":
            self.others.append(translating.nat(rule, self.context, comments))
        elif rule.action == "binat":
            self.others.append(translating.binat(rule, self.context, comments))
        elif rule.action == "block":
            self.others.append(translating.deny(rule, self.context, comments))
        elif rule.direction == "out":
            self.others.append(translating.out(rule, self.context, comments))
        else:
            self.services = letting_in.let_in(rule, self.context, self.services, comments)


def deduced(rules: Iterable[PfRule]) -> dict[str, list[str]]:
    """The jail's addresses where nobody knows them: what it leaves as, else what is redirected to most often."""
    found: dict[str, list[str]] = {"inet": [], "inet6": []}
    rules = list(rules)
    sources = [word for rule in rules if rule.action in ("nat", "binat") for word in rule.source]
    targets = [word for rule in rules if rule.action == "rdr" and len(rule.target) == 1 for word in rule.target]
    for word in (*sources, *sorted(targets, key=lambda word: -targets.count(word))):
        family = family_of(word)
        if family and "/" not in word and not word.startswith("!") and not found[family]:
            found[family].append(peer(word, lambda _: None))
    return found


def without_comments_of(services: Iterable[ServiceDraft], seen: set[str]) -> list[ServiceDraft]:
    """A comment that stands above several rules is written once."""
    found = []
    for service in services:
        found.append(replace(service, comments=tuple(one for one in service.comments if one not in seen)))
        seen.update(service.comments)
    return found
