"""How far long work is: the jail, how many of all, and the time left; on a terminal, where rich is there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FEW = 20  # jails that are done before anybody has read it


def progress(what: str, names: Sequence[str], jails: int = 0) -> Iterable[str]:
    """The names themselves, in order; nothing is shown of few, without a terminal, or without the extra `top`.

    jails: how many it is about, where the names are not theirs.
    """
    if (jails or len(names)) < FEW or sys.stderr is None or not sys.stderr.isatty():
        return names
    try:
        import rich.progress  # noqa: F401
    except ImportError:
        return names
    return _shown(what, names)


def _shown(what: str, names: Sequence[str]) -> Iterator[str]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    above = sys.stdout.isatty()  # what is printed meanwhile stands above the line; into a file it goes as ever
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=above) as drawn:
        task = drawn.add_task(what, total=len(names))
        for name in names:
            drawn.update(task, description=Text(f"{what} {name}").markup)
            yield name
            drawn.advance(task)
