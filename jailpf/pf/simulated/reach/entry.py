"""A rule with its conditions as sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.reach.intervals import IntervalSet


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A rule with its conditions as sets; None: it does not look at that. `guards`: those of its anchor
    rules.
    """

    order: int
    flat: Flat
    to: IntervalSet
    ports: IntervalSet | None
    sources: IntervalSet | None
    source_ports: IntervalSet | None
    guards: tuple[Entry, ...] = ()
