"""A rule with its conditions as sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.reach.intervals import IntervalSet


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A rule with its conditions as sets; None: it does not look at that.

    guards: the anchor rules on the way that look at addresses or ports. gates: those whose answer depends on the tag, or
    is in doubt, by the number of their ruleset. doubt: whether a packet that meets all conditions may still not match.
    plain: whether only addresses and ports decide about a match.
    """

    order: int
    flat: Flat
    to: IntervalSet
    ports: IntervalSet | None
    sources: IntervalSet | None
    source_ports: IntervalSet | None
    doubt: bool = False
    guards: tuple[Entry, ...] = ()
    gates: tuple[tuple[int, Entry], ...] = ()
    plain: bool = True
