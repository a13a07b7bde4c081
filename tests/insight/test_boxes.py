"""jailpf.insight.boxes: sets of packets, subtracted exactly."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from jailpf.insight.boxes import subtract
from jailpf.pf.simulated.reach.boxes import Box
from jailpf.pf.simulated.reach.intervals import IntervalSet

numbers = range(4)
sets = st.sets(st.sampled_from(numbers), min_size=1).map(lambda found: IntervalSet.of((one, one) for one in found))
boxes = st.builds(Box, sets, sets, sets, sets)


def packets(found: list[Box]) -> list[tuple[int, ...]]:
    return [one for box in found for one in product(*([n for n in numbers if n in part] for part in box))]


@given(st.lists(boxes, max_size=3), st.lists(boxes, max_size=3))
def test_what_is_left_is_what_the_others_lack(mine: list[Box], theirs: list[Box]) -> None:
    """Packet for packet; and boxes made of one do not overlap."""
    left = subtract(mine, theirs)
    assert set(packets(left)) == set(packets(mine)) - set(packets(theirs))
    if len(mine) == 1:
        assert len(packets(left)) == len(set(packets(left)))
