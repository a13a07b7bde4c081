"""Hook lines in the text of a jail.conf(5): put in at the end of a jail's block, taken out wherever they stand in it.

At the end, because `=` in the block drops what `+=` collected above it. One line each, `+=`, double quotes, `$name`:
what survives a manager's own edits, and a rename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import ConfigError, Place
from jailpf.managers.attach.lines import ours
from jailpf.managers.jailconf_text import OutlineError, line_of, outline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.managers.attach.lines import Hooks
    from jailpf.managers.jailconf_text import Block, Statement


class Edit(NamedTuple):
    """text[start:end] becomes `new`."""

    start: int
    end: int
    new: str


def edits(text: str, block: Block, hooks: Hooks) -> list[Edit]:
    """What gives a block these hook lines and no others of ours, in the order of the text."""
    found = list(_removals(text, block))
    if hooks:
        found.append(_insertion(text, block, [f'exec.{hook} += "{command}";' for hook, command in hooks]))
    return found


def calls_in(block: Block) -> list[tuple[str, str]]:
    """(hook, verb) of each hook of ours in a block itself."""
    values = [(one.name.removeprefix("exec."), value.text) for one in block.statements for value in one.values]
    return [(hook, text.split()[-2]) for hook, text in values if ours(text)]


def applied(text: str, changes: Iterable[Edit]) -> str:
    """The text with all the edits, which must not overlap."""
    parts, at = [], 0
    for change in sorted(changes):
        parts += [text[at : change.start], change.new]
        at = change.end
    return "".join([*parts, text[at:]])


def blocks_of(text: str, file: str) -> dict[str, Block]:
    """The blocks of a file by name. Raises ConfigError when braces do not match or a name stands twice."""
    found: dict[str, Block] = {}
    try:
        whole = outline(text)
    except OutlineError as wrong:
        raise ConfigError(str(wrong), Place(file, line_of(text, wrong.at))) from None
    for name, block in whole.walk():
        if name in found and "*" not in name:
            place = Place(file, line_of(text, block.open))
            raise ConfigError(f"a second block for {name}", place, "merge them")
        found[name] = block
    return found


def stripped(text: str) -> str:
    """The text without any hook line of ours in any block; itself when its braces do not match."""
    try:
        blocks = blocks_of(text, "")
    except ConfigError:
        return text
    return applied(text, (change for block in blocks.values() for change in edits(text, block, ())))


def _insertion(text: str, block: Block, lines: list[str]) -> Edit:
    start = text.rfind("\n", 0, block.close) + 1
    if start > block.open and not text[start : block.close].strip():
        newline = "\r\n" if text[:start].endswith("\r\n") else "\n"
        indent = _indent(text, block) or text[start : block.close] + "  "
        return Edit(start, start, "".join(indent + line + newline for line in lines))
    # The brace shares its line with something: so do the hooks, and taking them out gives the same line back.
    blank = text[block.close - 1].isspace()
    inserted = " ".join(lines)
    return Edit(block.close, block.close, f"{inserted} " if blank else f" {inserted}")


def _indent(text: str, block: Block) -> str:
    """How far the last statement that begins a line is indented."""
    for statement in reversed(block.statements):
        start = text.rfind("\n", 0, statement.start) + 1
        if start > block.open and not text[start : statement.start].strip():
            return text[start : statement.start]
    return ""


def _removals(text: str, block: Block) -> Iterator[Edit]:
    """Runs of our statements go together; a list that also holds commands of others keeps those."""
    first = last = -1
    for statement in block.statements:
        mine = [statement.name.startswith("exec.") and ours(value.text) for value in statement.values]
        if mine and all(mine):
            if last >= 0 and text[last : statement.start].strip(" \t"):
                yield span(text, first, last)
                first = -1
            first, last = (statement.start if first < 0 else first), statement.end
            continue
        if last >= 0:
            yield span(text, first, last)
            first = last = -1
        if any(mine):
            yield _without(text, statement, mine)
    if last >= 0:
        yield span(text, first, last)


def span(text: str, start: int, end: int) -> Edit:
    """What takes text[start:end] out: with its line, or with one blank beside it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end) + 1 or len(text)
    if not text[first:start].strip() and not text[end:last].strip():
        return Edit(first, last, "")
    if text[end : end + 1] == " ":
        return Edit(start, end + 1, "")
    return Edit(start - 1 if text[start - 1 : start] == " " else start, end, "")


def _without(text: str, statement: Statement, mine: list[bool]) -> Edit:
    kept = [value for value, own in zip(statement.values, mine, strict=True) if not own]
    words = ", ".join(text[value.start : value.end] for value in kept)
    return Edit(statement.values[0].start, statement.values[-1].end, words)
