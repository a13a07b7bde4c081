"""Unified diffs."""

from __future__ import annotations


def unified(file: str, old: str, new: str) -> str:
    """What changes in a file, "" when nothing does."""
    import difflib

    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), file, file)
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
