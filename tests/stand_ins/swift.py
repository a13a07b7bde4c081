"""The stand-in pfctl called in this process instead of started: the same code, without an interpreter's start."""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jailpf.system import spawn
from stand_ins import pfctl, pfctl_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from stand_ins.pfctl import run
sys.exit(run(sys.argv[1:]))
"""
"""The stand-in as a program of its own."""


@contextmanager
def swift(program: Path) -> Iterator[None]:
    """Within, spawn answers for this program itself, as long as it is the stand-in, and is not to be killed or to hang."""
    start, finish = spawn.start, spawn.finish
    answers: dict[int, tuple[int, bytes, bytes]] = {}

    def started(argv: list[str], stdin: int | str = "/dev/null") -> tuple[str, int, int, int]:
        plain = argv[0] == str(program) and not _dies(f"{program}.state/moods", " ".join(argv[1:]))
        if not (plain and spawn.is_trusted(argv[0]) and program.read_text().endswith(PROGRAM)):
            return start(argv, stdin)
        number = -len(answers) - 1
        answers[number] = _run(argv, stdin)
        return argv[0], number, -1, -1

    def finished(
        one: tuple[str, int, int, int], seconds: float = 0, take: Callable[[bytes], None] | None = None
    ) -> tuple[int, bytes, bytes]:
        if one[1] not in answers:
            return finish(one, seconds, take)
        status, out, err = answers[one[1]]
        if take:
            take(out)
        return status, b"" if take else out, err

    spawn.start, spawn.finish = started, finished
    try:
        yield
    finally:
        spawn.start, spawn.finish = start, finish


def _dies(moods: str, words: str) -> bool:
    """Whether its mood for these words takes a process of its own."""
    if not os.path.exists(moods):
        return False
    lines = [line.split("\t") for line in Path(moods).read_text().splitlines()]
    mood = next((what for pattern, what, times in lines if times != "0" and re.search(pattern, words)), "")
    return mood.startswith(("killed", "hangs"))


def _run(argv: list[str], stdin: int | str) -> tuple[int, bytes, bytes]:
    descriptor = os.open(stdin, os.O_RDONLY) if isinstance(stdin, str) else os.dup(stdin)
    with os.fdopen(descriptor, "rb") as file:
        given = file.read().decode("utf-8", "surrogateescape")

    def opened(file: Any, *words: Any, **named: Any) -> Any:
        return io.StringIO(given) if file == 0 else open(file, *words, **named)

    before, sys.argv = sys.argv, argv
    stdin_before, sys.stdin = sys.stdin, io.StringIO(given)
    out, err = io.StringIO(), io.StringIO()
    vars(pfctl_held)["open"] = opened
    try:
        with redirect_stdout(out), redirect_stderr(err):
            try:
                status = pfctl.run(argv[1:])
            except SystemExit as ended:
                status = int(ended.code or 0)
    finally:
        sys.argv, sys.stdin = before, stdin_before
        del vars(pfctl_held)["open"]
    return status, *(one.getvalue().encode("utf-8", "surrogateescape") for one in (out, err))
