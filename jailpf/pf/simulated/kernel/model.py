"""What the simulated kernel holds: rulesets by anchor path, tables, states; "" is the main ruleset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.language.tables import Table
from jailpf.pf.simulated.rules.paths import called, with_parents
from jailpf.pf.simulated.rules.rule import SECTIONS, Host, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jailpf.pf.simulated.kernel.state import State
    from jailpf.pf.simulated.language.parsed import Parsed

LINGER = 20.0  # seconds that an emptied anchor may still be listed (facts.md, "What a running 15.1 showed")

Lines = dict[str, list[tuple[int, str]]]


@dataclass
class Ruleset:
    """What is loaded at one path. `lines`, when given, are its rules as text, parsed when they are needed."""

    serial: int = 0
    tables: dict[str, Table] = field(default_factory=dict)
    counters: dict[str, list[int]] = field(default_factory=dict)
    lines: Lines | None = None
    parsed: Mapping[str, Sequence[Rule]] | None = None

    def calls(self) -> Iterator[str]:
        """The anchors that its rules name, as written."""
        for rules in self.rules.values():
            for at in range(len(rules)):
                if (not isinstance(rules, Written) or rules.calls(at)) and (anchor := rules[at].anchor):
                    yield anchor

    @property
    def rules(self) -> Mapping[str, Sequence[Rule]]:
        """The rules by section."""
        if self.parsed is None:
            lines = self.lines or {}
            self.parsed = {section: Written(lines.get(section, ())) for section in SECTIONS}
        return self.parsed

    def count(self, key: str, *values: int) -> None:
        """Add to the counters of a rule: evaluations, packets, bytes, states."""
        self.counters[key] = [a + b for a, b in zip(self.counters.get(key, [0, 0, 0, 0]), values, strict=True)]


@dataclass
class Model:
    """The whole pf. `gone`: anchors that were emptied, and when. `rates`: moving averages of
    max-src-conn-rate.
    """

    topology: Topology = field(default_factory=Topology)
    main_text: str = ""
    skips: list[str] = field(default_factory=list)
    enabled: bool = True
    serial: int = 0
    rulesets: dict[str, Ruleset] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    rates: dict[str, tuple[float, float]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    cache: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    def reset(self) -> None:
        """Forget everything; the topology object stays the same one."""
        self.topology.update(Topology().to_json())
        self.__init__(self.topology)  # type: ignore[misc]

    def load(self, path: str, parsed: Parsed, now: float) -> None:
        """Replace the rules at a path, and the tables that the text names (facts.md section 2)."""
        old = self.rulesets.get(path, Ruleset())
        used = set(_tables_used(parsed.rules))
        tables = {name: table for name, table in old.tables.items() if table.persist or name in used or not path}
        for name, definition in parsed.tables.items():
            table = old.tables.get(name, Table())
            new = Table(definition.persist, definition.const, definition.counters, dict(table.entries))
            if definition.hosts is not None:
                new.set(definition.hosts, now)
            if definition.persist or name in used or not path:
                tables[name] = new
            else:
                tables.pop(name, None)
        for name in _overload_tables(parsed.rules):
            tables.setdefault(name, Table())
        self.serial += 1
        self.put(path, Ruleset(self.serial, tables, parsed=parsed.rules), now)

    def put(self, path: str, ruleset: Ruleset, now: float) -> None:
        """Set what a path holds; with nothing in it the anchor is gone, and listed for a while."""
        self.cache.clear()
        self.gone.pop(path, None)
        if path and not ruleset.tables and not any(ruleset.rules.values()):
            if self.rulesets.pop(path, None) is not None:
                self.gone[path] = now
        else:
            self.rulesets[path] = ruleset

    def table(self, path: str, name: str) -> Table | None:
        """The table that a rule of this anchor means: the anchor's own, else the main ruleset's, never a
        parent's.
        """
        for place in (path, ""):
            ruleset = self.rulesets.get(place)
            if ruleset and name in ruleset.tables:
                return ruleset.tables[name]
        return None

    def is_doubtful(self, name: str) -> bool:
        """Whether a table that is not defined here may be defined on the host that is looked at
        (explain.py).
        """
        return name in self.doubtful or name.startswith("__automatic_")  # pfctl's optimizer makes the latter

    def listed(self, now: float) -> set[str]:
        """All anchors that `pfctl -s Anchors` lists: loaded ones, called ones, those just emptied, and their
        parents.
        """
        self.gone = {path: at for path, at in self.gone.items() if now < at + LINGER}
        names = {path for path in self.rulesets if path} | set(self.gone)
        for caller, ruleset in self.rulesets.items():
            for call in ruleset.calls():
                name = call.removesuffix("*").rstrip("/")
                names |= set(called(caller, name, ())) if name else set()
        return with_parents(names)


def _hosts(rule: Rule) -> Iterator[Host]:
    yield from (rule.source, rule.destination)
    if rule.pool:
        yield from rule.pool.hosts


def _tables_used(rules: Mapping[str, Sequence[Rule]]) -> Iterator[str]:
    for section in rules.values():
        for rule in section:
            yield from (host.name for host in _hosts(rule) if host.kind == "table")
    yield from _overload_tables(rules)


def _overload_tables(rules: Mapping[str, Sequence[Rule]]) -> Iterator[str]:
    """Naming a table in overload creates it in the anchor (facts.md, "overload fills the anchor's own table
    only").
    """
    for rule in rules["filter"]:
        if rule.options and rule.options.overload:
            yield rule.options.overload
