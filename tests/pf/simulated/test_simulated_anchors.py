"""How far an anchor reaches: quick, inside of it and behind it, and its tag (pf.c of 15.1, pf_match_rule)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.pf.simulated.reach.reach import reach

if TYPE_CHECKING:
    from jailpf.pf.simulated import Simulated


def _arrives(pf: Simulated, port: int, proto: str = "udp") -> bool:
    """connect and reach say the same."""
    found = bool(pf.connect(proto, "198.51.100.7", "203.0.113.1", port, keep=False))
    here = [row for row in reach(pf, ["outside"]) if row.proto == proto and row.address == "203.0.113.1"]
    assert found == any(row.includes(0xC6336407, 40000, 0xCB007101, port) for row in here)
    return found


def test_a_quick_wildcard_without_children_ends_nothing(pf: Simulated) -> None:
    """There is nothing that it could step into, and the rules below are evaluated."""
    pf.set_main('anchor "none/*" quick\nblock proto udp to port 53\n')
    assert not _arrives(pf, 53)
    assert _arrives(pf, 54)


@pytest.mark.parametrize(("condition", "reached"), [("quick", False), ("in quick on lo0", True)])
def test_behind_a_quick_wildcard_without_children_the_next_anchor_is_quick(
    pf: Simulated, condition: str, reached: bool
) -> None:
    """For packets that match its line, the end of the next anchor ends the evaluation."""
    pf.set_main(f'anchor "none/*" {condition}\npass\nanchor "x"\nblock proto udp to port 53\n')
    assert _arrives(pf, 53) is not reached


def test_inside_of_a_quick_anchor_every_anchor_is_quick(pf: Simulated) -> None:
    """What stands below the inner anchor is never looked at."""
    pf.set_main(
        'block\nanchor "outer" quick {\n anchor "inner" proto udp {\n pass proto udp to port 53\n }\n pass\n}\npass\n'
    )
    assert _arrives(pf, 53)
    assert not _arrives(pf, 54)
    assert _arrives(pf, 54, "tcp")


def test_an_anchor_line_tags_what_matches_it(pf: Simulated) -> None:
    """Its tag holds inside of the anchor and below it, whether there is anything in the anchor or not."""
    pf.set_main('block\nanchor "empty" in proto udp to port 53 tag DNS\npass in tagged DNS\n')
    assert _arrives(pf, 53)
    assert not _arrives(pf, 54)
    pf.set_main('block\nanchor "full" in proto udp to port 53 tag DNS {\n pass tagged DNS\n}\n')
    assert _arrives(pf, 53)
    assert not _arrives(pf, 54)
