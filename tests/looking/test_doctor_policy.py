"""`jailpf doctor` on the policy of pf.conf: what no declaration names is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_doctor_command import GOOD, NAT, findings

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


@pytest.mark.parametrize(
    ("old", "new", "address", "mend"),
    [
        ("pass on lo0 from { 127.0.0.1 ::1 } to { 127.0.0.1 ::1 }\n", "", "127.0.0.1", "below"),
        ("pass on lo0 from { 127.0.0.1 ::1 }", "pass on lo0 from { 127.0.0.1 }", "::1", "below"),
        ("block all\n", "block in on em0\n", "", ""),
        ("block all\n", "block quick all\n", "127.0.0.1", "above"),
        ("block all\n", "set skip on lo\nblock quick all\n", "", ""),
        ("pass on lo0 from { 127.0.0.1 ::1 } to { 127.0.0.1 ::1 }\n", "pass out quick\n", "127.0.0.1", "below"),
    ],
)
def test_the_host_reaches_itself_by_its_loopback(desk: Desk, old: str, new: str, address: str, mend: str) -> None:
    """Or it is told with the rule that blocks, and the line that opens nothing else."""
    main = GOOD.replace(old, new)
    found = [one for one in findings(desk, main) if "reach itself" in one["what"]]
    if found:  # the remedy, done, is one
        where, line = found[0]["mend"].partition(" ")[0], found[0]["mend"].partition(": ")[2]
        block = next(each for each in main.splitlines() if each.startswith("block"))
        both = f"{line}\n{block}" if where == "above" else f"{block}\n{line}"
        again = [one for one in findings(desk, main.replace(block, both)) if "reach itself" in one["what"]]
        assert again == [], both
    assert all(one["what"].startswith(f"the host does not reach itself at {address}: `block") for one in found)
    assert [one["mend"].partition(" ")[0] for one in found] == [mend] * bool(address)


def test_a_quick_block_above_the_anchors_is_not_to_be_opened(desk: Desk) -> None:
    """It may be meant: the declaration goes, or the line; where it stands is right (which-rule-wins)."""
    main = GOOD.replace("block all\n", "block in quick on em0 proto tcp to any port 993\nblock all\n")
    desk.write("jails/dovecot.toml", '[service.mail]\nport = 993\n[jail]\nip4 = "172.16.15.15"\n')
    (one,) = [one for one in findings(desk, main) if "is above" in one["what"]]
    assert one["mend"].startswith("remove what it blocks from the declaration")
    assert "below" not in one["mend"]


@pytest.mark.parametrize(
    ("out", "limits"), [("pass out on em0 from (em0) to any\n", False), ("pass out quick\n", False), ("", True)]
)
def test_out_that_limits_nothing_is_told(desk: Desk, out: str, limits: bool) -> None:
    """What pf.conf lets out anyway is named with its rule, and the line that keeps it in does."""
    desk.write("jails/git.toml", '[out.dns]\nproto = "udp"\nport = 53\n[jail]\nip4 = "172.16.15.29"\n')
    main = GOOD.replace(NAT, "").replace("block all\n", f"block all\n{out}")

    def told(main: str) -> list[str]:
        found = findings(desk, main, nat='"(em0:0)"')
        return [one["mend"] for one in found if "limits nothing" in one["what"]]

    found = told(main)
    assert bool(found) is not limits
    for mend in found:
        line = mend.partition(": `")[2].rstrip("`")
        assert told(main.replace(out, f"{out.replace(' quick', '')}{line}\n")) == []
