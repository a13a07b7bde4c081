"""What a text says: rules by section, tables, what `set` changed, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError, Place, Problem
from jailpf.pf.simulated.rules.ether import ether_text
from jailpf.pf.simulated.rules.rule import SECTIONS
from jailpf.pf.simulated.rules.show import body_text, rule_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.language.tables import TableDefinition
    from jailpf.pf.simulated.rules.ether import EtherRule
    from jailpf.pf.simulated.rules.rule import Rule

_PRINTED_SECTIONS = ("nat", "rdr", "binat", "filter")


@dataclass
class Parsed:
    """What a text says.

    rules: by section, without those of scrub, which decide nothing. skips: interfaces under `set skip`. head: what pfctl
    -v prints while it reads. loads: what `load anchor` names, an anchor and a file; loaded: what is in those files, each with
    its anchor.
    unknown: lines that could not be
    parsed. doubtful: tables that such a line was to define. named: tables that a line defines, well or not. warnings:
    what pfctl says of rules that it takes. lines_max: how many lines of filter rules pfctl prints before it gives up.
    newer: words that pfctl of 13 does not know, and where each stands first.
    """

    rules: dict[str, list[Rule]] = field(default_factory=lambda: {section: [] for section in SECTIONS})
    scrub: list[Rule] = field(default_factory=list)
    ether: list[EtherRule] = field(default_factory=list)
    tables: dict[str, TableDefinition] = field(default_factory=dict)
    skips: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    loads: list[tuple[str, str]] = field(default_factory=list)
    loaded: list[tuple[str, Parsed]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    named: list[str] = field(default_factory=list)
    lines_max: int | None = None
    newer: dict[str, Place] = field(default_factory=dict)

    def listing(self, numeric: bool = True) -> str:
        """What `pfctl -o none -nvP -f` prints; with `numeric` False, as without -P, services have their names."""
        own = "".join(line + "\n" for line in [*self.head, *self._rules(numeric)])
        return own + "".join(loaded.listing(numeric) for _, loaded in self.loaded if not loaded.problems)

    def _rules(self, numeric: bool) -> Iterator[str]:
        for rule in self.scrub:
            yield rule_text(rule, numeric=numeric)
        for ether in self.ether:
            yield from ether_text(ether)
        shown: set[int] = set()
        for section in _PRINTED_SECTIONS:
            lines = (line for rule in self.rules[section] for line in body_text(rule, shown, numeric=numeric))
            yield from lines if section != "filter" else islice(lines, self.lines_max)

    def checked(self) -> Parsed:
        """Itself. Raises PfRefusedError when there are problems."""
        if self.problems:
            raise PfRefusedError(self.problems)
        return self
