"""Rules that hook lines of jail.conf load themselves: `echo "rdr ..." | pfctl -a ANCHOR -f -`, `pfctl -a ANCHOR -f FILE`.

The lines are read, never run. A load replaces what its anchor held (facts.md section 2), so of several only the last counts.
"""

from __future__ import annotations

import getopt
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import JailpfError
from jailpf.managers.importing.language.reading import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPTIONS = "AdeghMmNnOPqrRSvza:b:D:F:f:I:i:K:k:L:o:p:s:T:t:V:x:w:"
PARTS = {"-A", "-N", "-O", "-R"}  # what only a part of the text is loaded by
_ENDS = re.compile(r";+|&+|\|\||\n")


class Loaded(NamedTuple):
    """One load: the hook line, the anchor, and the rules; or why it cannot be taken over, and whether it lets in nothing by itself."""

    line: str
    anchor: str
    text: str
    reason: str = ""
    known: bool = False


def loads(lines: Iterable[str]) -> list[Loaded]:
    """Those that some line makes, in their order."""
    found = [one for line in lines if "pfctl" in line for one in _of(line)]
    last = {one.anchor: number for number, one in enumerate(found) if not one.reason}
    return [
        one
        if one.reason or last[one.anchor] == number
        else one._replace(text="", reason=f"a later line loads {one.anchor} again and replaces this", known=True)
        for number, one in enumerate(found)
    ]


def _of(line: str) -> Iterator[Loaded]:
    try:
        commands = list(_commands(line))
    except ValueError as wrong:
        yield Loaded(line, "", "", f"cannot be read: {wrong}")
        return
    printed: list[str] | None = None
    before = ""
    for words, operator in commands:
        if words and words[0].rpartition("/")[2] == "pfctl":
            yield from _load(line, words[1:], printed if before == "|" else None)
        printed, before = _printed(words), operator


def _commands(line: str) -> Iterator[tuple[list[str], str]]:
    """Each command and the operator behind it; the commands of a group as one, so that what it prints is together."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()<\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    group = 0
    for part in lexer:
        if part in ("(", "{") and not words:
            group += 1
        elif part in (")", "}"):
            group -= 1
        elif part == "|" or (_ENDS.fullmatch(part) and not group):
            yield words, part
            words = []
        else:
            words.append("\n" if _ENDS.fullmatch(part) else part)
    yield words, ""


def _printed(words: list[str]) -> list[str] | None:
    """What echo(1) and printf(1) print; None for what is not known."""
    found: list[str] = []
    for command in _split(words):
        name, rest = command[0].rpartition("/")[2], command[1:]
        unknown = (word for word in rest if "$" in word or "`" in word or word.startswith((">", "2>", "<")))
        if any(unknown) or name not in ("echo", "printf"):
            return None
        escapes = name == "printf" or rest[:1] == ["-e"]
        text = " ".join(rest[1:] if rest[:1] in (["-e"], ["-n"]) else rest)
        if name == "printf" and ("%" in text or len(rest) != 1):
            return None
        found.append(text.replace("\\n", "\n").replace("\\t", "\t") if escapes else text)
    return found


def _split(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in (*words, "\n"):
        if word != "\n":
            command.append(word)
        elif command:
            yield command
            command = []


def _load(line: str, words: list[str], said: list[str] | None) -> Iterator[Loaded]:
    redirected = words[words.index("<") + 1 :][:1] if "<" in words else []
    try:
        given, _ = getopt.getopt(words[: words.index("<")] if "<" in words else words, OPTIONS)
    except getopt.GetoptError as wrong:
        yield Loaded(line, "", "", f"pfctl would refuse it: {wrong}")
        return
    options = dict(given)
    anchor, file = options.get("-a", ""), options.get("-f", "")
    if "-T" in options and options["-T"] not in ("show", "test"):
        yield Loaded(line, anchor, "", "it changes a table; declare that as [table.NAME]", known=True)
    if not file or "-n" in options:
        return
    if not anchor:
        yield Loaded(line, "", "", "it loads the main ruleset, which is not the jail's")
    elif PARTS & options.keys():
        yield Loaded(line, anchor, "", f"it loads a part of the rules ({' '.join(sorted(PARTS & options.keys()))})")
    elif file == "-" and not redirected and said is None:
        yield Loaded(line, anchor, "", "another program generates what it loads")
    elif "$" in file + "".join(redirected):
        yield Loaded(line, anchor, "", "only the shell knows which file it loads")
    else:
        source = redirected[0] if redirected else file
        try:
            text = "\n".join(said or ()) if file == "-" and not redirected else text_of(source)
        except (OSError, JailpfError) as wrong:
            yield Loaded(line, anchor, "", f"{source} cannot be read: {getattr(wrong, 'strerror', wrong)}")
            return
        yield Loaded(line, anchor, text.rstrip("\n") + "\n")
