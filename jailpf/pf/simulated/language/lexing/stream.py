"""The tokens of a text with one token of lookahead, which is read only when it is needed, as yacc does.

A complaint carries the line of the last token that was read, so when a token is read is part of what pfctl says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from jailpf.pf.simulated.language.lexing.behind import STRINGS
from jailpf.pf.simulated.language.lexing.lexer import EOF, NUMBER, STRING, Lexer, Token
from jailpf.pf.simulated.language.lexing.problems import RuleError, SyntaxFault

if TYPE_CHECKING:
    from collections.abc import Callable, Container

_T = TypeVar("_T")
QUIET_TOKENS = 2  # after an error pfctl says no "syntax error" before so many tokens were fine


class Stream:
    """Hands out tokens. `complain` takes what the lexer finds wrong: a file, a line, a sentence."""

    def __init__(self, lexer: Lexer, complain: Callable[[str, int, str], None]) -> None:
        self.lexer, self._complain = lexer, complain
        self.line = 1
        self.file = lexer.file
        self.recording = False  # of the words of a statement, with macros expanded, and of its braces
        self.words: list[str] = []
        self.depth = 0
        self._next: Token | None = None
        self._quiet = 0

    def peek(self) -> str:
        """The kind of the next token."""
        return (self._next or self._read()).kind

    def _read(self) -> Token:
        token = self._next = self.lexer.token()
        self.line, self.file = token.line, self.lexer.files[-1].name
        if self.recording:
            self.words.append(token.text)
            self.depth += (token.kind == "{") - (token.kind == "}")
        if self.lexer.errors:
            for error in self.lexer.errors:
                self._complain(*error)
            self.lexer.errors.clear()
        return token

    def at(self, *kinds: str) -> bool:
        """Whether the next token is of one of those kinds."""
        return (self._next or self._read()).kind in kinds

    def take(self, *kinds: str) -> str:
        """The text of the next token, which is used up. Raises SyntaxFault when it is of no such kind."""
        token = self._next or self._read()
        if kinds and token.kind not in kinds:
            raise SyntaxFault
        self._next = None
        if self._quiet:
            self._quiet -= 1
        return token.text

    def accept(self, kind: str) -> bool:
        """Whether the next token is of that kind; then it is used up."""
        if (self._next or self._read()).kind != kind:
            return False
        self._next = None
        if self._quiet:
            self._quiet -= 1
        return True

    def string(self) -> str:
        """A word or a quoted string."""
        return self.take(STRING)

    def strings(self) -> str:
        """Several strings, joined by blanks. Raises SyntaxFault for what stands behind none."""
        words = [self.take(STRING)]
        while self.peek() == STRING:
            words.append(self.take())
        self.must(STRINGS)
        return " ".join(words)

    def integer(self) -> int:
        """A number as the lexer knows it: digits, with a minus or without."""
        return int(self.take(NUMBER))

    def number(self) -> int:
        """A number, or a string that strtoul(3) understands (0x10, 010). Raises RuleError."""
        if self.peek() == NUMBER:
            return int(self.take())
        text = self.take(STRING)
        value = c_number(text)
        if value is None:
            raise RuleError(f"{text} is not a number")
        return value - 2**64 if value >= 2**63 else value

    def end(self) -> None:
        """Nothing more may stand in this line. Raises SyntaxFault."""
        if self.peek() != "\n":
            raise SyntaxFault

    def must(self, kinds: Container[str]) -> None:
        """What stands here must be of those kinds. Raises SyntaxFault."""
        if self.peek() not in kinds:
            raise SyntaxFault

    def newlines(self) -> None:
        """Any newlines here mean nothing."""
        while self.peek() == "\n":
            self.take()

    def listed(self, item: Callable[[], _T]) -> list[_T]:
        """One item, or several in braces: commas are optional, a newline may follow an item but no comma."""
        if not self.accept("{"):
            return [item()]
        self.newlines()
        found = [item()]
        self.newlines()
        while not self.accept("}"):
            self.accept(",")
            found.append(item())
            self.newlines()
        return found

    def series(self, item: Callable[[], _T], end: str) -> list[_T]:
        """Items with optional commas up to a token, which is left there."""
        found = [item()]
        while self.peek() != end:
            self.accept(",")
            found.append(item())
        return found

    def recover(self, whole: bool) -> bool:
        """Skip to behind the next newline, as pfctl does after an error; with `whole` to the end of the statement.

        False at the end of the text.
        """
        while (kind := self.peek()) not in {"\n", EOF} or (whole and kind == "\n" and self.depth > 0):
            self._next = None
        self._quiet = QUIET_TOKENS
        self.depth = 0
        if kind == EOF:
            return False
        self._next = None
        return True

    @property
    def speaks(self) -> bool:
        """Whether pfctl says "syntax error" for an error here."""
        return not self._quiet

    def new_statement(self) -> None:
        """Forget the words of the last statement."""
        kept = self._next
        self.words = [kept.text] if kept else []
        self.depth = int(kept.kind == "{") if kept else 0


def c_number(text: str) -> int | None:
    """What strtoul(3) of base 0 makes of a whole text, None when it is no number."""
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    low = digits.lower()
    base = 16 if low.startswith("0x") else 8 if low.startswith("0") and len(low) > 1 else 10
    digits = low[2:] if base == 16 else low  # in which Python would take a prefix of its own
    if not digits or not digits.isascii() or not digits.isalnum() or digits[:2] in {"0o", "0x"}:
        return None
    try:
        value = int(digits, base)
    except ValueError:
        return None
    return sign * value % 2**64 if value < 2**64 else None
