"""`match ... nat-to` and rdr-to: at once, for the rules below it (pf.c of 15.1, pf_match_rule and pf_rule_apply_nat)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.pf.simulated.reach.reach import reach

if TYPE_CHECKING:
    from jailpf.pf.simulated import Simulated

NAT = "match out on em0 inet from !(em0:network) to any nat-to (em0:0)\n"
PASS = "pass in\npass on lo\n"


def test_rules_below_see_the_new_source(pf: Simulated) -> None:
    """What is passed is the host's address, and the answer comes back to the jail."""
    pf.set_main(f"{NAT}block\n{PASS}pass out on em0 inet from (em0)\n")
    found = pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False)
    assert (found.verdict, found.source) == ("pass", "203.0.113.1")
    pf.set_main(f"{NAT}block\n{PASS}pass out on em0 inet from 172.16.15.15\n")
    assert pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False).verdict == "block"


@pytest.mark.parametrize(
    "second",
    ["match out on em0 inet nat-to 203.0.113.20\npass", "pass out on em0 inet proto tcp nat-to (em0:0)"],
)
def test_a_second_translation_drops(pf: Simulated, second: str) -> None:
    """Two match rules that translate, or one and the rule that passes: pf drops the packet."""
    pf.set_main(f"pass\n{NAT}{second}\n")
    found = pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False)
    assert found.verdict == "block"
    assert "pf drops it" in found.reason


def test_a_state_is_kept_without_keep_state(pf: Simulated) -> None:
    """Nothing else could bring the answer back."""
    pf.set_main(f"{NAT}pass no state\n")
    assert pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False).verdict == "pass"


def _reached(pf: Simulated, to: int, port: int) -> set[tuple[str, str]]:
    rows = [row for row in reach(pf, ["outside"]) if row.proto == "tcp" and not row.doubts]
    return {(row.delivered_to, row.address) for row in rows if row.includes(0xC6336407, 40000, to, port)}


def test_match_rdr_to_leads_to_another_jail(pf: Simulated) -> None:
    """The rules below ask for the new destination and port; connect and reach say the same."""
    pf.set_main(
        "match in on em0 inet proto tcp to (em0) port 80 rdr-to 172.16.15.16 port 8080\n"
        "block in on em0\npass in on em0 inet proto tcp to 172.16.15.16 port 8080\n"
    )
    found = pf.connect("tcp", "198.51.100.7", "203.0.113.1", 80, keep=False)
    assert (found.verdict, found.delivered_to, found.port) == ("pass", "web", 8080)
    assert _reached(pf, 0xCB007101, 80) == {("web", "172.16.15.16")}
    assert not pf.connect("tcp", "198.51.100.7", "203.0.113.1", 81, keep=False)
    assert not _reached(pf, 0xCB007101, 81)


def test_in_doubt_the_answer_is_one(pf: Simulated) -> None:
    """A match rule of which nobody knows whether it matches stays a doubt, for what it may match only."""
    pf.set_main("match out on em0 inet proto tcp to port 80 probability 50% nat-to (em0:0)\npass\n")
    assert pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False).verdict == "unknown"
    assert pf.connect("tcp", "", "192.0.2.9", 81, sender="host", keep=False).verdict == "pass"
