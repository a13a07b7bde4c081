"""Blocks and parameters of jail.conf, with what is included; and the messages that jail(8) has for what is not one."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from jailpf.managers.jailparse.lexer import END, Complaint, Token, decoded, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 32

Piece = tuple[bool, str]
"""(whether it is a variable's name, text)."""


class JailConfError(ValueError):
    """The lines that jail(8) writes, without its name. It ends with 1."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class Parameter(NamedTuple):
    """`name op values;`. op: "", "=", "+=" or " " for `name value`."""

    name: str
    variable: bool
    op: str
    values: list[list[Piece]]


@dataclass
class Block:
    """A jail, or "*": what stands outside of all of them."""

    name: str
    parameters: list[Parameter] = field(default_factory=list)


def parse(file: str, *, includes: bool = True) -> list[Block]:
    """The blocks of a file and of what it includes, in order. includes: FreeBSD 13 has no `.include`. Raises JailConfError."""
    whole = _Whole(includes)
    whole.read(file)
    return whole.blocks


class _Whole:
    """What all files together make."""

    def __init__(self, includes: bool) -> None:
        self.includes = includes
        self.blocks: list[Block] = []
        self.open: list[Block] = []
        self.outside: Block | None = None
        self.lines: list[str] = []
        self.depth = 0

    def read(self, file: str) -> None:
        try:
            with open(file, "rb") as opened:
                text = opened.read().decode("latin-1")
        except OSError as wrong:
            raise JailConfError([*self.lines, f"{file}: {wrong.strerror}"]) from None
        if _File(self, file, text).run():
            raise JailConfError(self.lines)

    def begin(self, name: str) -> None:
        block = Block(f"{self.open[-1].name}.{name}" if self.open else name)
        self.blocks.append(block)
        self.open.append(block)

    def take(self, parameter: Parameter) -> None:
        if not self.open and self.outside is None:
            self.outside = Block("*")
            self.blocks.append(self.outside)
        target = self.open[-1] if self.open else self.outside
        assert target  # noqa: S101 - made above
        target.parameters.append(parameter)

    def include(self, outer: str, name: str) -> None:
        """Relative names are looked for beside the file that includes; a pattern may match nothing."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise JailConfError([*self.lines, "maximum include depth exceeded"])
        path = os.path.join(os.path.dirname(outer), name)
        for each in sorted(glob.glob(path)) if glob.has_magic(path) else [path]:
            self.read(each)
        self.depth -= 1


class _File:
    """One file. After an error everything up to the next `;` is passed over, and the next three tokens complain of nothing."""

    def __init__(self, whole: _Whole, file: str, text: str) -> None:
        self.whole, self.file = whole, file
        self.stream = self._stream(text)
        self.ahead: Token | None = None
        self.quiet = 0
        self.failed = False
        self.depth = 0

    def _stream(self, text: str) -> Iterator[Token]:
        for token in tokens(text):
            if isinstance(token, Complaint):
                self.say(f" line {token.line}: {token.sentence}")
            else:
                yield token

    def say(self, sentence: str) -> None:
        self.whole.lines.append(self.file + decoded(sentence))
        self.failed = True

    def peek(self) -> Token:
        if self.ahead is None:
            self.ahead = next(self.stream)
        return self.ahead

    def shift(self) -> Token:
        token, self.ahead = self.peek(), None
        self.quiet = max(0, self.quiet - 1)
        return token

    def run(self) -> bool:
        """Whether anything was wrong."""
        while True:
            try:
                if not self.item():
                    return self.failed
            except _WrongError:
                if not self.recover():
                    return True

    def item(self) -> bool:
        """One block's beginning or end, or one parameter; False at the end of the file."""
        token = self.peek()
        if token.kind == END and not self.depth:
            return False
        if token.kind == ";":
            self.shift()
        elif token.kind == "}" and self.depth:
            self.shift()
            self.depth -= 1
            self.whole.open.pop()
        elif token.kind in ("string", "variable") and token.first:
            self.shift()
            if token.kind == "string" and self.peek().kind == "{":
                self.shift()
                self.depth += 1
                self.whole.begin(token.value)
            else:
                self.parameter(token)
        else:
            raise _WrongError
        return True

    def parameter(self, name: Token) -> None:
        op, values = "", []
        if self.peek().kind in ("=", "+="):
            op = self.shift().kind
            values = self.values()
        elif self.peek().kind in ("string", "variable") and self.peek().first:
            op, values = " ", self.values()
        if self.peek().kind != ";":
            raise _WrongError
        end = self.shift()
        if op != " " or name.kind == "variable" or name.value != ".include" or not self.whole.includes:
            self.whole.take(Parameter(name.value, name.kind == "variable", op, values))
            return
        for value in values:
            if any(variable for variable, _ in value):
                self.say(f" line {end.line}: variables not permitted in '.include' filename")
            else:
                self.whole.include(self.file, decoded("".join(text for _, text in value)))

    def values(self) -> list[list[Piece]]:
        found = [self.string()]
        while self.peek().kind == ",":
            self.shift()
            found.append(self.string())
        return found

    def string(self) -> list[Piece]:
        token = self.peek()
        if token.kind not in ("string", "variable") or not token.first:
            raise _WrongError
        pieces: list[Piece] = []
        while token.kind in ("string", "variable") and (not pieces or not token.first):
            self.shift()
            pieces.append((token.kind == "variable", token.value))
            token = self.peek()
        return pieces

    def recover(self) -> bool:
        """Complain unless in recovery, and pass over; False at the end of the file."""
        token = self.peek()
        if not self.quiet:
            self.say(f" line {token.line}: {token.text}: syntax error" if token.text else ": unexpected EOF")
        self.failed = True
        while (token := self.peek()).kind != ";":
            if token.kind == END:
                return False
            self.ahead = None
        self.quiet = 3
        self.shift()
        return True


class _WrongError(Exception):
    """The token ahead does not belong here."""
