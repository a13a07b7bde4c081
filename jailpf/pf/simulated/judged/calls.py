"""The lines that call anchors: conditions on them, and sections that none of them calls."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.judged.found import Judged, row_example
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import Flat, flatten
from jailpf.pf.simulated.kernel.model import Ruleset
from jailpf.pf.simulated.reach.boxes import Box, divided
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.rules.rule import SECTIONS, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jailpf.pf.simulated.judged.overlap import Overlap, Speaks
    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.reach.reached import Reached

WORDS = {"nat": "nat-anchor", "binat": "binat-anchor", "rdr": "rdr-anchor", "filter": "anchor"}


def narrows(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Lines of main with conditions that leave a rule of an anchor no packet, or keep packets from it that would get in."""
    lines = {section: _conditioned(model, section, ours) for section in SECTIONS}
    told: set[int] = set()  # lines, and rules that more than one of them leaves nothing
    for section, found in lines.items():
        for line in found:
            dead = list(_dead(model, overlap, section, line))
            known = all(id(flat.rule) in told for flat, _ in dead)
            told.update(id(flat.rule) for flat, _ in dead)
            if dead:
                told.add(id(line))
            if dead and not known:
                flat, speaks = dead[0]
                yield Judged(
                    "narrows", _match(model, section, line), match_of(flat), speaks.example(), (), len(dead) - 1
                )
    if any(lines.values()):
        before: dict[tuple[object, ...], list[Box]] = {}
        for row in reach(Held(model)):
            before.setdefault(_end(row), []).append(_box(row))
        for section, found in lines.items():
            for line in found:
                if id(line) not in told and (kept := _kept_out(model, section, line, before, ours)):
                    yield Judged("narrows", _match(model, section, line), match_of(kept.flats[-1]), row_example(kept))


def _conditioned(model: Model, section: str, ours: Callable[[str], bool]) -> list[Rule]:
    """The lines of main with conditions behind which anchors stand that count."""
    behind = {id(flat.guards[0]): flat.guards[0] for flat in flatten(model, section) if flat.guards and ours(flat.path)}
    return [line for line in behind.values() if conditions(line)]


def _dead(model: Model, overlap: Overlap, section: str, line: Rule) -> Iterator[tuple[Flat, Speaks]]:
    """The rules behind a line that no packet comes to, by this or another line; and their packets, but for that."""
    calls: dict[tuple[str, int], list[Flat]] = {}
    for flat in flatten(model, section):
        if flat.guards:
            calls.setdefault((flat.path, flat.index), []).append(flat)
    for several in calls.values():
        if any(flat.guards[0] is line for flat in several) and not any(map(overlap.flat, several)):
            alone = overlap.flat(several[0], guarded=False)
            if alone is not None:
                yield several[0], alone


def _kept_out(
    model: Model, section: str, line: Rule, before: dict[tuple[object, ...], list[Box]], ours: Callable[[str], bool]
) -> Reached | None:
    """What a rule of an anchor would let in, were there no conditions on the line."""
    rules = dict(model.rulesets[""].rules)
    rules[section] = [_plain(rule) if rule is line else rule for rule in rules[section]]
    for row in reach(Held(_changed(model, rules))):
        if row.doubts or not row.answered or not any(ours(flat.path) for flat in row.flats):
            continue
        free, _ = divided(_box(row), before.get(_end(row), []))
        if free:
            return replace(row, **free[0]._asdict())
    return None


def _box(row: Reached) -> Box:
    return Box(row.sources, row.source_ports, row.to, row.ports)


def _end(row: Reached) -> tuple[object, ...]:
    return row.origin, row.family, row.proto, row.answered, row.address


def conditions(line: Rule) -> bool:
    """Whether a line that calls an anchor lets only some packets into it."""
    return replace(line, text="", expanded="") != _plain(line)


def _plain(line: Rule) -> Rule:
    """The line without its conditions."""
    return Rule(line.action, anchor=line.anchor, line=line.line, quick=line.quick, body=line.body, labels=line.labels)


def _match(model: Model, section: str, line: Rule) -> Match:
    return match_of(Flat("", section, _number(model, section, line), line, (), (), (), line.quick))


def _number(model: Model, section: str, line: Rule) -> int:
    rules = model.rulesets[""].rules[section] if "" in model.rulesets else []
    return next((number for number, rule in enumerate(rules) if rule is line), -1)


def uncalled(model: Model, ours: Callable[[str], bool]) -> dict[tuple[str, str], list[str]]:
    """The rules of anchors that no line calls: section and folder of the anchors -> their paths."""
    found: dict[tuple[str, str], list[str]] = {}
    for section in SECTIONS:
        called = {flat.path for flat in flatten(model, section)}
        for path, ruleset in model.rulesets.items():
            if path and ours(path) and path not in called and ruleset.rules[section]:
                found.setdefault((section, path.rpartition("/")[0]), []).append(path)
    return found


def completed(model: Model, ours: Callable[[str], bool]) -> tuple[Model, list[str]]:
    """The same pf with every rule of the anchors called without conditions, and the lines of main that this takes."""
    rules = {section: list(found) for section, found in model.rulesets.get("", Ruleset()).rules.items()}
    added: list[Rule] = []
    for section in SECTIONS:
        for line in _conditioned(model, section, ours):
            added.append(_plain(line))
            rules[section] = [added[-1] if rule is line else rule for rule in rules[section]]
    for section, folder in uncalled(model, ours):
        added.append(Rule(WORDS[section], anchor=f"{folder}/*"))
        rules[section].append(added[-1])
    return _changed(model, rules), [f'{rule.action} "{rule.anchor}"' for rule in added]


def _changed(model: Model, main: Mapping[str, Sequence[Rule]]) -> Model:
    """The same pf with other rules in the main ruleset, and without states."""
    old = model.rulesets.get("", Ruleset())
    ruleset = Ruleset(old.serial, old.tables, dict(old.counters), parsed=main)
    return replace(model, rulesets={**model.rulesets, "": ruleset}, states={}, rates={}, cache={})


class Held:
    """A model that nobody else has, for those who open one."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @contextmanager
    def opened(self) -> Iterator[Model]:
        """The model."""
        yield self.model
