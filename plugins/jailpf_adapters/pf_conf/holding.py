"""Which rules may leave a pf.conf, and where the line then stands that calls them.

What leaves is `quick` in its anchor, whatever it was; a translation rule that stays beats every anchor (facts.md, 3). So a
rule stays whose exceptions stay: the remedy is to move or to write those otherwise, never to open more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import importing as rules
from jailpf_adapters.pf_conf.statements import TRANSLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jailpf_adapters.pf_conf.statements import Statement

ORDINARY = ("nat", "binat")


def reason_to_stay(one: Statement, staying: Sequence[Statement], tables: Mapping[str, tuple[str, ...]]) -> str:
    """Why a rule must not leave while those stay, "" where it may."""
    if (mine := one.tags("tag")) and (other := _first(staying, lambda other: other.tags("tagged") & mine)):
        return f"line {other.number} tests the tag that it sets; import that line as well, or remove `tagged` from it"
    if (asked := one.tags("tagged")) and (other := _first(staying, lambda other: other.tags("tag") & asked)):
        return f"line {other.number} sets the tag that it tests, and stays"
    met = [other for other in staying if rules.overlap(one.shape, other.shape, tables)]
    after = [other for other in met if other.number > one.number]
    if one.first in ORDINARY and (other := _first(met, lambda other: other.is_a(one.first))):
        return f"line {other.number} comes before any anchor and would override it; exclude the jail from that line"
    if one.first == "rdr" and (other := _first(after, lambda other: other.is_a("rdr"))):
        return f"line {other.number} matches some of it and would come first; move that line above it"
    if one.first == "pass" and not one.quick and (other := _first(after, lambda other: other.blocks)):
        if other.calls:
            return f"line {other.number} calls an anchor that may make exceptions of it; move that line above it"
        return f"line {other.number} may make exceptions of it; move that line above it, and write `quick` in it"
    if (
        one.first == "block"
        and not one.quick
        and (other := _first(after, lambda other: other.first == "pass" or other.calls))
    ):
        return f"line {other.number} may make exceptions of it"
    return ""


def _first(some: Iterable[Statement], wanted: Callable[[Statement], object]) -> Statement | None:
    return next(filter(wanted, some), None)


def place_of_calls(
    moving: Sequence[Statement], staying: Sequence[Statement], tables: Mapping[str, tuple[str, ...]], end: int
) -> tuple[int, list[Statement]]:
    """The line below which the filter anchors are called, `end` for the last; and blocks that must not leave for that."""
    low, soft, hard = 0, 1 << 30, 1 << 30
    filters = [one for one in moving if one.filters]
    for other in (other for other in staying if other.filters):
        for one in (one for one in filters if rules.overlap(one.shape, other.shape, tables)):
            above = other.number < one.number
            if one.first == "pass" and other.blocks_at_once:
                if above or not one.quick:
                    low = max(low, other.line.last)
                else:
                    soft = min(soft, other.number)
            elif one.first == "block" and other.passes_at_once and not above:
                hard = min(hard, other.number)
    if low >= hard:
        return low, [one for one in filters if one.first == "block"]
    last = max((one.line.last for one in filters), default=end)
    return max(low, min(last, soft - 1, hard - 1)), []


def place_of_translation(all_of: Sequence[Statement], end: int) -> int:
    """The line below which the other anchors are called: what stays comes before them wherever it stands."""
    if found := [one.line.last for one in all_of if one.first in TRANSLATION]:
        return max(found)
    return next((one.number - 1 for one in all_of if one.filters), end)
