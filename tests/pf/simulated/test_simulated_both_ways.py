"""nat-to on the way in, rdr-to on the way out, and translations that change nothing (pf_lb.c of 15.1, pf_get_transaddr)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.pf.simulated.reach.reach import reach

if TYPE_CHECKING:
    from jailpf.pf.simulated import Simulated


def test_nat_to_on_the_way_in(pf: Simulated) -> None:
    """The jail sees the new source, and its answer comes back."""
    pf.set_main("pass\npass in on em0 inet proto tcp to port 80 nat-to 172.16.15.1\n")
    found = pf.connect("tcp", "198.51.100.7", "203.0.113.20", 80, keep=False)
    assert (found.verdict, found.source, found.delivered_to) == ("pass", "172.16.15.1", "mx")


def test_rdr_to_on_the_way_out_is_a_doubt(pf: Simulated) -> None:
    """The route of the new destination is looked up again, and no fact says what pf sees then."""
    pf.set_main("pass\npass out on em0 inet proto tcp to 192.0.2.9 port 80 rdr-to 198.51.100.9 port 8080\n")
    assert pf.connect("tcp", "", "192.0.2.9", 80, sender="host", keep=False).verdict == "unknown"
    assert pf.connect("tcp", "", "192.0.2.9", 81, sender="host", keep=False).verdict == "pass"


@pytest.mark.parametrize(
    "rule", ["pass in on em0 inet proto tcp to port 80", "match in on em0 inet proto tcp to port 80"]
)
def test_rdr_to_takes_what_is_for_others(pf: Simulated, rule: str) -> None:
    """A transparent proxy: what comes by for anybody goes to each jail of the pool, and to nobody else."""
    pf.set_main(f"pass\n{rule} rdr-to {{ 172.16.15.15 203.0.113.20 }}\n")
    found = pf.connect("tcp", "198.51.100.7", "192.0.2.80", 80, keep=False)
    assert found.delivered_to == "dovecot or mx"
    rows = [row for row in reach(pf, ["outside"]) if row.proto == "tcp" and row.family == "inet"]
    there = {row.delivered_to for row in rows if row.includes(0xC6336407, 40000, 0xC0000250, 80)}
    assert there == {"dovecot", "mx"}
    assert not any(row.includes(0xC6336407, 40000, 0xC0000250, 81) for row in rows)


def test_what_two_rules_would_translate_is_dropped(pf: Simulated) -> None:
    """A nat rule and nat-to of the filter rule: pf drops the packet."""
    pf.set_main("nat on em0 inet from 172.16.15.0/24 -> (em0:0)\npass\npass out on em0 inet proto tcp nat-to (em0:0)\n")
    found = pf.connect("tcp", "", "192.0.2.9", 80, sender="jail:dovecot", keep=False)
    assert found.verdict == "block"
    assert "pf drops it" in found.reason


@pytest.mark.parametrize(("port", "arrives"), [(80, False), (8080, True)])
def test_rdr_pass_to_where_it_goes_anyway_passes_nothing(pf: Simulated, port: int, arrives: bool) -> None:
    """A redirection that changes nothing is none, so that the filter is asked; reach says the same."""
    pf.set_main("rdr pass on em0 inet proto tcp to port { 80 8080 } -> 203.0.113.20 port 80\nblock\n")
    assert bool(pf.connect("tcp", "198.51.100.7", "203.0.113.20", port, keep=False)) is arrives
    rows = [row for row in reach(pf, ["outside"]) if row.delivered_to == "mx" and row.proto == "tcp"]
    assert any(row.includes(0xC6336407, 40000, 0xCB007114, port) for row in rows) is arrives
    assert any(row.includes(0xC6336407, 40000, 0xCB007101, 80) for row in rows)


def test_ports_of_sctp_stay(pf: Simulated) -> None:
    """rdr and nat change the addresses only."""
    pf.set_main(
        "nat on em0 inet from 172.16.15.0/24 -> (em0:0)\nrdr pass on em0 inet proto sctp to port 80 -> 203.0.113.20 port 8080\npass\n"
    )
    assert pf.connect("sctp", "198.51.100.7", "203.0.113.1", 80, keep=False).port == 80
    (row,) = [
        row
        for row in reach(pf, ["outside"])
        if row.proto == "sctp" and row.delivered_to == "mx" and row.rules()[0].section == "rdr"
    ]
    assert (row.port, row.shift) == (None, 0)
