"""jailpf.insight.pflog: the lines of tcpdump on pflog(4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.insight.pflog import Packet, parse

WHEN = "2026-11-27 10:00:00.000001"


def packet(**what: object) -> Packet:
    usual = {
        "when": WHEN, "action": "pass", "direction": "in", "interface": "em0", "reason": "match", "anchor": "web", "number": 0,
        "proto": "tcp", "source": "198.51.100.2", "source_port": 53776, "to": "172.16.15.16", "port": 80,
    }  # fmt: skip
    return Packet(**{**usual, **what})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rule 2.web.0/0(match): pass in on em0: 198.51.100.2.53776 > 172.16.15.16.80: Flags [S], seq 1", packet()),
        ("rule 7.a.b.c.12/0(match): pass in on em0: 198.51.100.2.53776 > 172.16.15.16.80: Flags [S]", packet(anchor="a.b.c", number=12)),
        ("rule 2..0/0(match): pass out on epair0a: 198.51.100.2.53776 > 172.16.15.16.80: Flags [.]", packet(anchor="", direction="out", interface="epair0a")),
        ("rule 4/0(match): block in on em0: 2001:db8::7.4000 > 2001:db8::1.22: Flags [S]", packet(anchor="", number=-1, action="block", source="2001:db8::7", source_port=4000, to="2001:db8::1", port=22)),
        ("rule 2.web.0/0(match) [uid 80] [ridentifier 4711]: pass in on em0: IP 198.51.100.2.53776 > 172.16.15.16.80: Flags [S]", packet(identifier=4711)),
        ("rule 2.web.1/0(match): block in on em0: 198.51.100.2 > 172.16.15.16: ICMP echo request, id 1, seq 0", packet(number=1, action="block", proto="icmp", source_port=0, port=0)),
        ("rule 2.web.1/0(match): block in on em0: fe80::1 > ff02::1: ICMP6, router advertisement", packet(number=1, action="block", proto="icmp6", source="fe80::1", source_port=0, to="ff02::1", port=0)),
        ("rule 0..0/0(match): rdr in on em0: 198.51.100.2.53776 > 203.0.113.1.8080: UDP, length 5", packet(anchor="", action="rdr", proto="udp", to="203.0.113.1", port=8080)),
        ("rule 2.web.0/0(match): pass in on em0: 198.51.100.2.53776 > 172.16.15.16.53: 1+ A? example.org. (29)", packet(proto="udp", port=53)),
        ("rule 2.web.0/0(match): pass in on em0: 198.51.100.2.65536 > 172.16.15.16.80: Flags [S], seq 1", None),
        ("rule 2.web.0/0(match): pass in on em0: 198.51.100.256.1 > 172.16.15.16.80: Flags [S], seq 1", None),
        ("rule 2.web.0/12(state-limit): block in on em0: 198.51.100.2.53776 > 172.16.15.16.80: Flags [S]", packet(action="block", reason="state-limit")),
        ("rule 0/unkn(3): block in on em0: 198.51.100.2.53776 > 172.16.15.16.80:  [|tcp]", packet(action="block", reason="reason 3", anchor="", number=-1)),
        ("rule 0/2(fragment): block in on em0: 198.51.100.2 > 172.16.15.16: ip-proto-17", packet(action="block", reason="fragment", anchor="", number=-1, proto="udp", source_port=0, port=0)),
        ("rule 0/0(match): block in on em0: 198.51.100.2 > 172.16.15.16:  ip-proto-99 4", packet(action="block", anchor="", number=-1, proto="99", source_port=0, port=0)),
        ("rule 0/2(fragment): block in on em0: 2001:db8::7 > 2001:db8::2: frag (0|20) 53776 > 80: Flags [S], seq 1", packet(action="block", reason="fragment", anchor="", number=-1, source="2001:db8::7", to="2001:db8::2")),
        ("rule 0/2(fragment): block in on em0: 2001:db8::7 > 2001:db8::2: frag (1448|30)", packet(action="block", reason="fragment", anchor="", number=-1, proto="", source="2001:db8::7", source_port=0, to="2001:db8::2", port=0)),
        ("rule 0/0(match): block in on em0: 2001:db8::7 > 2001:db8::2: HBH ICMP6, echo request, id 1, seq 1, length 8", packet(action="block", anchor="", number=-1, proto="icmp6", source="2001:db8::7", source_port=0, to="2001:db8::2", port=0)),
        ("rule 0/0(match): block in on em0: 2001:db8::7 > 2001:db8::2: DSTOPT 53776 > 80: Flags [S], seq 1", packet(action="block", anchor="", number=-1, source="2001:db8::7", to="2001:db8::2")),
        ("rule 0/0(match): block in on em0: 198.51.100.2 > 172.16.15.16: AH(spi=0x00000001,seq=0x1,icv=0x00): 198.51.100.2 > 172.16.15.16: [|tcp]", packet(action="block", anchor="", number=-1, proto="ah", source_port=0, port=0)),
        ("rule 3.web.0/0(match): block in on em0: 198.51.100.2 > 172.16.15.16: 2001:db8::7.53776 > 2001:db8::2.80: Flags [S], seq 1", packet(action="block", proto="ipv6", source_port=0, port=0)),
    ],
)  # fmt: skip
def test_a_line_is_understood(line: str, expected: Packet | None) -> None:
    """As they were seen, or as the source prints them (facts-2.md)."""
    assert parse(f"{WHEN} {line}") == expected


@given(st.text())
def test_nothing_else_is_taken_for_one(text: str) -> None:
    """Banners, continued lines and noise are None, never an exception."""
    assert parse("listening on pflog0, link-type PFLOG") is None
    parse(text)
    parse(f"{WHEN} rule {text}")
