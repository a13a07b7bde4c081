"""`name = value`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.lexing.lexer import NUMBER, STRING
from jailpf.pf.simulated.language.lexing.problems import RuleError

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context


def macro(c: Context) -> None:
    """Define a macro: words and numbers, joined by blanks. Raises RuleError."""
    stream = c.stream
    name = stream.string()
    stream.take("=")
    words: list[str] = []
    while not words or stream.at(STRING, NUMBER):
        words.append(str(int(stream.take())) if stream.at(NUMBER) else stream.take(STRING))
    stream.end()
    value = " ".join(words)
    c.echo(f'{name} = "{value}"')
    if any(character.isspace() for character in name[1:]):
        raise RuleError("macro name cannot contain whitespace")
    if name not in c.lexer.persistent:
        c.lexer.macros[name] = value
