"""Hook lines of what jailpf replaces: `attach` makes a comment of them where they stand, and `detach` puts them back.

In place, so that they come back byte for byte, and survive whatever edits the rest of the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.managers.attach.jailconf_edit import Edit
from jailpf.managers.jailconf_text import line_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jailpf.managers.jailconf_text import Block, Statement

MARK = "jailpf replaces:"
NOTHING = "/usr/bin/true jailpf"
"""Stands where a line with `=` is taken out that kept the hooks of the whole file away."""
_KEPT = re.compile(
    rf'(?:exec\.\w+ = "{NOTHING}"; )?(?:/\* {MARK} (?P<inline>.*?) \*/|# {MARK} (?P<line>[^\n]*))', re.DOTALL
)
_QUIET = re.compile(r" ?(?:\d?>>? ?(?:&\d|\S+)|\|\| ?(?:/usr/bin/)?true)")
_PFCTL = re.compile(
    r"(?:(?:echo|printf|cat) (?:\"[^\"]*\"|'[^']*'|[^;&|\"'])*\| ?)?(?:\S*/)?pfctl (?:\"[^\"]*\"|'[^']*'|[^;&|\"'])*"
)
_LOADS = re.compile(r"\bload\b|\bpfctl\b.* -\w*f\b")
_ANCHOR = re.compile(r"\bpfctl\b.*? -a ?[\"']?([^\s\"']+)")


class Taken(NamedTuple):
    """edits: what makes comments of the lines; lines: those, as (line number, text); left: those that do more;
    needed: those that unload what a line that is left goes on to load."""

    edits: list[Edit]
    lines: list[tuple[int, str]]
    left: list[tuple[int, str]]
    needed: list[tuple[int, str]]


def replaces(command: str, jail: str, loads: str = "") -> bool:
    """Whether a hook's command only loads or unloads the pf rules of that jail, by pfctl(8) itself or as `loads` of JailConfHooks says."""
    plain = " ".join(_QUIET.sub("", " ".join(command.split())).split())
    if loads and (found := re.fullmatch(loads, plain)):
        return found.groupdict().get("name") in (None, jail, "$name", "${name}")
    anchor = _ANCHOR.search(plain)
    return bool(_PFCTL.fullmatch(plain) and anchor and _of(anchor[1], jail))


def taken_out(
    text: str, block: Block, jail: str, above: Mapping[str, Collection[str]] | None = None, loads: str = ""
) -> Taken:
    """What `attach` does with such lines of a block. above: the hooks that are also set outside of it."""
    found = Taken([], [], [], [])
    set_before = set(above or ())
    hooks = [one for one in block.statements if one.name.startswith("exec.")]
    # A load that stays needs its unload: without it the rules would outlive the jail.
    still = any(_loads(one) and _left(text, one, jail, loads) for one in hooks)
    alone = {one.name for one in hooks if one.op != "+="}
    still |= any(
        _LOADS.search(" ".join(one.split())) and (replaces(one, jail, loads) or _mixed(one, jail, loads))
        for name, commands in (above or {}).items() if name not in alone
        for one in commands
    )  # fmt: skip
    for statement in hooks:
        mine = [replaces(value.text, jail, loads) for value in statement.values]
        written = text[statement.start : statement.end]
        line = line_of(text, statement.start)
        comment = _comment(text, statement) if mine and all(mine) else ""
        if comment and still and not _loads(statement):
            found.needed.append((line, written))
            comment = ""
        elif comment:
            kept_away = statement.op != "+=" and statement.name in set_before
            instead = f'{statement.name} = "{NOTHING}"; ' if kept_away else ""
            found.edits.append(Edit(statement.start, statement.end, instead + comment))
            found.lines.append((line, written))
        elif _left(text, statement, jail, loads):
            found.left.append((line, written))
        set_before |= set() if comment else {statement.name}
    return found


def put_back(text: str, block: Block) -> Iterator[Edit]:
    """What `detach` does: the comments become lines again."""
    for kept in _KEPT.finditer(text, block.open, block.close):
        yield Edit(kept.start(), kept.end(), kept["inline"] or kept["line"])


def without(commands: Collection[str], jail: str, loads: str) -> tuple[str, ...]:
    """The commands of a hook but for those that are replaced, and for what stands in their place."""
    return tuple(one for one in commands if one != NOTHING and not replaces(one, jail, loads))


def _of(anchor: str, jail: str) -> bool:
    return bool({jail, "$name", "${name}"} & set(anchor.split("/")))


def _loads(statement: Statement) -> bool:
    return any(_LOADS.search(" ".join(value.text.split())) for value in statement.values)


def _left(text: str, statement: Statement, jail: str, loads: str) -> bool:
    """Whether the jail's rules are loaded or unloaded there, and it cannot be taken out."""
    mine = [replaces(value.text, jail, loads) for value in statement.values]
    if mine and all(mine):
        return not _comment(text, statement)
    return any(mine) or any(_mixed(value.text, jail, loads) for value in statement.values)


def _mixed(command: str, jail: str, loads: str) -> bool:
    """Whether the jail's rules are loaded among other things."""
    plain = " ".join(command.split())
    anchor = _ANCHOR.search(plain)
    if replaces(command, jail, loads):
        return False
    return bool(anchor and _of(anchor[1], jail)) or any(
        replaces(part, jail, loads) for part in re.split(r"[;&|]+", plain)
    )


def _comment(text: str, statement: Statement) -> str:
    """The statement as a comment, "" where no comment can hold it."""
    written = text[statement.start : statement.end]
    if "*/" not in written:
        return f"/* {MARK} {written} */"
    rest = text[statement.end :].partition("\n")[0]
    return f"# {MARK} {written}" if not rest.strip() and "\n" not in written else ""
