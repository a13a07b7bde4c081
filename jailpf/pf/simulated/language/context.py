"""What is known while a text is read: what `set` said, macros, tables, rules so far, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.errors import Place, Problem
from jailpf.pf.simulated.language.depth import printable
from jailpf.pf.simulated.language.lexing.problems import Complaint, RuleError, Stopped, SyntaxFault
from jailpf.pf.simulated.language.lexing.stream import Stream
from jailpf.pf.simulated.rules.names import systems
from jailpf.pf.simulated.rules.rule import Rule
from jailpf.pf.simulated.rules.unknown import sections

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.language.lexing.lexer import Lexer
    from jailpf.pf.simulated.language.parsed import Parsed
    from jailpf.pf.simulated.language.queueing.queue_model import Queues
    from jailpf.pf.simulated.language.words.written import Item
    from jailpf.pf.simulated.rules.ether import EtherRule

OPTION, ETHER, SCRUB, QUEUE, NAT, FILTER = range(1, 7)
WITHOUT_A_WORD = "pfctl refuses this without saying why"
_ORDER = "Rules must be in order: options, ethernet, normalization, queueing, translation, filtering"


@dataclass
class Frame:
    """The rules of one pair of braces: of the text itself, or of an inline anchor."""

    path: str = ""
    rules: list[Rule] = field(default_factory=list)
    ether: list[EtherRule] = field(default_factory=list)
    count: int = 0  # of the rules that came by expansion: $nr of the next one


class Context:
    """The state of one reading. `path` is the anchor that the text is for, "" for the main ruleset."""

    def __init__(self, lexer: Lexer, topology: Topology, path: str, result: Parsed) -> None:
        self.stream = Stream(lexer, self._lexical)
        self.lexer, self.topology, self.path, self.result = lexer, topology, path, result
        self.order, self.ordered = 0, True
        self.block_policy = "drop"
        self.if_bound = False
        self.state_defaults: list[Item] | None = None
        self.interfaces_read = False  # by pfctl, which knows the interface of fe80::1%em0 only then
        self.syncookies: tuple[int, int] | None = None
        self.queues: Queues | None = None
        self.systems: systems.Systems = {} if path else systems.stock()
        self.frames: list[Frame] = [Frame(path)]
        self.anonymous = 0
        self.inline: dict[str, int] = {}  # inline anchors by path, with the number of their rules
        self.statement_line = 1
        self.left: Frame | None = None  # the rules in braces of an anchor line that was refused
        self.too_long = False  # what a label expands to
        self.tolerated = False
        self.hopeless = False  # pfctl gives up at the first error
        self._sections: dict[int, str] = {}  # of rules that could not be read
        self.lines: list[str] | None = None  # of a text that is read leniently

    @property
    def printed(self) -> bool:
        """Whether the text is what pfctl prints."""
        return self.lexer.printed

    @property
    def lenient(self) -> bool:
        """Whether what cannot be read becomes an unknown rule."""
        return self.lines is not None

    def tolerate(self) -> None:
        """Something in this statement is not known here, and the rule shall say so in its own words."""
        self.tolerated = True

    @property
    def source(self) -> str:
        """The text of the statement, up to the line that was read last."""
        return "\n".join((self.lines or [])[self.statement_line - 1 : self.stream.line]).strip()

    def complain(self, message: str, placed: bool = True) -> None:
        """Something is wrong, at the last token that was read."""
        place = Place(self.stream.file, self.stream.line) if placed else None
        self.result.problems.append(Problem(message, place))

    def warn(self, message: str) -> None:
        """Something is strange and no fault."""
        self.result.warnings.append(Problem(message, Place(self.stream.file, self.stream.line)))

    def newer(self, word: str) -> None:
        """The statement uses a word that pfctl of 13 does not know there."""
        self.result.newer.setdefault(word, Place(self.stream.file, self.stream.line))

    def require(self, section: int) -> None:
        """Refuse what stands below a later section. Raises RuleError."""
        if self.ordered and self.order > section:
            raise RuleError(_ORDER)
        self.order = section

    def echo(self, line: str) -> None:
        """A line that pfctl -v prints at once."""
        self.result.head.append(line)

    def guarded(self, statement: Callable[[Context], None]) -> bool:
        """Read one statement and go on behind it whatever is wrong with it. False at the end of the text."""
        stream, problems, depth = self.stream, len(self.result.problems), len(self.frames)
        rules = len(self.frames[-1].rules)
        stream.new_statement()
        self.tolerated = False
        more = True
        try:
            statement(self)
        except SyntaxFault:
            if stream.speaks:
                self.complain("syntax error")
            more = self._failed(depth)
        except RecursionError:
            self.complain("the simulated pf does not know braces so deep in braces")
            more = self._failed(depth)
        except Stopped as stop:
            self.complain(str(stop), placed=False)
            more = False
        except RuleError as error:
            for message, placed in error.complaints or [Complaint(WITHOUT_A_WORD)]:
                self.complain(message, placed)
            more = self._failed(depth)
        if self.lines is not None and len(self.result.problems) > problems:
            del self.result.problems[problems:]
            del self.frames[-1].rules[rules:]
            self._unknown(self.lines)
        elif self.tolerated:
            self.result.unknown.append((self.statement_line, self.source))
        return more

    def inner(self, statement: Callable[[Context], None]) -> None:
        """Read a statement inside of braces: an error there ends the braces too, unless the text is read leniently."""
        if self.lines is None:
            statement(self)
        elif not self.guarded(statement):
            raise SyntaxFault

    def known_queues(self) -> Queues:
        """The queues of ALTQ; most texts have none, so their module is not read before."""
        if self.queues is None:
            from jailpf.pf.simulated.language.queueing.queue_model import Queues

            self.queues = Queues()
        return self.queues

    def finish(self) -> None:
        """Sort the rules into their sections."""
        for rule in self.frames[0].rules:
            section = self._sections.get(id(rule), rule.section)
            (self.result.scrub if section == "scrub" else self.result.rules[section]).append(rule)
        self.result.ether = self.frames[0].ether
        if self.lenient:
            self.result.problems.clear()
        if self.too_long and not self.result.problems:
            self.complain("expand_label_str: label too long", placed=False)
        self.result.lines_max = printable(self.result.rules["filter"], self.path)
        if self.result.lines_max is not None and not self.result.problems:
            self.complain("pfctl_load_rule: strlcpy", placed=False)

    def _failed(self, depth: int) -> bool:
        del self.frames[depth:]
        return not self.hopeless and self.stream.recover(whole=self.lenient)

    def _unknown(self, lines: list[str]) -> None:
        """Keep a statement that could not be read as a rule of which only the words are known."""
        start = self.statement_line
        text = "\n".join(lines[start - 1 : max(start, self.stream.line)]).strip()
        words = [word for word in self.stream.words if word.strip()]
        expanded = " ".join(words) or text
        self.result.unknown.append((start, text))
        self.result.doubtful |= set(words[2:3]) if words[:1] == ["table"] else set()
        section = sections(expanded)
        for one in section if len(self.frames) == 1 else section[:1]:
            rule = Rule("unknown", line=start, text=text, expanded=expanded)
            self._sections[id(rule)] = one
            self.frames[-1].rules.append(rule)

    def _lexical(self, file: str, line: int, message: str) -> None:
        self.result.problems.append(Problem(message, Place(file, line)))
