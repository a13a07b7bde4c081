"""TOML with places: `tomllib` parses, and a scan of the accepted text says where each key and value stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jailpf.declare.places import scan
from jailpf.declare.tomlwords import explain
from jailpf.errors import DeclarationError, JailpfError, Place
from jailpf.system import files

KeyPath = tuple[str | int, ...]
MAX_BYTES = 1 << 20
MAX_PARTS = 16
MAX_DEPTH = 32
MAX_WORD = 300
# Strings and comments, closed or not, so that none is looked at twice; what stands between them.
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"""|\Z)|'{3}.*?(?:'{3}|\Z)|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|\#[^\n]*
    |(?P<word>[A-Za-z0-9_+-]+)|(?P<dot>\.)|(?P<end>[\n,=\[\]{}])''',
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Document:
    """A TOML file: its name, its text, and what it says."""

    file: str
    text: str
    data: dict[str, Any]

    @cached_property
    def _places(self) -> dict[KeyPath, tuple[int, int]]:
        return scan(self.text)

    def place(self, path: KeyPath) -> Place:
        """Where a value is written, or the nearest thing around it. Array elements are numbers in the path."""
        while path and path not in self._places:
            path = path[:-1]
        return Place(self.file, *self._places.get(path, (1, 1)))


def parse(text: str, file: str, error: type[JailpfError] = DeclarationError) -> Document:
    """Parse TOML. Raises `error` with the place that tomllib names, and for a text that would take it too long."""
    bounded(text, file, error)
    try:
        return Document(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        message = str(wrong)
        found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
        if not found:
            raise error(f"not valid TOML: {message}", Place(file)) from None
        lines = text.split("\n")
        line, column = (int(found[1]), int(found[2])) if found[1] else (len(lines), len(lines[-1]) + 1)
        sentence = message[: found.start()]
        if known := explain(text, sentence, line):
            raise error(known.sentence, Place(file, known.line, known.column), known.remedy) from None
        raise error(f"not valid TOML: {sentence[:1].lower()}{sentence[1:]}", Place(file, line, column)) from None
    except (RecursionError, MemoryError):
        raise error("not valid TOML: nested too deeply", Place(file)) from None


def bounded(text: str, file: str, error: type[JailpfError] = DeclarationError) -> None:
    """Refuse shapes that no file of ours has: tomllib's time grows with the square of a key's parts, its stack with the
    depth, and Python makes no number of 5,000 digits. Raises `error` with the place.
    """
    dots = depth = 0
    for found in _TOKEN.finditer(text):
        dots = 0 if found["end"] else dots + bool(found["dot"])
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if dots >= MAX_PARTS:
            what = f"a key of more than {MAX_PARTS} parts; no declaration needs so many"
        elif depth > MAX_DEPTH:
            what = f"nested more than {MAX_DEPTH} deep; no declaration needs that"
        elif found["word"] and len(found["word"]) > MAX_WORD:
            what = f"a word of {len(found['word'])} characters; none has more than {MAX_WORD}"
        else:
            continue
        line, start = text.count("\n", 0, found.start()) + 1, text.rfind("\n", 0, found.start()) + 1
        message, _, remedy = what.partition("; ")
        raise error(message, Place(file, line, found.start() - start + 1), remedy)


def load(file: str, error: type[JailpfError] = DeclarationError) -> Document:
    """Read and parse a file. Raises `error`, or PermissionDeniedError where `files.read` does."""
    raw = files.read(file, error, MAX_BYTES)
    try:
        text = raw.decode().removeprefix("\ufeff")  # an editor's habit, and harmless
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        column = wrong.start - raw.rfind(b"\n", 0, wrong.start)
        remedy = "iconv -f latin1 -t utf-8 FILE > NEW, if it is Latin-1"
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            remedy = "it is UTF-16: save it as UTF-8"
        raise error("not valid TOML: this is not UTF-8", Place(file, line, column), remedy) from None
    return parse(text, file, error)
