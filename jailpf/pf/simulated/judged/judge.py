"""All that is to be known of the main ruleset, in the order of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.judged import calls, filters, opened, translations
from jailpf.pf.simulated.judged.overlap import Overlap
from jailpf.pf.simulated.reach.reach import reach

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.pf.simulated.judged.found import Judged
    from jailpf.pf.simulated.reach.reach import Opens


def judged(pf: Opens, ours: Callable[[str], bool]) -> list[Judged]:
    """All findings, in the order of the lines. ours: whether an anchor, by its path, is one of those that count."""
    rows = [row for row in reach(pf, ["outside"]) if not row.doubts]
    with pf.opened() as model:
        overlap = Overlap(model)
        found = [
            *filters.never_bans(model, overlap, rows, ours),
            *filters.lets_in(model, rows, ours),
            *opened.opens(model, overlap, ours),
            *opened.unseen(model, overlap, ours),
            *filters.hides(model, overlap, ours),
            *filters.without_effect(model, overlap, ours),
            *translations.beats(model, overlap, ours),
            *calls.narrows(model, overlap, ours),
        ]
    return sorted(found, key=lambda one: one.match.line)
