"""The files and folders that a jail.conf is made of, so that a change in any of them is noticed."""

from __future__ import annotations

import glob
import os

from jailpf.managers.jailconf_text import OutlineError, includes, outline


def sources(file: str) -> list[str]:
    """The file, everything that it includes, and the folders that its patterns look into, there or not."""
    found: dict[str, None] = {}
    _add(file, found)
    return list(found)


def included(file: str, pattern: str) -> list[str]:
    """The files that `.include "pattern"` of a file reads, in glob(3)'s order."""
    return sorted(glob.glob(absolute(file, pattern)))


def absolute(file: str, pattern: str) -> str:
    """A pattern is relative to the file that it stands in (facts.md section 8)."""
    return os.path.join(os.path.dirname(file), pattern)


def text_of(file: str) -> str:
    """The text of a file; "" when it cannot be read (jail(8) then says why)."""
    try:
        with open(file, encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read()
    except OSError:
        return ""


def _add(file: str, found: dict[str, None]) -> None:
    if file in found:
        return
    found[file] = None
    try:
        block = outline(text_of(file))
    except OutlineError:
        return
    for _, patterns in includes(block):
        for pattern in patterns:
            if glob.has_magic(pattern):
                found.update(dict.fromkeys(_folders(absolute(file, pattern))))
            for each in included(file, pattern) or [absolute(file, pattern)] * (not glob.has_magic(pattern)):
                _add(each, found)


def _folders(pattern: str) -> list[str]:
    """The folders in which a new file or folder would match."""
    above = os.path.dirname(pattern)
    return [*_folders(above), *sorted(glob.glob(above))] if glob.has_magic(above) else [above]
