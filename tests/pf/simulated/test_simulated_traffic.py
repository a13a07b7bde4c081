"""What became of real connections on a running FreeBSD is what the simulated pf says.

`traffic.jsonl` was recorded on FreeBSD 15.1: rulesets in people's styles, and 36 connections each.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded import HERE
from recorded.replay import Tally, replay

RECORDED = HERE / "traffic.jsonl"


def _recordings(step: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text().splitlines()[::step]]


def _agrees(tally: Tally) -> None:
    assert not tally.wrong, "\n".join(map(str, [tally.kinds(), *tally.wrong[:20]]))
    assert len(tally.doubt) <= 0.02 * tally.all, "\n".join(map(str, tally.doubt[:20]))
    assert tally.down <= 0.002 * tally.all


def test_a_tenth_of_the_recorded_connections() -> None:
    """Never wrong where it is sure, and in doubt about less than 2 % of them."""
    _agrees(replay(_recordings(10)))


@pytest.mark.exam
def test_all_recorded_connections() -> None:
    """The same of all."""
    _agrees(replay(_recordings(1)))
