"""A pf.conf without the rules that have left it, and with the lines that call them where they are as they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.declare.layout import CALLS

if TYPE_CHECKING:
    from collections.abc import Collection

    from jailpf.declare.layout import Layout

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def with_calls(text: str, gone: Collection[int], translation: int, filters: int, layout: Layout) -> str:
    """The text without the lines of those numbers. translation, filters: the lines below which these anchors are called; those
    that are there stay where they are."""
    lines = dict(enumerate(_LINE.findall(text), 1))
    last = max(lines, default=0)
    if last and not lines[last].endswith("\n"):
        lines[last] += "\n"
    called: dict[int, list[str]] = {}
    for section, parent in layout.parents:
        call = f'{CALLS[section]} "{parent}/*"'
        if not re.search(rf'^\s*{CALLS[section]}\s+"?{re.escape(parent)}/\*', text, re.MULTILINE):
            called.setdefault(filters if section == "filter" else translation, []).append(f"{call}\n")
    found = called.get(0, [])
    for number, line in lines.items():
        found += [] if number in gone else [line]
        found += called.get(number, [])
    return "".join(found)
