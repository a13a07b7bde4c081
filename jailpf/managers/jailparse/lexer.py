"""The words of jail.conf: strings in pieces, variables, and the marks `= += , ; { }`.

As in any lex(1) program the longest match wins, then the earlier pattern. A string may come in pieces, `a"b"$c`: only the first has a
blank, a comment or a mark before it. Text is held as Latin-1, a letter for each byte.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPE = r"\\(?:.|\n)"
_BARE = r"[A-Za-z0-9_!%&()\-.:<>?@\[\]^`|~]+"
_ATOM = r"\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.|\n)|[$*+/\\]"
_VARIABLE = r"\$[A-Za-z_][A-Za-z_0-9]*"

# (what it is, pattern) outside of double quotes.
_OUTSIDE = [
    ("skip", r"[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/"),
    ("mark", r"\+=|[,;={}]"),
    ("text", f"{_BARE}|{_ATOM}"),
    ("quoted", rf"'(?:[^'\\]|{ESCAPE})*'"),
    ("double", rf'"(?:[^"\\]|{ESCAPE})*"'),
    ("variable", _VARIABLE),
    ("braced", rf"\$\{{(?:[^\n{{}}\\]|{ESCAPE}|\\)*\}}"),
    ("unterminated comment", r"/\*(?:[^*]|\*+[^*/])*\**"),
    ("unterminated string", r"'(?:[^\n'\\]|\\.)*"),
    ("unterminated string", r'"(?:[^\n"\\]|\\.)*'),
    ("unterminated variable", r"\$\{(?:\\.|[^\n{}])*"),
]
# The same inside of double quotes, behind a variable.
_INSIDE = [
    ("text", f"{_BARE}|{_ATOM}"),
    ("rest", rf'[^"$\\](?:[^"\\]|{ESCAPE})*"'),
    ("end", r'"'),
    ("variable", _VARIABLE),
    ("braced", rf'\$\{{(?:[^\n"{{}}\\]|{ESCAPE}|\\)*\}}'),
    ("unterminated variable", r'\$\{(?:\\.|[^\n"{}])*'),
]
OUTSIDE = [(kind, re.compile(pattern)) for kind, pattern in _OUTSIDE]
INSIDE = [(kind, re.compile(pattern)) for kind, pattern in _INSIDE]
END = ""


class Token(NamedTuple):
    """kind: "string", "variable", a mark, "" for the end of the file, "?" for what is nothing. first: a piece that begins a word.

    value: without quotes and escapes; text: as written; line: the line that it ends on.
    """

    kind: str
    value: str
    text: str
    line: int
    first: bool = True


class Complaint(NamedTuple):
    """What jail(8) warns of while it reads on, and fails for in the end."""

    sentence: str
    line: int


def tokens(text: str) -> Iterator[Token | Complaint]:
    """The tokens of a file, the last one its end."""
    at, line, inside, first = 0, 1, False, True
    while at < len(text):
        kind, found = _longest(text, at, INSIDE if inside else OUTSIDE)
        if not found:
            if inside:
                inside = False
                continue
            # A byte above 127 is a negative character, and so the end of the file (amd64).
            line += text[at] == "\n"
            yield Token(END if text[at] > "\x7f" else "?", text[at], text[at], line, first)
            at += 1
            continue
        value = _plain(found)
        if kind in ("double", "rest"):
            start = 1 if kind == "double" else 0
            stop = _dollar(found, start)
            inside = stop >= 0
            value = _plain(found[start : stop if inside else -1])
            found = found[:stop] if inside else found
        at += len(found)
        line += found.count("\n")
        if kind in ("skip", "mark"):
            first = True
            if kind == "mark":
                yield Token(found, found, found, line)
        elif kind.startswith("unterminated"):
            yield Complaint(kind, line)
        elif kind == "end":
            inside = False
        else:
            value = {"quoted": _plain(found[1:-1]), "variable": found[1:], "braced": _plain(found[2:-1])}.get(
                kind, value
            )
            yield Token("variable" if kind in ("variable", "braced") else "string", value, found, line, first)
            first = False
    yield Token(END, "", "", line)


def _longest(text: str, at: int, patterns: list[tuple[str, re.Pattern[str]]]) -> tuple[str, str]:
    best, what = "", ""
    for kind, pattern in patterns:
        found = pattern.match(text, at)
        if found and len(found[0]) > len(best):
            best, what = found[0], kind
    return what, best


def _dollar(found: str, at: int) -> int:
    """Where the first `$` stands that is not behind a backslash, -1 for none."""
    while at < len(found):
        if found[at] == "\\":
            at += 1
        elif found[at] == "$":
            return at
        at += 1
    return -1


_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}
_ESCAPED = re.compile(r"\\([0-7]{1,3}|x[0-9A-Fa-f]{0,2}|.|\n)")


def _plain(raw: str) -> str:
    """Without escapes; what C takes for the end of a string ends it."""
    if "\\" in raw:
        raw = _ESCAPED.sub(_escape, raw)
    return raw.partition("\0")[0]


def _escape(found: re.Match[str]) -> str:
    word = found[1]
    if word[0] in "01234567":
        return chr(int(word, 8) & 0xFF)
    if word[0] == "x":
        return chr(int(word[1:] or "0", 16))
    return _LETTERS.get(word, word)


def decoded(text: str) -> str:
    """Text of the files, a letter a byte until now, as Python has it."""
    return text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
