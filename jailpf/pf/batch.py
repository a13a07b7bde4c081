"""Files of `load anchor` lines, by which one pfctl does for many anchors what it else does for one (facts.md section 2)."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = ".batch.jailpf-"  # how the folder of a batch is called while it is used
_MARK = "jailpf.ends/"


@contextmanager
def written(texts: Mapping[str, str], folder: str, *, marked: bool = False) -> Iterator[str]:
    """The lines that load NAME for every NAME, its text in a file as long as this lasts. folder: where, "": the usual place.

    marked: whether behind each stands one more anchor, whose rule says in what `-n -v` prints that it ends there: only for `-n`.
    """
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=folder or None) as place:
        lines = []
        for number, (name, text) in enumerate(texts.items()):
            lines.append(_line(name, text, os.path.join(place, f"{number}.pf")))
            if marked:
                rule = f'block label "{_MARK}{number}"\n'
                lines.append(_line(f"{_MARK}{number}", rule, os.path.join(place, f"{number}.end")))
        yield "".join(lines)


def divided(lines: Iterable[str], names: Iterable[str]) -> dict[str, list[str]]:
    """What `-n -v` printed of a marked batch, by the names in their order. Raises ValueError where marks are missing."""
    found: dict[str, list[str]] = {}
    waiting = list(names)
    rules: list[str] = []
    for line in lines:
        if f'label "{_MARK}{len(found)}"' in line and len(found) < len(waiting):
            found[waiting[len(found)]] = rules
            rules = []
        elif line.strip():
            rules.append(line)
    if len(found) != len(waiting) or rules:
        raise ValueError("what pfctl printed of a batch is not that of the batch")
    return found


def _line(name: str, text: str, file: str) -> str:
    with open(file, "w", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write(text)
    return f'load anchor "{name}" from "{file}"\n'
