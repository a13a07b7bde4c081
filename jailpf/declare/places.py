"""Where keys and values stand in a TOML text that tomllib has accepted (so nothing is checked here again)."""

from __future__ import annotations

import re
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
Places = dict[KeyPath, tuple[int, int]]
KEY = -1
"""Behind a path: the key itself, not its value. No index is negative, and any string may be a key."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def scan(text: str) -> Places:
    """{path of keys and indexes: (line, column)}, both from 1. A table's place is its header, a value's its own."""
    return _Scan(text).run()


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: Places = {}
        self.starts = [0] + [found.end() for found in re.finditer("\n", text)]
        self.counts: dict[KeyPath, int] = {}

    def run(self) -> Places:
        table: KeyPath = ()
        self.blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.blank()
        return self.places

    def blank(self) -> None:
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()

    def note(self, path: KeyPath, at: int) -> None:
        self.places.setdefault(path, self.position(at))

    def position(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def header(self) -> KeyPath:
        start, many = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self.keys()
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        path: KeyPath = ()
        for number, key in enumerate(keys):
            path += (key,)
            if many and number == len(keys) - 1:
                self.counts[path] = self.counts.get(path, -1) + 1
            if path in self.counts:
                path += (self.counts[path],)
            self.note(path, start)
        self.places[path] = self.position(start)
        return path

    def keys(self) -> list[str]:
        keys = []
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            found = _BARE.match(self.text, self.at) or _STRING.match(self.text, self.at)
            assert found  # noqa: S101 - tomllib accepted the text
            keys.append(_unquoted(found[0]))
            self.at = _SPACE.match(self.text, found.end()).end()  # type: ignore[union-attr]
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for key in self.keys():
            path += (key,)
            self.note(path[:-1], start)
        self.places[(*path, KEY)] = self.position(start)
        self.at += 1
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.note(path, self.at)
        opening = self.text[self.at]
        if opening == "[":
            self.sequence(path, "]")
        elif opening == "{":
            self.sequence(path, "}")
        elif (found := _STRING.match(self.text, self.at)) or (found := _SCALAR.match(self.text, self.at)):
            self.at = found.end()

    def sequence(self, path: KeyPath, closing: str) -> None:
        self.at += 1
        index = 0
        self.blank()
        while self.text[self.at] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "]":
                self.value((*path, index))
                index += 1
            else:
                self.pair(path)
            self.blank()
        self.at += 1


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] != '"':
        return key
    import tomllib

    return str(tomllib.loads(f"k = {key}")["k"])
