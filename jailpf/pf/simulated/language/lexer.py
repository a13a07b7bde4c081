"""From text to the tokens of one statement after the other, as the yylex() of pfctl cuts them.

Source: facts.md section 1 ("unquoted word alphabet", "Lexical traps") and parse.y of FreeBSD 15 (yylex,
lgetc).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jailpf.pf.simulated.rules.words import KEYWORDS

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+|\\\n)
    |(?P<comment>\#(?:\\\n|[^\n])*)
    |(?P<newline>\n)
    |(?P<quote>["'])
    |(?P<macro>\$(?P<name>[A-Za-z0-9_]*))
    |(?P<number>-?[0-9]+(?=[\s),/}=]|$))
    |(?P<word>[A-Za-z0-9:_](?:[A-Za-z0-9"$%&'*+\-.:;?@\[\]^_`|~]|\\(?!\n))*)
    |(?P<op>->|!=|<>|><|<=|>=|[-!<>={}(),/])
    |(?P<other>.)""",
    re.VERBOSE,
)
_OPERATORS = {
    "->": "ARROW",
    "!=": "NE",
    "<>": "BINARY",
    "><": "BINARY",
    "<=": "LE",
    ">=": "GE",
    "-": "DASH",
    "!": "BANG",
    "<": "LT",
    ">": "GT",
    "=": "EQ",
    "{": "LBRACE",
    "}": "RBRACE",
    "(": "LPAR",
    ")": "RPAR",
    ",": "COMMA",
    "/": "SLASH",
}


class Tok(NamedTuple):
    """A token: the terminal of grammar.lark, its text, its line, and where the text goes on behind it."""

    type: str
    value: str
    line: int
    end: int


class UndefinedMacroError(Exception):
    """`$name` without a definition: the line and the name."""

    def __init__(self, name: str, line: int) -> None:
        super().__init__(name)
        self.name, self.line = name, line


class Lexer:
    """Cuts `text` into statements. `macros` may grow between two statements.

    With `printed`, the text is what pfctl prints: the word behind tag and tagged goes to the next blank,
    since pfctl prints tags without quotes.
    """

    def __init__(self, text: str, printed: bool = False) -> None:
        self.text, self.printed = text, printed
        self.macros: dict[str, str] = {}
        self.position, self.line = 0, 1
        self.expanded_to = 0
        self.eof_line = text.count("\n") + 2  # pfctl counts a newline of its own at the end of the file

    def statement(self) -> list[Tok] | None:
        """The tokens up to the next newline outside of braces; None at the end. Raises
        UndefinedMacroError.
        """
        tokens: list[Tok] = []
        depth = 0
        while match := _TOKEN.match(self.text, self.position):
            kind, value = str(match.lastgroup), match.group()
            self.position = match.end()
            if kind == "name":
                kind = "macro"
            if kind in {"blank", "comment"}:
                self.line += value.count("\n")
            elif kind == "newline":
                self.line += 1
                if not depth:
                    return tokens
            elif kind == "macro" and match.start() >= self.expanded_to:
                self._expand(match)
            elif kind == "quote":
                tokens.append(self._quoted(value))
            else:
                if kind == "macro":  # no macros inside of macros
                    kind, value = "other", "$"
                    self.position = match.start() + 1
                if kind == "op":
                    depth = max(0, depth + (value == "{") - (value == "}"))
                tokens.append(self._token(kind, value))
                if self.printed and tokens[-1].type in {"TAG", "TAGGED"}:
                    tokens.append(self._to_blank())
        return tokens or None

    def skip_line(self, end: int) -> None:
        """Go on behind the first newline after `end`, as yacc does after an error."""
        newline = self.text.find("\n", end)
        target = len(self.text) if newline < 0 else newline + 1
        if target < self.position:
            self.line -= self.text.count("\n", target, self.position)
        else:
            self.line += self.text.count("\n", self.position, target)
        self.position = target

    def _token(self, kind: str, value: str) -> Tok:
        if kind == "word":
            return Tok(KEYWORDS.get(value, "STRING"), value, self.line, self.position)
        type_ = _OPERATORS[value] if kind == "op" else {"number": "NUMBER"}.get(kind, "OTHER")
        return Tok(type_, value, self.line, self.position)

    def _expand(self, match: re.Match[str]) -> None:
        name = match.group("name")
        value = self.macros.get(name)
        if value is None:
            line = self.line
            self.skip_line(match.end())
            raise UndefinedMacroError(name, line)
        self.text = self.text[: match.start()] + value + self.text[match.end() :]
        self.position = match.start()
        self.expanded_to = match.start() + len(value)

    def _quoted(self, quote: str) -> Tok:
        chars: list[str] = []
        line, at = self.line, self.position
        while at < len(self.text):
            char = self.text[at]
            at += 1
            if char == quote:
                self.position = at
                return Tok("STRING", "".join(chars), line, at)
            if char == "\\" and at < len(self.text) and self.text[at] in f"{quote} \t\n":
                char = self.text[at]
                at += 1
            if char == "\n":
                self.line += 1
            else:
                chars.append(char)
        self.position = at
        return Tok("OTHER", quote, line, at)

    def _to_blank(self) -> Tok:
        match = re.compile(r"[ \t]*(\"[^\"\n]*\"|\S*)").match(self.text, self.position)
        value = match.group(1) if match else ""
        self.position = match.end() if match else self.position
        return Tok("STRING", value.strip('"'), self.line, self.position)
