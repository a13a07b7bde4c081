"""States: what they let through, who kills them, and what limits them. Facts are those of facts.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import PfRefusedError

if TYPE_CHECKING:
    from conftest import Clock

    from jailpf.pf.simulated import Connection, Simulated

RDR = "rdr on em0 inet proto tcp from any to <ext_ip4> port 993 -> 172.16.15.15\n"
PASS = 'pass quick inet proto tcp from any to 172.16.15.15 port 993 label "jailpf/d" label "jailpf/d/mail"\n'


def _limited(options: str, before: str = "") -> str:
    keep = f"keep state ({options})"
    return RDR + before + f"pass quick inet proto tcp from any to 172.16.15.15 port 993 {keep}\n"


def _imap(pf: Simulated, source_port: int, source: str = "198.51.100.7") -> Connection:
    return pf.connect("tcp", source, "203.0.113.1", 993, source_port=source_port)


def test_states_pass_without_rules(pf: Simulated) -> None:
    """facts.md section 7: removing rules does not remove states, and states keep translating."""
    pf.load("jailpf/d", RDR + PASS)
    assert _imap(pf, 1)
    pf.unload("jailpf/d")
    again = _imap(pf, 1)
    assert (again.delivered_to, again.steps[0].phase) == ("dovecot", "state")
    assert not _imap(pf, 2)


def test_replies_pass_and_are_translated_back(pf: Simulated) -> None:
    """pf.conf(5), STATEFUL FILTERING: packets in the other direction belong to the state."""
    pf.load("jailpf/d", RDR + PASS)
    _imap(pf, 1)
    reply = pf.connect("tcp", "172.16.15.15", "198.51.100.7", 1, source_port=993, sender="jail:dovecot")
    assert reply
    assert (reply.source, reply.source_port) == ("203.0.113.1", 993)
    assert reply.states == []


def test_asking_leaves_no_trace(pf: Simulated) -> None:
    """`keep=False` makes no state and counts nothing."""
    pf.load("jailpf/d", RDR + PASS)
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 993, keep=False)
    assert pf.states() == []
    assert [count.evaluations for count in pf.labels(["jailpf/d"])] == [0]


def test_states_are_printed_as_pfctl_does(pf: Simulated) -> None:
    """transcript-pfctl-15.txt: `all tcp JAIL:993 (HOST:993) <- CLIENT:PORT`, outgoing `NAT (JAIL) -> TO`."""
    pf.load("jailpf/d", RDR + PASS)
    _imap(pf, 54320)
    state = pf.states()[0]
    assert state.text.split("  ")[0] == "all tcp 172.16.15.15:993 (203.0.113.1:993) <- 198.51.100.7:54320"
    assert state.addresses == {"172.16.15.15", "203.0.113.1", "198.51.100.7"}
    pf.set_main("nat on em0 inet from 172.16.0.0/12 to any -> (em0:0) static-port\npass\n")
    pf.connect("tcp", "", "9.9.9.9", 9, sender="jail:web", source_port=19632)
    assert pf.states()[1].text.startswith("all tcp 203.0.113.1:19632 (172.16.15.16:19632) -> 9.9.9.9:9 ")
    pf.connect("tcp", "2001:db8::7", "2001:db8::1", 80, source_port=5)
    assert pf.states()[2].text.startswith("all tcp 2001:db8::1[80] <- 2001:db8::7[5] ")


def test_kill_by_label_takes_exactly_the_rules_states(pf: Simulated) -> None:
    """facts.md: `-k label -k L` kills exactly the states made by rules with label L, any one of its
    labels.
    """
    pf.load("jailpf/d", RDR + PASS)
    pf.load("jailpf/w", PASS.replace("172.16.15.15", "172.16.15.16").replace("jailpf/d", "jailpf/w"))
    _imap(pf, 1)
    pf.connect("tcp", "203.0.113.9", "172.16.15.16", 993)
    assert pf.kill("label", "jailpf/") == 0
    assert pf.kill("label", "jailpf/d/mail") == 1
    assert [state.addresses for state in pf.states()] == [{"203.0.113.9", "172.16.15.16"}]


def test_kill_by_label_works_after_the_rules_are_gone(pf: Simulated) -> None:
    """facts.md section 7: the label is matched on the state's rule, which survives the removal of the
    rule.
    """
    pf.load("jailpf/d", RDR + PASS)
    _imap(pf, 1)
    pf.unload("jailpf/d")
    assert pf.kill("label", "jailpf/d") == 1


def test_kill_by_nat_source_takes_the_outgoing_ones(pf: Simulated) -> None:
    """facts.md section 7: `-k nat -k JAILIP` kills the outgoing NATed ones, not the redirected incoming
    ones.
    """
    pf.set_main(
        "table <ext_ip4> { 203.0.113.1 }\nnat on em0 inet from 172.16.0.0/12 to any -> (em0:0)\n" + RDR + "pass\n"
    )
    _imap(pf, 1)
    pf.connect("tcp", "", "9.9.9.9", 9, sender="jail:dovecot")
    pf.connect("icmp", "", "9.9.9.9", sender="jail:dovecot")
    pf.connect("tcp", "", "9.9.9.9", 9, sender="jail:web")
    assert pf.kill("nat", "172.16.15.15") == 2
    assert len(pf.states()) == 2
    assert pf.nat_kill()


def test_kill_by_id(pf: Simulated) -> None:
    """facts.md section 7: `-k id -k HEX[/creator]`: exactly one."""
    pf.load("jailpf/d", RDR + PASS)
    _imap(pf, 1)
    _imap(pf, 2)
    assert pf.kill("id", pf.states()[0].id + "/f728d976") == 1
    assert pf.kill("id", "ffff") == 0
    assert len(pf.states()) == 1
    with pytest.raises(PfRefusedError):
        pf.kill("id", "nonsense")


def test_labels_have_counters(pf: Simulated) -> None:
    """facts.md section 6: labels with evaluations, packets, bytes and states; reloading starts them at 0."""
    pf.load("jailpf/d", RDR + PASS + "block quick proto udp all\n")
    _imap(pf, 1)
    pf.connect("tcp", "198.51.100.7", "203.0.113.1", 22)
    (count,) = pf.labels(["jailpf/d", "jailpf/nosuch"])
    assert count.labels == ("jailpf/d", "jailpf/d/mail")
    assert (count.evaluations, count.packets, count.states) == (2, 1, 1)
    pf.load("jailpf/d", RDR + PASS)
    assert pf.labels(["jailpf/d"])[0].packets == 0


def test_a_rule_without_state_makes_none(pf: Simulated) -> None:
    """pf.conf(5): `no state`; but what was translated always has one (pf.c)."""
    without = PASS.replace("label", "no state label", 1)
    pf.load("jailpf/d", without)
    assert pf.connect("tcp", "198.51.100.7", "172.16.15.15", 993).delivered_to == "dovecot"
    assert pf.states() == []
    pf.load("jailpf/d", RDR + without)
    assert _imap(pf, 1)
    assert len(pf.states()) == 1


def test_max_bounds_the_states_of_a_rule(pf: Simulated) -> None:
    """pf.conf(5), max: when it is reached, packets that would create state are dropped."""
    pf.load("jailpf/d", _limited("max 2"))
    first = _imap(pf, 1)
    assert [bool(_imap(pf, port)) for port in (2, 3)] == [True, False]
    pf.close(first)
    assert _imap(pf, 4)


def test_max_src_states_bounds_one_source(pf: Simulated) -> None:
    """pf.conf(5), max-src-states: per source address."""
    pf.load("jailpf/d", _limited("max-src-states 2"))
    assert [bool(_imap(pf, port)) for port in (1, 2, 3)] == [True, True, False]
    assert _imap(pf, 1, "198.51.100.8")


def test_max_src_nodes_bounds_the_sources(pf: Simulated) -> None:
    """pf.conf(5), max-src-nodes: how many sources can have state at once."""
    pf.load("jailpf/d", _limited("max-src-nodes 1"))
    assert _imap(pf, 1)
    assert not _imap(pf, 1, "198.51.100.8")
    assert _imap(pf, 2)


def test_overload_in_the_own_table(pf: Simulated) -> None:
    """facts.md: own `table <x> persist` and a block above the pass rule: 2 of 4 connections got in."""
    before = "block in quick from <x>\n"
    pf.load("jailpf/d", "table <x> persist\n" + _limited("max-src-conn 2, overload <x>", before))
    assert [bool(_imap(pf, port)) for port in (1, 2, 3, 4)] == [True, True, False, False]
    assert pf.table("jailpf/d", "x", "show") == ["198.51.100.7"]
    assert _imap(pf, 1, "198.51.100.8")


def test_overload_shadows_mains_table(pf: Simulated) -> None:
    """facts.md: naming <bf> in overload creates an empty <bf> in that anchor, which then shadows main's."""
    pf.set_main("table <bf> persist { 198.51.100.7 }\n" + pf.main())
    before = "block in quick from <bf>\n"
    pf.load("jailpf/d", _limited("max-src-conn 2", before))
    assert not _imap(pf, 1)
    pf.load("jailpf/d", _limited("max-src-conn 2, overload <bf>", before))
    assert pf.read("jailpf/d").tables == {"bf": ()}
    assert _imap(pf, 2)
    assert pf.table("", "bf", "show") == ["198.51.100.7"]


@pytest.mark.parametrize(("flush", "left"), [("", 3), ("flush", 1), ("flush global", 0)])
def test_flush_kills_the_sources_states(pf: Simulated, flush: str, left: int) -> None:
    """pf.conf(5), flush: the states that this rule made; global: all states of the source."""
    pf.load("jailpf/d", _limited(f"max-src-conn 2, overload <x> {flush}") + "pass quick proto udp all\n")
    pf.connect("udp", "198.51.100.7", "203.0.113.1", 53)
    for port in (1, 2, 3):
        _imap(pf, port)
    assert len(pf.states()) == left


def test_max_src_conn_rate_follows_the_clock(pf: Simulated, clock: Clock) -> None:
    """pf.conf(5), max-src-conn-rate: a moving average over an interval, which the clock of the test sets."""
    pf.load("jailpf/d", _limited("max-src-conn-rate 2/10"))
    assert [bool(_imap(pf, port)) for port in (1, 2, 3)] == [True, True, False]
    clock.time += 10
    assert _imap(pf, 4)


def test_limits_on_connections_are_for_tcp(pf: Simulated) -> None:
    """pf.conf(5), max-src-conn: connections that completed the TCP handshake."""
    pf.load("jailpf/d", "pass quick inet proto udp from any to any port 53 keep state (max-src-conn 1)\n")
    found = [pf.connect("udp", "198.51.100.7", "203.0.113.1", 53, source_port=port) for port in (1, 2)]
    assert all(found)


def test_a_limit_names_itself(pf: Simulated) -> None:
    """A connection that a limit stops says which."""
    pf.load("jailpf/d", _limited("max-src-conn 1"))
    _imap(pf, 1)
    cut = _imap(pf, 2)
    assert (cut.verdict, cut.reason) == ("block", "max-src-conn 1: the connection is cut")
