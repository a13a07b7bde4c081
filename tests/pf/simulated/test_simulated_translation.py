"""Which nat, rdr or binat rule wins. The facts are those of facts.md ("What a running 15.1 showed" and
section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection, Simulated

OPEN = "pass\n"
ANCHORS = 'nat-anchor "jailpf/*"\nbinat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\n'


def _imap(pf: Simulated, **more: int) -> Connection:
    return pf.connect("tcp", "198.51.100.7", "203.0.113.1", 993, **more)


def _rdr(target: str, tag: str = "") -> str:
    return f"rdr on em0 inet proto tcp from any to 203.0.113.1 port 993 {tag} -> {target}\n"


def test_inside_one_anchor_the_first_match_wins(pf: Simulated) -> None:
    """facts.md, "Which translation rule wins on 15": inside one anchor the first match."""
    pf.load("jailpf/a", _rdr("172.16.15.15") + _rdr("172.16.15.16") + OPEN)
    assert _imap(pf).delivered_to == "dovecot"


def test_across_siblings_the_last_match_wins(pf: Simulated) -> None:
    """facts.md: across sibling anchors the LAST (a, b, c claimed one port: c got it; with c flushed, b)."""
    pf.topology.add_jail("c", ["172.16.15.17"])
    for name, target in (("a", "172.16.15.15"), ("b", "172.16.15.16"), ("c", "172.16.15.17")):
        pf.load(f"jailpf/{name}", _rdr(target) + f"pass quick inet proto tcp from any to {target} port 993\n")
    assert _imap(pf).address == "172.16.15.17"
    pf.unload("jailpf/c")
    assert _imap(pf, source_port=40001).address == "172.16.15.16"


@pytest.mark.parametrize("order", ["main first", "anchors first"])
def test_main_beats_every_anchor_wherever_it_stands(pf: Simulated, order: str) -> None:
    """facts.md: a nat or rdr rule of the main ruleset beats every anchor, before or after the anchor line."""
    general = "nat on em0 inet from 172.16.15.0/24 to any -> 203.0.113.9\n" + _rdr("172.16.15.16")
    pf.set_main((general + ANCHORS if order == "main first" else ANCHORS + general) + OPEN)
    pf.load("jailpf/a", "nat on em0 inet from 172.16.15.15 to any -> (em0:0)\n" + _rdr("172.16.15.15"))
    assert pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:dovecot").source == "203.0.113.9"
    assert _imap(pf).delivered_to == "web"


def test_binat_in_an_anchor_beats_a_general_nat(pf: Simulated) -> None:
    """facts.md: binat in an anchor beats a general nat."""
    pf.set_main("nat on em0 inet from 172.16.15.0/24 to any -> (em0:0)\n" + ANCHORS + OPEN)
    pf.load("jailpf/a", "binat on em0 inet from 172.16.15.15 to any -> 203.0.113.7\n")
    assert pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:dovecot").source == "203.0.113.7"


def test_binat_works_in_both_directions(pf: Simulated) -> None:
    """pf.conf(5), binat: a bidirectional mapping; ports stay as they are."""
    pf.set_main(ANCHORS + OPEN)
    pf.load("jailpf/a", "binat on em0 inet from 172.16.15.15 to any -> 203.0.113.7\n")
    incoming = pf.connect("udp", "198.51.100.7", "203.0.113.7", 53)
    assert (incoming.delivered_to, incoming.address, incoming.port) == ("dovecot", "172.16.15.15", 53)
    outgoing = pf.connect("udp", "", "9.9.9.9", 53, sender="jail:dovecot", source_port=4000)
    assert (outgoing.source, outgoing.source_port) == ("203.0.113.7", 4000)


def test_no_rdr_ends_only_its_own_ruleset(pf: Simulated) -> None:
    """facts.md section 3: `no rdr` in an anchor ends that anchor; it does not undo a match found
    elsewhere.
    """
    pf.set_main(ANCHORS + OPEN)
    pf.load("jailpf/a", _rdr("172.16.15.15"))
    pf.load("jailpf/b", "no rdr on em0 inet proto tcp from any to any port 993\n" + _rdr("172.16.15.16"))
    assert _imap(pf).delivered_to == "dovecot"


def test_a_wildcard_evaluates_direct_children_only(pf: Simulated) -> None:
    """facts.md section 3: neither rules of the parent itself nor of grandchildren are evaluated."""
    pf.set_main(ANCHORS + OPEN)
    pf.load("jailpf", _rdr("172.16.15.15"))
    pf.load("jailpf/a/b", _rdr("172.16.15.16"))
    assert _imap(pf).delivered_to == "host"


def test_a_nested_anchor_rule_is_followed(pf: Simulated) -> None:
    """facts.md section 3: rdr/a/b is evaluated if rdr/a itself contains an anchor rule."""
    pf.set_main(ANCHORS + OPEN)
    pf.load("jailpf/a", 'rdr-anchor "b"\n')
    pf.load("jailpf/a/b", _rdr("172.16.15.16"))
    assert _imap(pf).delivered_to == "web"


def test_each_anchor_word_looks_at_its_own_section(pf: Simulated) -> None:
    """facts.md section 3: a pass rule in an anchor that only rdr-anchor calls does nothing."""
    pf.set_main('rdr-anchor "jailpf/*"\nblock\n')
    pf.load("jailpf/a", _rdr("172.16.15.15") + "pass quick all\n")
    connection = _imap(pf)
    assert connection.verdict == "block"
    assert [step.phase for step in connection.steps] == ["rdr", "filter"]


def test_siblings_are_evaluated_in_strcmp_order(pf: Simulated) -> None:
    """facts.md section 3: in strcmp() order of the path: "B" before "a", "a-b" before "a.b"."""
    pf.set_main(ANCHORS + OPEN)
    for name, target in (("a", 1), ("B", 2), ("a.b", 3), ("a-b", 4)):
        pf.load(f"jailpf/{name}", _rdr(f"172.16.15.{target}"))
    order = [match.path for match in _imap(pf).steps[0].rules]
    assert order == ["jailpf/B", "jailpf/a", "jailpf/a-b", "jailpf/a.b"]


@pytest.mark.parametrize(("outside", "inside"), [(6000, 7000), (6003, 7003), (6010, 7010)])
def test_a_range_maps_port_by_port_with_a_star(pf: Simulated, outside: int, inside: int) -> None:
    """facts.md: `port 6000:6010 -> J port 7000:*` maps 6003 to 7003."""
    text = "rdr on em0 inet proto tcp from any to 203.0.113.1 port 6000:6010 -> 172.16.15.15 port 7000:*\n"
    pf.load("jailpf/a", text + OPEN)
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", outside).port == inside


def test_a_range_goes_to_one_port_without_a_star(pf: Simulated) -> None:
    """facts.md: `-> J port 7000` sends the whole range to 7000."""
    text = "rdr on em0 inet proto tcp from any to 203.0.113.1 port 6000:6010 -> 172.16.15.15 port 7000\n"
    pf.load("jailpf/a", text + OPEN)
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 6007).port == 7000


@pytest.mark.parametrize(
    ("to", "address", "taken"),
    [
        ("(em0)", "203.0.113.20", True),
        ("em0", "203.0.113.20", True),
        ("(em0:0)", "203.0.113.20", False),
        ("(em0:0)", "203.0.113.1", True),
    ],
)
def test_only_the_first_address_spares_other_jails(pf: Simulated, to: str, address: str, taken: bool) -> None:
    """facts.md: `to (em0)` and `to em0` take the alias addresses that other jails own on em0, `to (em0:0)`
    not.
    """
    pf.load("jailpf/a", f"rdr on em0 inet proto tcp from any to {to} port 993 -> 172.16.15.15\n" + OPEN)
    assert (pf.connect("tcp", "198.51.100.7", address, 993).delivered_to == "dovecot") is taken


def test_rdr_of_icmp_takes_the_hosts_own_ping(pf: Simulated) -> None:
    """facts.md: rdr of icmp without ports takes the host's own ping."""
    pf.load("jailpf/a", "rdr on em0 inet proto icmp from any to 203.0.113.1 -> 172.16.15.15\n" + OPEN)
    assert pf.connect("icmp", "198.51.100.7", "203.0.113.1").delivered_to == "dovecot"


def test_nat_takes_a_port_of_its_own_unless_static(pf: Simulated) -> None:
    """pf.conf(5), static-port: otherwise nat replaces the source port."""
    pf.set_main(ANCHORS + OPEN)
    pf.load("jailpf/a", "nat on em0 inet from 172.16.15.15 to any -> (em0:0)\n")
    pf.load("jailpf/b", "nat on em0 inet from 172.16.15.16 to any -> (em0:0) static-port\n")
    first = pf.connect("udp", "", "9.9.9.9", 53, sender="jail:dovecot")
    second = pf.connect("udp", "", "9.9.9.8", 53, sender="jail:dovecot")
    assert first.source_port > 50000
    assert second.source_port not in {first.source_port, 40000}
    assert pf.connect("udp", "", "9.9.9.9", 53, sender="jail:web").source_port == 40000
