"""Where pf sees packets on a running FreeBSD 15.1, and on the simulated host that its programs describe."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from recorded import HERE, host

from jailpf.pf.simulated.kernel.ask import Question, _own, _place, _sender
from jailpf.pf.simulated.kernel.journey import Journey, Place
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.rules.addresses import Address, address_text, parse_address

ADDRESSES = {
    "host": ("198.51.100.1", "2001:db8:1::1"),
    "host@bridge0": ("172.16.20.1", "fd20::1"),
    "dovecot": ("172.16.15.15", "fd7a::15"),
    "web": ("172.16.15.16", "fd7a::16"),
    "al": ("198.51.100.9", "2001:db8:1::9"),
    "vn": ("172.16.20.10", "fd20::10"),
    "vn2": ("172.16.20.11", "fd20::11"),
    "vb": ("172.16.21.10", "fd21::10"),
    "wan": ("198.51.100.2", "2001:db8:1::2"),
}
TOPOLOGY = host()


class Seeing:
    """A pf that lets all pass and remembers where it saw a packet."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.model = SimpleNamespace(topology=TOPOLOGY)
        self.packet_name = "first"

    def hop(self, packet: Packet, interface: str, direction: str) -> str:
        """It is here."""
        self.seen.add(f"{interface} {direction}")
        return ""

    def add(self, step: object) -> None:
        """What pf does not see is no matter."""


def _go(source: Address, to: Address, start: Place) -> tuple[set[str], Place]:
    seeing = Seeing()
    packet = Packet(source.family, "tcp", source.number, 40000, to.number, 80)
    end = Journey(cast("Any", seeing)).go(packet, start)
    return seeing.seen, end


def _pairs() -> list[str]:
    return [line for line in (HERE / "paths.txt").read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("pair", _pairs())
def test_pf_sees_a_connection_where_it_was_seen(pair: str) -> None:
    """The first packet, the answer, and the sender's address."""
    ends, *wanted = re.split(r"[:;] ", pair.replace(": ;", ": ; ").replace("; ;", "; ; "), maxsplit=3)
    family, sender, receiver = ends.split()
    to = parse_address(ADDRESSES[receiver][family == "inet6"])
    word = {"wan": "outside", "host": "host"}.get(sender, f"jail:{sender}")
    who = _sender(word, TOPOLOGY)
    source = parse_address(ADDRESSES["wan"][family == "inet6"]) if sender == "wan" else _own(who, to, TOPOLOGY)
    start = _place(who, Question("tcp", "", "", 80, 0, "", word), TOPOLOGY, source, to)
    first, end = _go(source, to, start)
    answer, back = _go(to, source, end)
    said = [", ".join(sorted(seen)) for seen in (first, answer)]
    assert [*said, address_text(source.family, source.number)] == [part.strip() for part in wanted]
    assert back.kind == start.kind
