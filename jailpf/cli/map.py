"""map: the page that people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import ConfigError, Place, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session


def chart(session: Session, options: Namespace) -> int:
    """Write the page, or print a graph."""
    from jailpf.insight import chart as drawing
    from jailpf.insight.world import build

    if sum(map(bool, (options.html, options.dot, options.mermaid))) != 1:
        raise UsageError("it takes exactly one kind of map", None, "jailpf map --html FILE, --dot or --mermaid")
    world = build(session, declared=options.declared)
    found = drawing.chart(world)
    if options.html:
        _write(options.html, drawing.page(found, "jailpf: who gets in"))
        print(f"wrote {options.html}: {len(found.cards)} jails")
    else:
        print(drawing.dot(found) if options.dot else drawing.mermaid(found), end="")
    if not options.declared:
        output.problems(output.idle(session, world), level="yellow")
    output.problems(output.aside(session, world.problems), level="yellow")
    return 0


def _write(file: str, text: str) -> None:
    try:
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as wrong:
        raise ConfigError(f"cannot be written: {wrong.strerror}", Place(file)) from None
