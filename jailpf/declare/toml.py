"""TOML with places: `tomllib` parses, and a scan of the accepted text says where each key and value stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jailpf.declare.places import scan
from jailpf.errors import DeclarationError, JailpfError, Place
from jailpf.system import files

KeyPath = tuple[str | int, ...]


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
    """Parse TOML. Raises `error` with the place that tomllib names."""
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
        raise error(f"not valid TOML: {sentence[:1].lower()}{sentence[1:]}", Place(file, line, column)) from None
    except RecursionError:
        raise error("not valid TOML: nested too deeply", Place(file)) from None


def load(file: str, error: type[JailpfError] = DeclarationError) -> Document:
    """Read and parse a file. Raises `error`, or PermissionDeniedError where `files.read` does."""
    raw = files.read(file, error)
    try:
        text = raw.decode()
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        column = wrong.start - raw.rfind(b"\n", 0, wrong.start)
        raise error("not valid TOML: this is not UTF-8", Place(file, line, column)) from None
    return parse(text, file, error)
