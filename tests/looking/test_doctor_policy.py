"""`jailpf doctor` on the policy of pf.conf: what no declaration names is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_doctor_command import GOOD, findings

if TYPE_CHECKING:
    from conftest import Desk

OPEN = "the main ruleset is open: "
BETWEEN = "the main ruleset is open between jails: "


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (GOOD, ""),
        (GOOD.replace("block all\n", ""), OPEN),
        (GOOD.replace("block all\n", "pass all\n"), OPEN),
        (GOOD + "pass in on em0 proto tcp to any\n", OPEN),
        (GOOD.replace("block all\n", "block all\npass in on em0 proto tcp to (em0:0)\n"), ""),
        (GOOD.replace("block all\n", "block in on em0\n"), BETWEEN),
        ("set skip on lo\n" + GOOD, BETWEEN),
        (GOOD.replace("block all\n", "block in on em0\nblock in from 172.16.15.0/24 to 172.16.15.0/24\n"), ""),
    ],
)
def test_a_port_that_nobody_declared_is_blocked(desk: Desk, main: str, said: str) -> None:
    """From outside and from a neighbour, or it is told with a packet and a remedy."""
    found = [one["what"] for one in findings(desk, main) if "is open" in one["what"]]
    assert [one.startswith(said) and "port 61001 reaches" in one for one in found] == [True] * bool(said)


def test_a_quick_block_above_the_anchors_is_not_to_be_opened(desk: Desk) -> None:
    """It may be meant: the declaration goes, or the line; where it stands is right (which-rule-wins)."""
    main = GOOD.replace("block all\n", "block in quick on em0 proto tcp to any port 993\nblock all\n")
    desk.write("jails/dovecot.toml", '[service.mail]\nport = 993\n[jail]\nip4 = "172.16.15.15"\n')
    (one,) = [one for one in findings(desk, main) if "stands above" in one["what"]]
    assert one["mend"].startswith("if the block is meant, take what it blocks out of the declaration")
    assert "below" not in one["mend"]
