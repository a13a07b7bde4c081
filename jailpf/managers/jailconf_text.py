"""The outline of a jail.conf(5) text: statements and blocks with their places. Values are read by jail(8), never here.

Lexical rules as in jail(8)'s own scanner (facts.md section 8): comments `#`, `//` and `/* */`, strings in either
quotes that may span lines, `${variables}` whose braces are not blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = re.compile(
    r"""(?P<skip>[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
      |(?P<mark>\+=|[,;={}])
      |(?P<double>"(?:[^"\\]|\\.)*")
      |(?P<single>'(?:[^'\\]|\\.)*')
      |(?P<bare>\$\{[^\n{}]*\}|\\.|.)""",
    re.DOTALL | re.VERBOSE,
)


class Word(NamedTuple):
    """A string, joined from adjacent pieces, without quotes. start, end: its place in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Statement:
    """`name op values;`. op: "", "=" or "+="; `name value` replaces as "=" does. end: behind the `;`."""

    name: str
    op: str
    values: tuple[Word, ...]
    start: int
    end: int


@dataclass
class Block:
    """`name { ... }`, or the whole file, named "". open, close: the places of its braces (the file's: -1, its length);
    start: of its name."""

    name: str
    open: int = -1
    close: int = -1
    statements: list[Statement] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    start: int = -1

    def walk(self, parent: str = "") -> Iterator[tuple[str, Block]]:
        """Every block below with its whole name: nested ones are "parent.child"."""
        for block in self.blocks:
            name = f"{parent}.{block.name}" if parent else block.name
            yield name, block
            yield from block.walk(name)


class OutlineError(ValueError):
    """Braces do not match. `at`: where."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def outline(text: str) -> Block:
    """The statements and blocks of a file. Raises OutlineError when braces do not match."""
    top = Block("", close=len(text))
    stack = [top]
    pending: list[Word | str] = []
    for mark, start, end in _tokens(text):
        if mark == "{":
            if not pending or not isinstance(pending[0], Word):
                raise OutlineError("a block without a name", start)
            block = Block(pending[0].text, open=start, start=pending[0].start)
            stack[-1].blocks.append(block)
            stack.append(block)
            pending = []
        elif mark == "}":
            if len(stack) == 1:
                raise OutlineError("'}' without '{'", start)
            stack.pop().close = start
            pending = []
        elif mark == ";":
            if pending and isinstance(pending[0], Word):
                stack[-1].statements.append(_statement(pending, end))
            pending = []
        else:
            pending.append(mark)
    if len(stack) > 1:
        raise OutlineError(f"the block {stack[-1].name!r} does not end", stack[-1].open)
    return top


def includes(block: Block) -> Iterator[tuple[Statement, list[str]]]:
    """The `.include` statements with their patterns (FreeBSD 14 and later; 13.2 does not know them)."""
    for statement in block.statements:
        if statement.name == ".include":
            yield statement, [value.text for value in statement.values]
    for inner in block.blocks:
        yield from includes(inner)


def line_of(text: str, at: int) -> int:
    """The number of the line of a place."""
    return text.count("\n", 0, at) + 1


def _statement(tokens: list[Word | str], end: int) -> Statement:
    words = [each for each in tokens if isinstance(each, Word)]
    marks = [each for each in tokens if each in ("=", "+=")]
    return Statement(words[0].text, str(marks[0]) if marks else "", tuple(words[1:]), words[0].start, end)


def _tokens(text: str) -> Iterator[tuple[Word | str, int, int]]:
    """(a Word or one of `+= , ; = { }`, start, end)."""
    parts: list[str] = []
    first = last = 0
    for piece in _PIECE.finditer(text):
        if piece["skip"] is None and piece["mark"] is None:
            first = first if parts else piece.start()
            parts.append(_plain(piece))
            last = piece.end()
            continue
        if parts:
            yield Word("".join(parts), first, last), first, last
            parts = []
        if piece["mark"]:
            yield piece["mark"], piece.start(), piece.end()
    if parts:
        yield Word("".join(parts), first, last), first, last


def _plain(piece: re.Match[str]) -> str:
    raw = piece[0]
    quoted = piece["double"] or piece["single"]
    plain = quoted[1:-1] if quoted else raw
    return re.sub(r"\\(.)", r"\1", plain, flags=re.DOTALL) if "\\" in plain else plain
