"""A whole text of pf.conf(5): statement by statement, going on after errors as pfctl does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError, PfUnavailableError, Place, Problem
from jailpf.pf.simulated.language.draft import MacroDraft, RuleDraft, SkipDraft, TableDraft
from jailpf.pf.simulated.language.expand import expand
from jailpf.pf.simulated.language.hosts import RuleError, unknown
from jailpf.pf.simulated.language.lexer import Lexer, Tok, UndefinedMacroError
from jailpf.pf.simulated.language.tables import TableDefinition, define_table
from jailpf.pf.simulated.rules.rule import SECTIONS, Rule
from jailpf.pf.simulated.rules.show import rule_text
from jailpf.pf.simulated.rules.unknown import sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.language.draft import Draft

_ORDER = "Rules must be in order: options, ethernet, normalization, queueing, translation, filtering"
_PRINTED_SECTIONS = ("nat", "rdr", "binat", "filter")


@dataclass
class Parsed:
    """What a text says: rules by section, tables, interfaces under `set skip`, and what is wrong with it."""

    rules: dict[str, list[Rule]] = field(default_factory=lambda: {section: [] for section in SECTIONS})
    tables: dict[str, TableDefinition] = field(default_factory=dict)
    skips: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)

    def listing(self) -> str:
        """What `pfctl -o none -nvP -f` prints: macros and tables first, then nat, rdr, binat and filter
        rules.
        """
        rules = [rule_text(rule) for section in _PRINTED_SECTIONS for rule in self.rules[section]]
        return "".join(line + "\n" for line in [*self.head, *rules])

    def checked(self) -> Parsed:
        """Itself. Raises PfRefusedError when there are problems."""
        if self.problems:
            raise PfRefusedError(self.problems)
        return self


def parse(
    text: str,
    topology: Topology,
    name: str = "stdin",
    main: bool = False,
    printed: bool = False,
    lenient: bool = False,
) -> Parsed:
    """Parse the text of an anchor, or of the main ruleset (`main`: `set skip` is allowed).

    `printed`: the text is what pfctl prints (tags without quotes). `lenient`: a rule that cannot be parsed
    becomes a rule whose action is "unknown". Raises PfUnavailableError without lark.
    """
    return _Reader(text, topology, name, main, printed, lenient).read()


class _Reader:
    def __init__(self, text: str, topology: Topology, name: str, main: bool, printed: bool, lenient: bool) -> None:
        self.lexer = Lexer(text, printed)
        self.lines = text.split("\n")
        self.topology, self.name, self.main, self.lenient = topology, name, main, lenient
        self.result = Parsed()
        self.filtering = False

    def read(self) -> Parsed:
        while True:
            start = self.lexer.line
            try:
                tokens = self.lexer.statement()
            except UndefinedMacroError as error:
                place = Place(self.name, error.line)
                messages = (f"macro '{error.name}' not defined", "syntax error")
                self._refused(start, [Problem(message, place) for message in messages])
                continue
            if tokens is None:
                return self.result
            if tokens:
                self._statement(tokens)

    def _statement(self, tokens: Sequence[Tok]) -> None:
        try:
            draft = _draft(tokens, self.lexer)
            if isinstance(draft, RuleDraft):
                draft.line, draft.last = tokens[0].line, tokens[-1].line
            self._take(draft)
        except _BrokenError as error:
            self._refused(tokens[0].line, [Problem(error.message, Place(self.name, error.line))], tokens)
        except RuleError as error:
            place = Place(self.name, tokens[-1].line)
            problems = [Problem(c.message, place if c.placed else None) for c in error.complaints]
            self._refused(tokens[0].line, problems, tokens)

    def _take(self, draft: Draft) -> None:
        result = self.result
        if isinstance(draft, MacroDraft):
            self.lexer.macros[draft.name] = draft.value
            result.head.append(f'{draft.name} = "{draft.value}"')
        elif isinstance(draft, TableDraft):
            table = define_table(draft, self.topology)
            result.tables[table.name] = table
            result.head.append(table.text)
        elif isinstance(draft, SkipDraft):
            if not self.main:
                raise unknown("'set' in an anchor")
            result.skips += [interface.name for interface in draft.interfaces]
        else:
            rules = expand(draft, self.topology)
            section = rules[0].section
            if section == "filter":
                self.filtering = True
            elif self.filtering and not self.lenient:
                raise RuleError(_ORDER)
            result.rules[section] += rules

    def _refused(self, start: int, problems: list[Problem], tokens: Sequence[Tok] = ()) -> None:
        if not self.lenient:
            self.result.problems += problems
            return
        lines = self.lines[start - 1 : max(start, self.lexer.line - 1)]
        text = "\n".join(lines).strip()
        expanded = " ".join(token.value for token in tokens) or text
        self.result.unknown.append((start, text))
        if len(tokens) > 2 and tokens[0].type == "TABLE":
            self.result.doubtful.add(tokens[2].value)
        for section in sections(expanded):
            self.result.rules[section].append(Rule("unknown", line=start, text=text, expanded=expanded))


class _BrokenError(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def _draft(tokens: Sequence[Tok], lexer: Lexer) -> Draft:
    """The statement of these tokens; after an error the lexer goes on where pfctl would."""
    try:
        from jailpf.pf.simulated.language.grammar import StatementError, parse_statement
    except ImportError:
        remedy = "pip install 'jailpf[simulated]'"
        raise PfUnavailableError("the simulated pf needs lark, which is not installed", remedy=remedy) from None
    try:
        return parse_statement(tokens)
    except StatementError as error:
        bad = error.token
        if bad is None:
            if tokens[-1].end >= len(lexer.text.rstrip("\n")) and _unbalanced(tokens):
                raise _BrokenError(lexer.eof_line, "syntax error") from None
            raise _BrokenError(tokens[-1].line, "syntax error") from None
        name = _unknown_feature(tokens, bad)
        if not name:
            lexer.skip_line(bad.end)
        raise _BrokenError(bad.line, f"the simulated pf does not know {name}" if name else "syntax error") from None


def _unbalanced(tokens: Sequence[Tok]) -> bool:
    types = [token.type for token in tokens]
    return types.count("LBRACE") > types.count("RBRACE")


def _unknown_feature(tokens: Sequence[Tok], bad: Tok) -> str:
    if bad.type == "UNKNOWN":
        previous = tokens[tokens.index(bad) - 1].value if bad is not tokens[0] else ""
        return f"'set {bad.value}'" if previous == "set" else f"'{bad.value}'"
    if tokens[0].type == "ANCHOR" and bad.type == "LBRACE":
        return "inline anchors"
    return ""
