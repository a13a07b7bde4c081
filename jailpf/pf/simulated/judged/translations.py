"""Translation rules of the main ruleset that take packets from those of anchors.

Source: facts.md: on 15 a translation rule of the main ruleset beats every anchor, wherever it stands; facts-2.md section 10: a
`no` rule behind the anchor does not undo what the anchor did; section 7: a binat is asked before nat, a rdr before binat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.judged.found import Judged
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.reach.boxes import Box, divided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.pf.simulated.judged.overlap import Overlap, Speaks
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family

# Which sections are asked for a packet, in turn, by its direction.
ASKED = {"out": ("binat", "nat"), "in": ("rdr", "binat")}


def beats(model: Model, overlap: Overlap, ours: Callable[[str], bool]) -> Iterator[Judged]:
    """Each rule of main that decides for packets of an anchor's rule, with the first of these."""
    found: dict[int, tuple[Flat, Flat, Speaks, int]] = {}
    main = {section: _main(model, section) for section in ("binat", "nat", "rdr")}
    for direction, sections in ASKED.items():
        for number, section in enumerate(sections):
            before = [(other, False) for first in sections[:number] for _, other in main[first]]
            for at, flat in enumerate(flatten(model, section) if before or main[section] else ()):
                if not ours(flat.path) or flat.rule.no or (own := overlap.flat(flat, direction)) is None:
                    continue
                asked = [*before, *((other, place > at) for place, other in main[section])]
                for other, part in _taken(overlap, own, direction, asked):
                    seen = found.get(id(other))
                    found[id(other)] = (*seen[:3], seen[3] + 1) if seen else (other, flat, part, 0)
    for other, flat, part, more in found.values():
        yield Judged("beats", match_of(other), match_of(flat), part.example(), more=more)


def _main(model: Model, section: str) -> list[tuple[int, Flat]]:
    """The rules of the main ruleset that may take packets, each with its place."""
    flats = enumerate(flatten(model, section))
    return [
        (at, flat) for at, flat in flats if not flat.path and flat.rule.action != "unknown" and not flat.rule.anchor
    ]


def _taken(
    overlap: Overlap, own: Speaks, direction: str, main: list[tuple[Flat, bool]]
) -> Iterator[tuple[Flat, Speaks]]:
    """The rules of main, in order, that take packets of an anchor's rule, and which. With each whether it stands behind."""
    taken: dict[Family, list[Box]] = {}
    for flat, behind in main:
        asked = overlap.flat(flat, direction)
        both = own.both(asked) if asked is not None else None
        if both is None or (both.tag and not own.tag):
            continue
        free = {family: divided(box, taken.get(family, []))[0] for family, box in both.boxes.items()}
        if any(free.values()) and not (flat.rule.no and behind):
            yield flat, both._replace(boxes={family: parts[0] for family, parts in free.items() if parts})
        for family, box in both.boxes.items():
            taken.setdefault(family, []).append(box)
