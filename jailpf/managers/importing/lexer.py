"""pf.conf(5) text as statements of words: comments kept, macros filled in, continued lines joined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r'"[^"\n]*"|->|<>|><|>=|<=|!=|<\s*[^\s<>{}()!=,"]+\s*>|[{}(),=!<>]|[^\s{}(),=!<>"]+|"')
_MACRO = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*=\s*(.+?)\s*")


class LostError(ValueError):
    """A statement that a declaration cannot express; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A statement. text: as written, on one line; comments: those above and behind it, without "#"."""

    text: str
    place: Place
    comments: tuple[str, ...] = ()


def lines(text: str, file: str) -> Iterator[Line]:
    """The statements of a file, macro definitions too. A comment that stands above nothing is a Line without text."""
    comments: list[str] = []
    for number, raw in _joined(text):
        code, comment = _split(raw)
        if comment:
            comments.append(comment)
        if code:
            yield Line(code, Place(file, number), tuple(comments))
            comments = []
        elif not comment and comments:
            # A blank line ends the comment's paragraph: it belongs to nothing in particular.
            yield Line("", Place(file, number), tuple(comments))
            comments = []
    if comments:
        yield Line("", Place(file), tuple(comments))


class Macros:
    """The macros of the files that are read, in their order. pfctl gives an anchor none of pf.conf's own."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}

    def define(self, line: Line) -> bool:
        """Take up a definition; False when the statement is none. Raises LostError for an unknown macro in it."""
        found = _MACRO.fullmatch(line.text)
        if not found:
            return False
        value = found[2]
        inner = value[1:-1] if re.fullmatch(r'"[^"]*"', value) else value.replace('"', " ")
        self.known[found[1]] = self.words(inner)
        return True

    def words(self, text: str) -> list[str]:
        """The words of a statement with macros filled in. Raises LostError for an unknown one."""
        found: list[str] = []
        for word in _WORD.findall(text):
            if word.startswith("$"):
                if word[1:] not in self.known:
                    raise LostError(f"the macro {word} is not defined here; pfctl does not know it either")
                found += self.known[word[1:]]
            elif word.startswith("<") and word.endswith(">") and len(word) > 2:
                found.append("<" + word[1:-1].strip() + ">")
            else:
                found.append(word)
        return found


def _joined(text: str) -> Iterator[tuple[int, str]]:
    held, first = "", 0
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        first = first or number
        if raw.endswith("\\"):
            held += raw[:-1] + " "
            continue
        yield first, held + raw
        held, first = "", 0
    if held:
        yield first, held


def _split(raw: str) -> tuple[str, str]:
    """(code, comment): "#" inside quotes is no comment."""
    found = re.fullmatch(r'((?:[^"#]|"[^"]*"|")*?)\s*(?:#(.*))?', raw)
    return (found[1].strip(), (found[2] or "").strip()) if found else (raw.strip(), "")
