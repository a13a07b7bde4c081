"""Hook lines in the text of a jail.conf(5): put in at the end of the jail's block, taken out wherever they stand in it.

At the end, because `=` in the block drops what `+=` collected above it (peers.md F13). One line each, `+=`, double
quotes, `$name`: what survives Bastille's edits (peers.md 3.2) and a rename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.adapters.jailconf_text import OutlineError, line_of, outline
from jailpf.attach.hooks import ours
from jailpf.errors import ConfigError, Place

if TYPE_CHECKING:
    from jailpf.adapters.jailconf_text import Block, Statement
    from jailpf.attach.hooks import Hooks


def with_hooks(text: str, jail: str, hooks: Hooks, file: str) -> str:
    """The text with these hook lines and no others of ours. Raises ConfigError as `block_of` does."""
    text = without_hooks(text, jail, file)
    block = block_of(text, jail, file)
    lines = [f'exec.{hook} += "{command}";' for hook, command in hooks]
    start = text.rfind("\n", 0, block.close) + 1
    if start > block.open and not text[start : block.close].strip():
        newline = "\r\n" if text[:start].endswith("\r\n") else "\n"
        indent = _indent(text, block) or text[start : block.close] + "  "
        return text[:start] + "".join(indent + line + newline for line in lines) + text[start:]
    # The brace shares its line with something: so do the hooks, and taking them out gives the same line back.
    blank = text[block.close - 1].isspace()
    inserted = " ".join(lines)
    return text[: block.close] + (f"{inserted} " if blank else f" {inserted}") + text[block.close :]


def without_hooks(text: str, jail: str, file: str) -> str:
    """The text without any hook line of ours in the jail's block. Raises ConfigError as `block_of` does."""
    block = block_of(text, jail, file)
    for statement in reversed(block.statements):
        mine = [ours(value.text) for value in statement.values]
        if not statement.name.startswith("exec.") or not any(mine):
            continue
        if all(mine):
            start, end = _span(text, statement)
            text = text[:start] + text[end:]
        else:
            text = _without_values(text, statement, mine)
    return text


def stripped(text: str) -> str:
    """The text without any hook line of ours in any block; itself when its braces do not match."""
    try:
        for name in dict.fromkeys(name for name, _ in outline(text).walk()):
            text = without_hooks(text, name, "")
    except (OutlineError, ConfigError):
        pass
    return text


def block_of(text: str, jail: str, file: str) -> Block:
    """The jail's own block. Raises ConfigError when there is none, more than one, or the braces do not match."""
    try:
        found = [block for name, block in outline(text).walk() if name == jail]
    except OutlineError as wrong:
        raise ConfigError(str(wrong), Place(file, line_of(text, wrong.at))) from None
    if not found:
        raise ConfigError(f"there is no block {jail} {{ ... }}", Place(file))
    if len(found) > 1:
        place = Place(file, line_of(text, found[1].open))
        raise ConfigError(f"a second block for {jail}", place, "make them one")
    return found[0]


def _indent(text: str, block: Block) -> str:
    """How far the last statement that begins a line is indented."""
    for statement in reversed(block.statements):
        start = text.rfind("\n", 0, statement.start) + 1
        if start > block.open and not text[start : statement.start].strip():
            return text[start : statement.start]
    return ""


def _span(text: str, statement: Statement) -> tuple[int, int]:
    """From where to where a statement goes: with its line, or with one blank beside it."""
    start, end = statement.start, statement.end
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end) + 1 or len(text)
    if not text[first:start].strip() and not text[end:last].strip():
        return first, last
    if text[end : end + 1] == " ":
        return start, end + 1
    return (start - 1 if text[start - 1 : start] == " " else start), end


def _without_values(text: str, statement: Statement, mine: list[bool]) -> str:
    """A list that also holds commands of others keeps those."""
    kept = [value for value, own in zip(statement.values, mine, strict=True) if not own]
    first, last = statement.values[0], statement.values[-1]
    words = ", ".join(text[value.start : value.end] for value in kept)
    return text[: first.start] + words + text[last.end :]
