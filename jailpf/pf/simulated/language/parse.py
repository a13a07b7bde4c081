"""Reading a whole text: statement after statement, each by the module that knows its first word.

After an error pfctl goes on behind the next newline, so a text may have several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.context import Context
from jailpf.pf.simulated.language.lexing.lexer import EOF, STRING, Lexer
from jailpf.pf.simulated.language.lexing.problems import SyntaxFault
from jailpf.pf.simulated.language.parsed import Parsed
from jailpf.pf.simulated.language.statements.anchors import anchor_rule, load_anchor, translation_anchor
from jailpf.pf.simulated.language.statements.antispoof import antispoof
from jailpf.pf.simulated.language.statements.filter_rule import filter_rule
from jailpf.pf.simulated.language.statements.include import include
from jailpf.pf.simulated.language.statements.loading import load_anchors
from jailpf.pf.simulated.language.statements.macros import macro
from jailpf.pf.simulated.language.statements.scrub import scrub_rule
from jailpf.pf.simulated.language.statements.settings import setting
from jailpf.pf.simulated.language.statements.table_line import table_line
from jailpf.pf.simulated.language.statements.translation import binat_rule, translation_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jailpf.pf.simulated.host.topology import Topology

__all__ = ["Parsed", "parse"]


def parse(
    text: str,
    topology: Topology,
    name: str = "stdin",
    main: bool = False,
    printed: bool = False,
    lenient: bool = False,
    path: str = "an/anchor",
    macros: Mapping[str, str] | None = None,
    loads: bool = True,
) -> Parsed:
    """Parse the text of an anchor `path`, or of the main ruleset.

    `printed`: the text is what pfctl prints (tags without quotes). `lenient`: a rule that cannot be parsed becomes a rule
    whose action is "unknown". `macros`: those of -D, which the text cannot change. `loads`: whether `load anchor` reads
    its files.
    """
    lexer = Lexer(text, name, printed)
    lexer.macros.update(macros or {})
    lexer.persistent.update(macros or {})
    c = Context(lexer, topology, "" if main else path, Parsed())
    if lenient:
        c.lines = text.split("\n")
        c.stream.recording = True
    _Reader(c).read()
    if c.queues and not c.result.problems:
        from jailpf.pf.simulated.language.statements.queues import commit_queues

        commit_queues(c)
    if loads and c.result.loads and not c.result.problems:
        load_anchors(
            c.result,
            lambda text, name, anchor: parse(
                text, topology, name, lenient=lenient, path=anchor, macros=macros, loads=False
            ),
        )
    return c.result


class _Reader:
    def __init__(self, c: Context) -> None:
        self.c = c
        self.first, self.ended = True, False

    def read(self) -> None:
        c = self.c
        while c.guarded(self._statement) and not self.ended:
            self.first = False
        c.finish()

    def _statement(self, c: Context) -> None:
        stream = c.stream
        kind = stream.peek()
        c.statement_line = stream.line
        # pfctl gives up where the first word of a text is none that a text may begin with.
        c.hopeless = self.first and not c.lenient and kind not in _STATEMENTS and kind not in {"\n", "no", EOF}
        if kind == EOF:
            self.ended = True
            return
        if stream.accept("\n"):
            return
        if kind == "no":
            _no(c)
        else:
            statement = _STATEMENTS.get(kind)
            if statement is None:
                raise SyntaxFault
            statement(c)
        stream.take("\n")

    def _may_begin(self, kind: str) -> bool:
        """Whether a text may begin so; pfctl gives up where the first word of a text is none."""
        return kind in _STATEMENTS or kind in {"\n", "no"}


def _no(c: Context) -> None:
    c.stream.take("no")
    kind = c.stream.peek()
    if kind == "scrub":
        c.stream.take()
        scrub_rule(c, no=True)
    elif kind == "binat":
        binat_rule(c, no=True)
    else:
        translation_rule(c, no=True)


def _scrub(c: Context) -> None:
    c.stream.take("scrub")
    scrub_rule(c, no=False)


def _ether(c: Context) -> None:
    from jailpf.pf.simulated.language.statements.ether import ether

    ether(c)


def _queue(c: Context) -> None:
    from jailpf.pf.simulated.language.statements.queues import altq, queue

    altq(c) if c.stream.at("altq") else queue(c)


_STATEMENTS: dict[str, Callable[[Context], None]] = {
    "pass": filter_rule,
    "block": filter_rule,
    "match": filter_rule,
    "anchor": anchor_rule,
    "nat-anchor": translation_anchor,
    "rdr-anchor": translation_anchor,
    "binat-anchor": translation_anchor,
    "nat": lambda c: translation_rule(c, no=False),
    "rdr": lambda c: translation_rule(c, no=False),
    "binat": lambda c: binat_rule(c, no=False),
    "scrub": _scrub,
    "set": setting,
    "table": table_line,
    "antispoof": antispoof,
    "load": load_anchor,
    "include": include,
    "ether": _ether,
    "altq": _queue,
    "queue": _queue,
    STRING: macro,
}
