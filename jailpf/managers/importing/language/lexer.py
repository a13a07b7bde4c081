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
_INLINE = re.compile(r"anchor\b[^{]*\{")
_BEGINS = re.compile(
    r"\s*(?:pass|block|match|anchor|rdr|nat|binat|no|table|set|scrub|antispoof|load|include|(?:rdr|nat|binat)-anchor)\s"
)
_USED = re.compile(r"\$([A-Za-z0-9_]*)(.*)")
_QUOTED = re.compile(r'"[^"\n]*"')


class LostError(ValueError):
    """A statement that a declaration cannot express; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A statement. text: as written, on one line; comments: those above and behind it, without "#"; last: the number of its
    last line; inside: whether it belongs to an anchor that is written out in braces, its first and last line too."""

    text: str
    place: Place
    comments: tuple[str, ...] = ()
    last: int = 0
    inside: bool = False

    def at(self, reason: str) -> Place:
        """The place of the first word that a reason quotes, else of the statement."""
        word = re.search(r"`(?:[a-z]+ )?([^`\s]+)`", reason)
        return self.of(word[1]) if word else self.place

    def of(self, word: str) -> Place:
        """The place of a word of it, else of the statement."""
        column = self.text.find(word) if self.last == self.place.line else -1
        return self.place if column < 0 else self.place._replace(column=self.place.column + column)


def lines(text: str, file: str) -> Iterator[Line]:
    """The statements of a file, macro definitions too. A comment that stands above nothing is a Line without text."""
    comments: list[str] = []
    depth = 0
    for number, last, code, said in _statements(text):
        comments += said
        if code:
            column = len(code) - len(code.lstrip()) + 1
            code = code.strip()
            opens, closes = bool(_INLINE.fullmatch(code)), code == "}"
            yield Line(code, Place(file, number, column), tuple(comments), last, depth > 0 or opens)
            depth = max(0, depth + opens - closes)
            comments = []
        elif not said and comments:
            # A blank line ends the comment's paragraph: it belongs to nothing in particular.
            yield Line("", Place(file, number), tuple(comments), last)
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

    def words(self, text: str, *, unknown: bool = False) -> list[str]:
        """The words of a statement with macros filled in. Raises LostError for an unknown one, which with `unknown` stays."""
        found: list[str] = []
        for word in _WORD.findall(text):
            if used := _USED.fullmatch(word):
                if used[1] not in self.known and not unknown:
                    raise LostError(f"the macro ${used[1]} is not defined here, so pfctl would refuse it")
                # What stands behind the name goes on where the value ends: $ext_if:0 is em0:0.
                *rest, last = self.known.get(used[1]) or [f"${used[1]}"]
                found += [*rest, f"{last}{used[2]}"]
            elif word.startswith("<") and word.endswith(">") and len(word) > 2:
                found.append("<" + word[1:-1].strip() + ">")
            else:
                found.append(word)
        return found


def _statements(text: str) -> Iterator[tuple[int, int, str, list[str]]]:
    """(first line, last line, code, comments): what a backslash continues is one, and so is a list in braces."""
    held, comments, first = "", list[str](), 0
    for (number, last), raw in _joined(text):
        if held and _BEGINS.match(raw):  # a brace that nobody closes ends where the next statement begins
            yield first, number - 1, held, comments
            held, comments = "", []
        code, comment = _split(raw)
        first = first if held else number
        held = f"{held} {code.strip()}" if held else code
        comments += [comment] if comment else []
        if _open(held) and not _INLINE.fullmatch(held.strip()):
            continue
        yield first, last, held, comments
        held, comments = "", []
    if held:
        yield first, text.count("\n") + 1, held, comments


def _open(code: str) -> bool:
    bare = _QUOTED.sub("", code)
    return bare.count("{") > bare.count("}")


def _joined(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    held, first, number = "", 0, 0
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        first = first or number
        if raw.endswith("\\"):
            held += raw[:-1] + " "
            continue
        yield (first, number), held + raw
        held, first = "", 0
    if held:
        yield (first, number), held


def _split(raw: str) -> tuple[str, str]:
    """(code, comment): "#" inside quotes is no comment."""
    found = re.fullmatch(r'((?:[^"#]|"[^"]*"|")*?)\s*(?:#(.*))?', raw)
    return (found[1].rstrip(), (found[2] or "").strip()) if found else (raw.rstrip(), "")
