"""Which filter rule decides. The facts are those of facts.md ("What a running 15.1 showed" and section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection, Simulated

PASS = "pass quick inet proto tcp from any to 172.16.15.15 port 993\n"
RDR = "rdr on em0 inet proto tcp from any to <ext_ip4> port 993 -> 172.16.15.15\n"


def _imap(pf: Simulated) -> Connection:
    return pf.connect("tcp", "198.51.100.7", "203.0.113.1", 993, keep=False)


def test_one_anchor_holds_rdr_and_pass(pf: Simulated) -> None:
    """facts.md: a connection from outside reached the jail through rdr + pass of one anchor."""
    pf.load("jailpf/dovecot", "table <mua> persist\n" + RDR + PASS)
    assert _imap(pf).delivered_to == "dovecot"


def test_filtering_sees_the_translated_destination(pf: Simulated) -> None:
    """facts.md section 3 and "Outgoing under block all": filtering comes after translation."""
    pf.load("jailpf/dovecot", RDR + "pass quick inet proto tcp from any to 203.0.113.1 port 993\n")
    assert _imap(pf).verdict == "block"


@pytest.mark.parametrize(
    ("main", "arrives"),
    [
        ('rdr-anchor "jailpf/*"\nblock quick\nanchor "jailpf/*"\n', False),
        ('rdr-anchor "jailpf/*"\nblock\nanchor "jailpf/*"\n', True),
        ('rdr-anchor "jailpf/*"\nanchor "jailpf/*"\nblock quick\n', True),
        ('rdr-anchor "jailpf/*"\nanchor "jailpf/*"\nblock\n', True),
    ],
)
def test_only_block_quick_above_the_anchor_wins(pf: Simulated, main: str, arrives: bool) -> None:
    """facts.md: host `block quick` rules above the anchor win over a jail's pass; below it, or not quick, do
    not.
    """
    pf.set_main("table <ext_ip4> { 203.0.113.1 }\n" + main)
    pf.load("jailpf/dovecot", RDR + PASS)
    assert bool(_imap(pf)) is arrives


def test_the_last_match_wins_without_quick(pf: Simulated) -> None:
    """facts.md section 3: last match wins, quick stops."""
    pf.load("jailpf/dovecot", RDR + "block all\npass all\n")
    assert _imap(pf)
    pf.load("jailpf/dovecot", RDR + "pass all\nblock all\n")
    assert not _imap(pf)
    pf.load("jailpf/dovecot", RDR + "pass quick all\nblock all\n")
    assert _imap(pf)


def test_a_quick_anchor_ends_the_evaluation(pf: Simulated) -> None:
    """facts-2.md section 10: `anchor "x" quick` ends the evaluation even when nothing inside matched."""
    pf.set_main('anchor "a" quick proto udp\nblock all\n')
    pf.load("a", "block in proto udp to port 54\n")
    assert pf.connect("udp", "198.51.100.7", "203.0.113.1", 53)
    assert not pf.connect("udp", "198.51.100.7", "203.0.113.1", 54)
    assert not pf.connect("tcp", "198.51.100.7", "203.0.113.1", 53)


def test_of_a_quick_wildcard_only_the_first_child_counts(pf: Simulated) -> None:
    """facts-2.md section 10: of `anchor "x/*" quick` only the first child is looked at."""
    pf.set_main('anchor "x/*" quick\n')
    pf.load("x/a", "block in proto udp to port 54\n")
    pf.load("x/b", "block in proto udp to port 53\n")
    assert pf.connect("udp", "198.51.100.7", "203.0.113.1", 53)
    assert not pf.connect("udp", "198.51.100.7", "203.0.113.1", 54)


def test_an_anchor_rule_can_have_conditions(pf: Simulated) -> None:
    """pf.conf(5), ANCHORS: an anchor is evaluated for the packets that its rule matches."""
    pf.set_main('block all\nanchor "a" in on em0 proto udp\n')
    pf.load("a", "pass all\n")
    assert pf.connect("udp", "198.51.100.7", "203.0.113.1", 53)
    assert not pf.connect("tcp", "198.51.100.7", "203.0.113.1", 53)


def test_without_any_rule_pf_passes(pf: Simulated) -> None:
    """pf.conf(5): a packet that no rule matches passes, without a state."""
    pf.set_main("")
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 22).delivered_to == "host"
    assert pf.states() == []


def test_tags_tie_pass_to_rdr(pf: Simulated) -> None:
    """facts.md, "Tags tie pass to rdr": the client outside gets in; a neighbour with a route and another jail
    do not.
    """
    rdr = 'rdr on em0 inet proto tcp from any to <ext_ip4> port 8080 tag "x" -> 172.16.15.15 port 80\n'
    passing = "pass quick inet proto tcp from any to 172.16.15.15 port 80"
    pf.load("jailpf/dovecot", f'{rdr}{passing} tagged "x"\n')
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 8080).port == 80
    neighbour = {"proto": "tcp", "source": "203.0.113.50", "to": "172.16.15.15", "port": 80, "keep": False}
    assert not pf.connect(**neighbour)
    assert not pf.connect("tcp", "", "172.16.15.15", 80, sender="jail:web")
    pf.load("jailpf/dovecot", f"{rdr}{passing}\n")
    assert pf.connect(**neighbour)
    assert pf.connect("tcp", "", "172.16.15.15", 80, sender="jail:web")


def test_outgoing_needs_the_tag_since_nat_comes_first(pf: Simulated) -> None:
    """facts.md, "Outgoing under block all": `pass out from J` never matches NATed traffic; the tagged form
    does.
    """
    nat = 'nat on em0 inet from 172.16.15.15 to any tag "y" -> (em0:0)\n'
    pf.load("jailpf/dovecot", nat + "pass out quick on em0 inet from 172.16.15.15 to any\n")
    assert not pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:dovecot")
    pf.load("jailpf/dovecot", nat + 'pass out quick on em0 inet all tagged "y" label "L"\n')
    connection = pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:dovecot")
    assert connection.source == "203.0.113.1"
    assert pf.kill("label", "L") == 1


def test_ipv6_without_nat_passes_by_its_source(pf: Simulated) -> None:
    """facts.md: un-NATed IPv6: `pass out quick on em0 inet6 from J6 to any label "L"`."""
    pf.load("jailpf/dovecot", 'pass out quick on em0 inet6 from fd7a::f to any label "L"\n')
    assert pf.connect("tcp", "", "2001:db8:9::9", 25, sender="jail:dovecot")
    assert not pf.connect("tcp", "", "2001:db8:9::9", 25, sender="jail:web")


def test_ipv6_dies_without_neighbour_discovery(pf: Simulated) -> None:
    """facts.md: with `block` on the external interface IPv6 dies: `pass inet6 proto icmp6` is needed."""
    pf.load("jailpf/dovecot", "pass out quick on em0 inet6 from fd7a::f to any\n")
    pf.set_main('block all\nanchor "jailpf/*"\n')
    connection = pf.connect("tcp", "", "2001:db8:9::9", 25, sender="jail:dovecot")
    assert connection.verdict == "unreachable"
    assert "pass inet6 proto icmp6" in connection.reason
    pf.set_main('block all\npass inet6 proto icmp6\nanchor "jailpf/*"\n')
    assert pf.connect("tcp", "", "2001:db8:9::9", 25, sender="jail:dovecot")


def test_rdr_pass_skips_the_filter(pf: Simulated) -> None:
    """facts.md section 3: `rdr pass`: filter rules are skipped, and the state has no label."""
    pf.load("jailpf/dovecot", RDR.replace("rdr on", "rdr pass on") + "block quick all\n")
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 993)
    assert pf.kill("label", "jailpf/dovecot") == 0
    assert len(pf.states()) == 1


def test_an_anchors_table_goes_before_mains_and_parents_do_not_count(pf: Simulated) -> None:
    """facts.md section 2, "Tables and lookup": own table, then main's; those of parents are never
    consulted.
    """
    pf.set_main('table <t> { 198.51.100.7 }\nblock all\nanchor "a"\n')
    pf.load("a", 'anchor "b"\n')
    pf.load("a/b", "pass from <t>\n")
    assert _imap(pf)
    pf.load("a", 'table <t> persist { 192.0.2.1 }\nanchor "b"\n')
    assert _imap(pf)
    pf.load("a/b", "table <t> persist { 192.0.2.1 }\npass from <t>\n")
    assert not _imap(pf)


def test_an_undefined_table_matches_nothing_until_it_is_defined(pf: Simulated) -> None:
    """facts.md section 2: a rule naming an undefined table is accepted; it never matches until one is
    defined.
    """
    pf.load("jailpf/a", "pass quick from <t>\n")
    assert not _imap(pf)
    pf.load("jailpf/a", "table <t> { 198.51.100.0/24 }\npass quick from <t>\n")
    assert _imap(pf)


def test_the_most_specific_entry_of_a_table_decides(pf: Simulated) -> None:
    """pf.conf(5), TABLES: a negated entry inside of a network takes its addresses out."""
    pf.load("jailpf/a", "table <t> { 198.51.100.0/24 !198.51.100.7 }\npass quick from <t>\n")
    assert not _imap(pf)
    assert pf.connect("tcp", "198.51.100.8", "203.0.113.1", 993)


@pytest.mark.parametrize(
    ("rule", "proto", "arrives"),
    [
        ("pass inet proto icmp icmp-type echoreq", "icmp", True),
        ("pass inet proto icmp icmp-type unreach", "icmp", False),
        ("pass proto esp", "esp", True),
        ("pass proto gre", "esp", False),
        ("pass proto { tcp udp }", "icmp", False),
        ("pass inet6", "icmp", False),
    ],
)
def test_protocols_without_ports(pf: Simulated, rule: str, proto: str, arrives: bool) -> None:
    """pf.conf(5): proto, icmp-type and the family select; a ping is an echo request."""
    pf.load("jailpf/a", rule + "\n")
    assert bool(pf.connect(proto, "198.51.100.7", "203.0.113.1")) is arrives


@pytest.mark.parametrize(
    ("ports", "inside"),
    [
        ("80", {80}),
        ("80:82", {80, 81, 82}),
        ("79 >< 82", {80, 81}),
        ("80 <> 82", {79, 83}),
        ("!= 80", {79, 81, 82, 83}),
        ("> 81", {82, 83}),
        ("<= 80", {79, 80}),
    ],
)
def test_port_operators(pf: Simulated, ports: str, inside: set[int]) -> None:
    """facts.md section 4: `a:b` inclusive, `a><b` exclusive inside, `a<>b` outside."""
    pf.load("jailpf/a", f"pass inet proto tcp to any port {ports}\n")
    found = {p for p in range(79, 84) if pf.connect("tcp", "198.51.100.7", "203.0.113.1", p, keep=False)}
    assert found == inside


def test_source_ports_count(pf: Simulated) -> None:
    """pf.conf(5): `from any port 6277`."""
    pf.load("jailpf/a", "pass quick proto udp from any port 6277 to any\n")
    assert pf.connect("udp", "198.51.100.7", "203.0.113.1", 53, source_port=6277)
    assert not pf.connect("udp", "198.51.100.7", "203.0.113.1", 53)
