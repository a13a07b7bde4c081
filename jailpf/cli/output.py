"""What people and programs see: aligned columns, colour on a terminal only, one line for each problem."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, TextIO

from jailpf.errors import first_of, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.errors import JailpfError, Problem
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1, "dim": 2}
JSON_VERSION = 1
FEW = 5
LEAST = 12


def colour(text: str, name: str, stream: TextIO | None = None) -> str:
    """`text` in a colour when the stream is a terminal and NO_COLOR is not set."""
    stream = stream or sys.stdout
    if stream is None or not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{COLOURS[name]}m{text}\x1b[0m"


def on_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def problems(found: Iterable[Problem], *, level: str = "red") -> None:
    """One line each on stderr; on a terminal also the line that it is about, with a caret."""
    for problem in first_of(found):
        print(colour(str(problem), level, sys.stderr), file=sys.stderr)
        if problem.place and problem.place.column and sys.stderr.isatty():
            _quote(problem)


def aside(session: Session, wrong: Iterable[JailpfError]) -> list[Problem]:
    """What a command tells that was asked something else: declarations that are broken are counted, not told."""
    from jailpf.errors import Problem

    wrong = list(wrong)
    if not any(one.place for each in wrong for one in each.problems):
        return [one for each in wrong for one in each.problems]  # settings need not be there
    end = session.settings.jail_file("{jail}").partition("{jail}")[2]
    found: list[Problem] = []
    broken: dict[str, None] = {}
    for problem in (one for each in wrong for one in each.problems):
        if problem.place and end and problem.place.file.endswith(end) and problem.place.file != session.settings.file:
            broken[problem.place.file] = None
        else:
            found.append(problem)
    if broken:
        names = ", ".join(os.path.basename(file).removesuffix(end) for file in list(broken)[:FEW])
        more = f" and {len(broken) - FEW} more" if len(broken) > FEW else ""
        is_, s = ("is", "") if len(broken) == 1 else ("are", "s")
        found.append(
            Problem(f"the declaration{s} of {names}{more} {is_} broken and left out", None, "`jailpf check` says why")
        )
    return found


def nothing_declared(session: Session) -> str:
    """Where files would be looked for."""
    like = session.settings.jail_file("NAME")
    return f"nothing is declared: there is no file like {like}; `jailpf new JAIL` writes one"


def idle(session: Session, world: World) -> list[Problem]:
    """Why what is declared lets nobody in: it is not loaded. All jails of the world in one line."""
    from jailpf.errors import JailpfError, Problem

    try:
        there = set(session.pf.anchors())
    except JailpfError:
        return []
    made = {name: [one.path for one in jail.ruleset.anchors if one.text.strip()] for name, jail in world.jails.items()}
    names = [name for name, paths in made.items() if paths and not there.intersection(paths)]
    if not names:
        return []
    few = names if len(names) <= FEW + 1 else names[:FEW]
    more = f" and {len(names) - len(few)} more" if len(few) < len(names) else ""
    are = "is" if len(names) == 1 else "are"
    what = f"{', '.join(few)}{more} {are} declared but not loaded, and left out of this answer"
    load = f"`jailpf load {' '.join(few)}`" if not more else "`jailpf sync`"
    return [Problem(what, None, f"run {load}, or ask with --declared")]


def _quote(problem: Problem) -> None:
    place = problem.place
    try:
        with open(place.file, encoding="utf-8") as opened:  # type: ignore[union-attr]
            line = opened.read().split("\n")[place.line - 1]  # type: ignore[union-attr]
    except (OSError, IndexError, ValueError):
        return
    shown = "".join(letter if letter.isprintable() else " " for letter in line)
    print(f"    {shown}\n    {' ' * (place.column - 1)}{colour('^', 'red', sys.stderr)}", file=sys.stderr)  # type: ignore[union-attr]


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), indent: str = "") -> None:
    """Aligned columns, numbers to the right. On a terminal the widest fold, so that a row stays a row."""
    everything = [list(map(str, row)) for row in ([head] if head else []) + list(rows)]
    if not everything:
        return
    widths = [
        max(len(row[column]) for row in everything if column < len(row)) for column in range(max(map(len, everything)))
    ]
    widths = _narrowed(widths, _width() - len(indent))
    right = [
        bool(rows) and all(str(row[column]).isdigit() for row in rows if column < len(row))
        for column in range(len(widths))
    ]
    for number, row in enumerate(everything):
        folded = [_folded(cell, width) for cell, width in zip(row, widths, strict=False)]
        for at in range(max(map(len, folded))):
            parts = [lines[at] if at < len(lines) else "" for lines in folded]
            cells = [
                part.rjust(width) if flush else part.ljust(width)
                for part, width, flush in zip(parts, widths, right, strict=False)
            ]
            line = indent + "  ".join(cells).rstrip()
            print(colour(line, "bold") if head and not number else line)


def _width() -> int:
    """How many letters a line may have; for a file or a program any number."""
    import shutil

    return shutil.get_terminal_size().columns if on_terminal() else 1 << 20


def _narrowed(widths: list[int], room: int) -> list[int]:
    """Widths of columns that fit, the widest cut first; none below 12 letters."""
    widths = list(widths)
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > LEAST:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths


def _folded(cell: str, width: int) -> list[str]:
    """The lines of a cell, parted behind blanks, commas and slashes where there are any."""
    lines = [""]
    for piece in re.findall(r"[^ ,/]*[ ,/]*", cell):
        rest = piece
        if len((lines[-1] + rest).rstrip()) > width and lines[-1]:
            lines.append("")
        while len(rest.rstrip()) > width:
            lines[-1:] = [rest[:width], ""]
            rest = rest[width:]
        lines[-1] += rest
    return [line.rstrip() for line in lines if line.strip()] or [""]


def as_json(command: str, **data: Any) -> None:
    """The documented shape: version, command, and the command's own keys."""
    print(json.dumps({"version": JSON_VERSION, "command": command, **data}, indent=2))


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem for programs."""
    place = problem.place
    where = {"file": place.file, "line": place.line, "column": place.column} if place else None
    return {"message": shortened(problem.message), "place": where, "remedy": shortened(problem.remedy)}


def show_command(argv: list[str]) -> None:
    """`-v`: a program that is about to be run."""
    print(colour("+ " + shlex.join(argv), "dim", sys.stderr), file=sys.stderr)
