"""The `.include` line of ours in the text of a jail.conf(5), and every older form of our lines taken out of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers.attach.jailconf_edit import Edit, applied, edits, span
from jailpf.managers.attach.lines import ours
from jailpf.managers.jailconf_text import OutlineError, line_of, outline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jailpf.managers.jailconf_text import Block


def with_include(text: str, path: str, known: Collection[str], place: Place | None = None) -> str:
    """The text with one include of `path` at its end ("": none), and no other line of ours.

    known: the files that are ours to include. Raises ConfigError when braces do not match.
    """
    try:
        whole = outline(text)
    except OutlineError as wrong:
        file = place.file if place else ""
        raise ConfigError(str(wrong), Place(file, line_of(text, wrong.at))) from None
    bare = applied(text, _removals(text, whole, known))
    if not path:
        return bare
    return bare + ("" if bare.endswith("\n") or not bare else "\n") + f'.include "{path}";\n'


def _removals(text: str, block: Block, known: Collection[str]) -> Iterator[Edit]:
    """Includes of ours wherever they stand, wildcard blocks that hold nothing else, and our statements in any other."""
    for statement in block.statements:
        if statement.name == ".include" and all(_is_ours(value.text, known) for value in statement.values):
            yield span(text, statement.start, statement.end)
    for inner in block.blocks:
        if _only_ours(inner):
            yield span(text, inner.start, inner.close + 1)
            continue
        yield from edits(text, inner, ())
        yield from _removals(text, inner, known)


def _is_ours(path: str, known: Collection[str]) -> bool:
    return path in known or (os.path.basename(path) in {os.path.basename(one) for one in known} and "/jailpf/" in path)


def _only_ours(block: Block) -> bool:
    values = [(one.name, value.text) for one in block.statements for value in one.values]
    mine = [name.startswith("exec.") and ours(text) for name, text in values]
    return "*" in block.name and not block.blocks and bool(mine) and all(mine)
