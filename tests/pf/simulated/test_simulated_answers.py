"""What becomes of a connection after its first packet: answers, refusals, states. On the host of the recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from recorded import host

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.explain import rebuild

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection

EXT = "198.51.100.1"
CALLS = 'nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\npass quick inet6 proto icmp6\nblock all\nanchor "jailpf/*"\n'


def _pf(main: str = CALLS, anchor: str = "") -> Simulated:
    pf = Simulated(main=main, topology=host())
    if anchor:
        pf.load("jailpf/j", anchor)
    return pf


def _ask(pf: Simulated, sender: str, to: str, port: int = 80, proto: str = "tcp") -> Connection:
    if sender.startswith("jail:") or sender == "host":
        return pf.connect(proto, "", to, port, sender=sender, keep=False)
    interface = "epair2a" if sender.startswith("203.") else "epair0a"
    return pf.connect(proto, sender, to, port, interface=interface, keep=False)


def test_a_default_pass_is_no_connection_where_a_nat_takes_the_answer() -> None:
    """facts-2.md: no rule, no state; the answer leaves translated, and the client never sees it. `pass all` cures it."""
    nat = "nat on epair0a inet from 172.16.15.16 to any -> (epair0a:0)\n"
    found = _ask(_pf(nat), "198.51.100.2", "172.16.15.16")
    assert (found.verdict, found.delivered_to, found.sender_sees) == ("unanswered", "web", "silence")
    assert _ask(_pf(nat + "pass all\n"), "198.51.100.2", "172.16.15.16")


def test_the_answer_of_a_lo1_jail_is_on_its_own_loopback() -> None:
    """facts.md: `set skip on lo0` alone breaks IPv4 from a lo1 jail to EXT under `block all`; IPv6 is all on lo0."""
    pf = _pf("set skip on lo0\nblock all\n")
    found = _ask(pf, "jail:web", EXT)
    assert found.verdict == "unanswered"
    assert [(step.interface, step.packet) for step in found.steps if step.verdict == "block"] == [("lo1", "answer")]
    assert _ask(pf, "jail:web", "2001:db8:1::1")
    for cure in ("pass on lo1 flags any", "pass on lo1 no state"):
        assert _ask(_pf(f"set skip on lo0\nblock all\n{cure}\n"), "jail:web", EXT)
    assert _ask(_pf("set skip on lo\nblock all\n"), "jail:web", EXT)
    assert _ask(_pf("block all\npass on lo0\n"), "jail:web", EXT)


def test_modulated_sequence_numbers_need_the_answer_to_come_back_the_same_way() -> None:
    """Recorded: from an alias jail to a lo1 jail the answer is on lo0; skipped there, `modulate state` cannot undo."""
    rules = "set skip on lo0\nblock all\npass on lo1 {}\n"
    assert _ask(_pf(rules.format("keep state")), "jail:al", "172.16.15.16")
    assert _ask(_pf(rules.format("proto tcp modulate state")), "jail:al", "172.16.15.16").verdict == "unanswered"


def test_a_tag_does_not_survive_a_loopback() -> None:
    """facts-2.md section 3: an OUT tag is never visible at the IN side of a loopback; from card to bridge it is."""
    rules = 'block all\npass out on lo1 tag "x"\npass in on lo1 tagged "x"\npass in on epair0a tag "x"\npass out on bridge0 tagged "x"\n'
    pf = _pf(rules)
    assert _ask(pf, "jail:web", "172.16.15.15").verdict == "block"
    assert _ask(pf, "198.51.100.2", "172.16.20.10")


@pytest.mark.parametrize(
    ("rule", "sender", "to", "proto", "sees"),
    [
        ("block return in quick on lo1", "jail:web", "172.16.15.15", "tcp", "refusal"),
        ("block drop in quick on lo1", "jail:web", "172.16.15.15", "tcp", "silence"),
        ("block return quick on lo1", "jail:web", "172.16.15.15", "tcp", "denial"),
        ("block drop out quick on epair0a", "jail:web", "198.51.100.2", "udp", "denial"),
        ("block return in quick on bridge0", "jail:vn", "198.51.100.2", "tcp", "silence"),
        ("block return in quick on bridge0", "jail:vn", "198.51.100.2", "udp", "refusal"),
        ("block return-rst in quick on lo1 proto tcp", "jail:web", "172.16.15.15", "tcp", "refusal"),
    ],
)
def test_what_a_block_lets_the_sender_see(rule: str, sender: str, to: str, proto: str, sees: str) -> None:
    """facts-2.md: EACCES for its own packets on the way out, else an answer of `return`; an epair's TCP gets no RST."""
    assert _ask(_pf(rule + "\npass\n"), sender, to, 53, proto).sender_sees == sees


def test_a_refusal_for_somebody_else_is_not_heard() -> None:
    """facts-2.md section 4: the answer comes from where the packet was going; after an rdr elsewhere that is a stranger."""
    rdr = f"rdr on lo0 inet proto udp from any to {EXT} port 53 -> 172.16.20.10\nblock return out quick on bridge0\npass\n"
    assert _ask(_pf(rdr), "jail:web", EXT, 53, "udp").sender_sees == "silence"


def test_nobody_listens_is_a_refusal() -> None:
    """A closed port answers, where its answer gets through."""
    pf = _pf("block all\npass in on epair0a proto tcp to port 80\npass in on epair0a proto tcp to port 81 no state\n")
    ask = {"interface": "epair0a", "keep": False, "listens": False}
    assert pf.connect("tcp", "198.51.100.2", EXT, 80, **ask).sender_sees == "refusal"  # type: ignore[arg-type]
    assert pf.connect("tcp", "198.51.100.2", EXT, 81, **ask).sender_sees == "silence"  # type: ignore[arg-type]


def test_no_state_needs_a_rule_for_the_answer() -> None:
    """facts-2.md section 11: what no rule translates has no state, and its answer needs a rule of its own."""
    rules = "block all\npass in proto tcp to 172.16.20.10 port 80 no state\npass out proto tcp to 172.16.20.10 port 80 no state\n"
    assert _ask(_pf(rules), "198.51.100.2", "172.16.20.10").verdict == "unanswered"
    assert _ask(_pf(rules + "pass proto tcp from 172.16.20.10 port 80 no state\n"), "198.51.100.2", "172.16.20.10")


def test_a_state_that_is_bound_is_found_on_its_interface_only() -> None:
    """pf.conf(5), if-bound: the answer on another loopback does not belong to it; a floating one is found there."""
    rules = "block all\npass on lo0 {}\n"
    assert _ask(_pf(rules.format("keep state (if-bound)")), "jail:web", EXT).verdict == "unanswered"
    assert _ask(_pf(rules.format("keep state")), "jail:web", EXT)


def test_a_service_on_the_second_uplink_needs_reply_to() -> None:
    """facts-2.md: without reply-to only clients on B's own network get an answer."""
    rdr = 'rdr on epair2a inet proto tcp from any to (epair2a:0) port 8080 tag "T" -> 172.16.15.16 port 80\n'
    plain = _pf(anchor=rdr + 'pass in quick on epair2a inet proto tcp to 172.16.15.16 port 80 tagged "T"\n')
    far = plain.connect("tcp", "192.0.2.50", "203.0.113.1", 8080, interface="epair2a", keep=False)
    assert (far.verdict, far.delivered_to) == ("unanswered", "web")
    assert _ask(plain, "203.0.113.2", "203.0.113.1", 8080)
    route = (
        'pass in quick on epair2a reply-to (epair2a 203.0.113.2) inet proto tcp to 172.16.15.16 port 80 tagged "T"\n'
    )
    assert _pf(anchor=rdr + route).connect("tcp", "192.0.2.50", "203.0.113.1", 8080, interface="epair2a", keep=False)


def test_out_by_the_second_uplink_with_a_nat_on_the_default_card() -> None:
    """facts-2.md: nat on the default card with B's address and route-to; nat on B is never asked."""
    way = 'pass out quick on epair0a route-to (epair2a 203.0.113.2) inet all tagged "Y"\n'
    good = _pf(anchor='nat on epair0a inet from 172.16.15.16 to any tag "Y" -> (epair2a:0)\n' + way)
    found = _ask(good, "jail:web", "192.0.2.60")
    assert (found.verdict, found.source) == ("pass", "203.0.113.1")
    leak = _pf(anchor="nat on epair2a inet from 172.16.15.16 to any -> (epair2a:0)\n" + way.replace(' tagged "Y"', ""))
    assert _ask(leak, "jail:web", "192.0.2.60").source == "172.16.15.16"


def test_a_hairpin_to_a_vnet_jail_needs_a_nat_on_its_bridge() -> None:
    """facts.md: the rdr alone gets no answer; with a nat on the bridge it works, and the jail sees the bridge."""
    rdr = (
        f'rdr on bridge0 inet proto tcp from any to {EXT} port 8080 tag "x" -> 172.16.20.10 port 80\n'
        'pass quick inet proto tcp from any to 172.16.20.10 port 80 tagged "x"\npass quick on bridge0 inet from 172.16.20.0/24\n'
    )
    assert _ask(_pf(anchor=rdr), "jail:vn2", EXT, 8080).verdict == "unanswered"
    nat = "nat on bridge0 inet proto tcp from 172.16.20.0/24 to 172.16.20.10 port 80 -> (bridge0)\n"
    found = _ask(_pf(anchor=nat + rdr.replace("passquick", "pass quick")), "jail:vn2", EXT, 8080)
    assert (found.verdict, found.source) == ("pass", "172.16.20.1")


def test_a_pool_is_one_of_its_addresses() -> None:
    """Which address of a pool pf takes is not known: each is named, and the verdict stays sure where all come to it."""
    pf = _pf("rdr on epair0a inet proto tcp from any to any port 8080 -> { 172.16.15.15 172.16.15.16 } port 80\npass\n")
    found = _ask(pf, "198.51.100.2", EXT, 8080)
    assert (found.verdict, found.delivered_to) == ("pass", "dovecot or web")
    pf = _pf(
        "rdr on epair0a inet proto tcp from any to any port 8080 -> { 172.16.15.15 172.16.15.16 }\npass\nblock to 172.16.15.15\n"
    )
    assert _ask(pf, "198.51.100.2", EXT, 8080).verdict == "unknown"


def _unread(*lines: str) -> Simulated:
    return rebuild('table <u> file "/nosuch/table"\n' + "".join(f"{line}\n" for line in lines), topology=host())


def test_many_doubts_that_come_to_the_same_are_none() -> None:
    """Courses that end alike are one: forty doubtful blocks below a block change nothing, and cost nothing."""
    pf = _unread("block all", *[f"block in proto tcp from <u> to port {port}" for port in [80] * 40])
    assert _ask(pf, "198.51.100.2", EXT).verdict == "block"


def test_an_anchor_in_doubt_is_entered_whole_or_not_at_all() -> None:
    """Both ways end in a pass here, though each rule of the anchor by itself would make a difference."""
    pf = _unread("pass", 'anchor "a" in from <u> to any {', "block all", "pass quick proto tcp to port 80", "}")
    assert _ask(pf, "198.51.100.2", EXT)
    assert _ask(pf, "198.51.100.2", EXT, 81).verdict == "unknown"


def test_a_doubt_about_a_tag_is_a_doubt_about_what_asks_for_it() -> None:
    """And about nothing else."""
    pf = _unread(
        "block all", "match in from <u> tag T", "pass in proto tcp to port 80", "pass in proto tcp to port 81 tagged T"
    )
    assert _ask(pf, "198.51.100.2", EXT)
    assert _ask(pf, "198.51.100.2", EXT, 81).verdict == "unknown"
    assert _ask(pf, "198.51.100.2", EXT, 82).verdict == "block"


def test_a_name_that_only_the_resolver_knows_leaves_the_rest_of_the_rule_known() -> None:
    """Port, protocol and the other end are as written; the reason names the name."""
    pf = _unread("block all", "pass in proto tcp from host.example.org to port 80")
    found = _ask(pf, "198.51.100.2", EXT)
    assert found.verdict == "unknown"
    assert "only the resolver of the host knows host.example.org" in found.reason
    assert _ask(pf, "198.51.100.2", EXT, 81).verdict == "block"


def test_an_anchor_whose_file_cannot_be_read_is_a_doubt_where_it_is_called() -> None:
    """`load anchor` of a file that is not here: what its anchor line lets in is in doubt, all else is not."""
    pf = _unread("block all", 'anchor "x" in proto tcp', 'load anchor "x" from "/nosuch/x.conf"')
    assert _ask(pf, "198.51.100.2", EXT).verdict == "unknown"
    assert _ask(pf, "198.51.100.2", EXT, 53, "udp").verdict == "block"


def test_networks_around_an_interfaces_addresses() -> None:
    """pf.conf(5): `(em0)/24` is the network of that size around the address."""
    pf = _pf("block all\npass in proto tcp from (epair0a)/24 to port 80\n")
    assert _ask(pf, "198.51.100.77", EXT)
    assert _ask(pf, "192.0.2.60", EXT).verdict == "block"
