"""How pf of FreeBSD 15.1 decides about one packet on one interface.

Source: facts.md, "What a running 15.1 showed" and section 3. Translation: the first match ends a ruleset, the
last match across rulesets wins, and a match in the main ruleset ends everything. Filter: the last match wins,
quick ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.connection import Match
from jailpf.pf.simulated.kernel.flat import Flat, flatten
from jailpf.pf.simulated.kernel.packet import Matcher, Packet
from jailpf.pf.simulated.rules import unknown
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Rule


@dataclass
class Decision:
    """The rule that counts (None: no translation, or the default pass), all that matched, and the tag then
    set.

    verdict: pass, block, translate, or unknown; then `doubts` are the rules that only FreeBSD could judge.
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

    def translate(self, packet: Packet, section: str) -> Decision:
        """The nat, rdr or binat rule for the packet."""
        ended: set[int] = set()
        decision = Decision("pass", None, tag=packet.tag)
        for flat, matched in self._evaluate(packet, section, decision):
            if not ended.isdisjoint(flat.scopes):
                continue
            if matched is None:
                decision.doubts.append(flat)
                continue
            decision.matches.append(flat)
            decision.tag = flat.rule.tag or decision.tag
            if flat.rule.rtable:
                decision.doubts.append(flat)
            ended.add(flat.scopes[-1])
            if not flat.rule.no:
                decision.flat, decision.verdict = flat, "translate"
            if 0 in ended:
                break
        if decision.doubts:
            decision.verdict = "unknown"
        return decision

    def filter(self, packet: Packet) -> Decision:
        """The filter rule for the packet. Where unknown rules might count, all that could happen is
        compared.
        """
        decision = Decision("pass", None, tag=packet.tag)
        final: list[Flat | None] = []
        possible: list[Flat | None] = [None]
        for flat, matched in self._evaluate(packet, "filter", decision):
            action = flat.rule.action
            if matched is None:
                decision.doubts.append(flat)
                ends = flat.quick or (action == "unknown" and unknown.stays(_hint(flat.rule)))
                if _verdict(flat) != "match":
                    (final if ends else possible).append(flat)
                continue
            decision.matches.append(flat)
            decision.tag = flat.rule.tag or decision.tag
            if action == "match":
                if flat.rule.rtable:
                    final.append(flat)
                continue
            possible = [flat]
            if flat.quick:
                break
        outcomes = final + possible
        verdicts = {_verdict(flat) for flat in outcomes}
        decision.flat = possible[0]
        decision.verdict = verdicts.pop() if len(verdicts) == 1 else "unknown"
        if decision.verdict != "unknown":
            decision.doubts = []
        elif not decision.doubts:
            decision.doubts = [flat for flat in outcomes if flat and _verdict(flat) == "unknown"]
        return decision

    def _evaluate(self, packet: Packet, section: str, decision: Decision) -> Iterator[tuple[Flat, bool | None]]:
        """The rules that match (True) or might (None), in order, behind anchor rules that do."""
        entered: dict[int, bool | None] = {0: True}
        tag_in_doubt = False
        for flat in flatten(self.model, section):
            inside = entered.get(flat.scopes[-1], True)
            if flat.scopes[-1] not in entered:
                inside = self._enter(flat, packet, decision.tag, entered)
            if inside is False:
                continue
            rule = flat.rule
            if self.counting and rule.labels:
                self.model.rulesets[flat.path].count(flat.key, 1, 0, 0, 0)
            matched = self.matcher.rule(rule, flat.path, packet, decision.tag)
            if tag_in_doubt and rule.tagged:
                untagged = self.matcher.rule(replace(rule, tagged=""), flat.path, packet, "")
                matched = None if untagged else untagged
            if inside is None and matched:
                matched = None
            if matched is None and (rule.tag or (rule.action == "unknown" and unknown.sets_tag(_hint(rule)))):
                tag_in_doubt = True
            if matched is not False:
                yield flat, matched

    def _enter(self, flat: Flat, packet: Packet, tag: str, entered: dict[int, bool | None]) -> bool | None:
        result: bool | None = True
        for scope, guard, path in zip(flat.scopes[1:], flat.guards, flat.guard_paths, strict=True):
            if scope not in entered:
                entered[scope] = self.matcher.rule(guard, path, packet, tag)
            if entered[scope] is False:
                result = False
        entered[flat.scopes[-1]] = result
        return result


def _verdict(flat: Flat | None) -> str:
    if flat is None:
        return "pass"
    if flat.rule.rtable:
        return "unknown"  # another routing table: where the packet goes then is not simulated
    return unknown.verdict(_hint(flat.rule)) if flat.rule.action == "unknown" else flat.rule.action


def _hint(rule: Rule) -> str:
    return rule.expanded or rule.text
