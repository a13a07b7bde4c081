"""top: services by traffic, live."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.cli import output
from jailpf.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from jailpf.insight.counters import Count
    from jailpf.lifecycle.session import Session

HEAD = ("JAIL", "SERVICE", "PACKETS/S", "BYTES/S", "STATES", "PACKETS", "BYTES")
KEYS = ("packets", "bytes", "states")


class Rate(NamedTuple):
    """A service's counters, and how fast they grow."""

    counted: Count
    packets: float
    bytes: float


def top(session: Session, options: Namespace) -> int:
    """On a terminal a table that is drawn anew every few seconds, until it is interrupted; elsewhere one table."""
    from jailpf.insight.counters import now

    if not 0 < options.every < 86400:  # nan, too
        raise UsageError(f"--every is a number of seconds above 0, not {options.every:g}", None, "jailpf top --every 2")
    if not sys.stdout.isatty():
        output.table(cells(rates([], now(session), 0), options.sort), HEAD)
        return 0
    try:
        from rich.live import Live
    except ImportError:
        raise ConfigError(
            "top needs rich", None, 'pip install "jailpf[top]"; without a terminal, top prints one table'
        ) from None
    before, at = now(session), time.monotonic()
    with Live(drawn(rates([], before, 0), options.sort), auto_refresh=False) as live:
        while True:
            time.sleep(options.every)
            found, later = now(session), time.monotonic()
            live.update(drawn(rates(before, found, later - at), options.sort), refresh=True)
            before, at = found, later


def rates(before: Sequence[Count], found: Sequence[Count], seconds: float) -> list[Rate]:
    """How fast each counter grew; 0 after a reload, which begins at 0."""
    old = {(one.jail, one.service): one for one in before}
    made = []
    for one in found:
        was = old.get((one.jail, one.service), one)
        packets, octets = one.packets - was.packets, one.bytes - was.bytes
        known = seconds > 0 and packets >= 0 and octets >= 0
        made.append(Rate(one, packets / seconds if known else 0.0, octets / seconds if known else 0.0))
    return made


def cells(found: Sequence[Rate], key: str) -> list[tuple[str, ...]]:
    """Rows of text, the busiest first."""
    order = {
        "packets": lambda one: (one.packets, one.counted.packets),
        "bytes": lambda one: (one.bytes, one.counted.bytes),
    }
    rank: Any = order.get(key, lambda one: one.counted.states)
    ranked = sorted(found, key=lambda one: (rank(one), one.counted.jail, one.counted.service), reverse=True)
    return [
        (
            one.counted.jail, one.counted.service, f"{one.packets:.0f}", f"{one.bytes:.0f}", str(one.counted.states),
            str(one.counted.packets), str(one.counted.bytes),
        )
        for one in ranked
    ]  # fmt: skip


def drawn(found: Sequence[Rate], key: str) -> Any:
    """The table as rich draws it."""
    from rich.table import Table

    table = Table(*HEAD, box=None, header_style="bold")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in cells(found, key):
        table.add_row(*row)
    return table
