"""Unified diffs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.managers.attach.jailconf_edit import applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jailpf.managers.attach.jailconf_edit import Edit

CONTEXT = 3


def unified(file: str, old: str, new: str, skipped: int = 0) -> str:
    """What changes in a file, "" when nothing does. skipped: how many lines of the file stand above the texts."""
    import difflib

    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file)
    return "".join(_numbered(lines, skipped))


def of_edits(file: str, text: str, changes: Sequence[Edit]) -> str:
    """The same for edits of one place in a long text: only the lines around them are compared."""
    if not changes:
        return ""
    start, end = min(one.start for one in changes), max(one.end for one in changes)
    for _ in range(CONTEXT + 1):
        start = text.rfind("\n", 0, max(start - 1, 0)) + 1
        end = text.find("\n", end) + 1 or len(text)
    moved = [one._replace(start=one.start - start, end=one.end - start) for one in changes]
    part = text[start:end]
    return unified(file, part, applied(part, moved), text.count("\n", 0, start))


def _numbered(lines: Iterator[str], skipped: int) -> Iterator[str]:
    for line in lines:
        if found := re.match(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@", line):
            old, new = int(found[1]) + skipped, int(found[3]) + skipped
            yield f"@@ -{old}{found[2] or ''} +{new}{found[4] or ''} @@\n"
        else:
            yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
