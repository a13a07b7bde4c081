"""`reach` computes on sets what `connect` answers for one packet: both must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds.rulesets import Sent, anchors, hosted, mains, packets, world

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.explain import rebuild
from jailpf.pf.simulated.reach import answers
from jailpf.pf.simulated.reach.answers import BEYOND
from jailpf.pf.simulated.reach.intervals import EVERY, IntervalSet
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.reach.reached import addresses, senders
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from jailpf.pf.simulated.reach.reached import Reached


def _compare(pf: Simulated, found: list[Reached], packet: Sent) -> None:
    connection = packet.asked(pf)
    entries = [entry for entry in found if packet.within(entry)]
    if any(BEYOND in e.doubts for e in entries):
        return  # of so many reach says that it cannot say
    sure = {(*_end(e, packet.port), e.answered) for e in entries if not e.doubts}
    doubtful = {_end(e, packet.port) for e in entries if e.doubts}
    ends = {
        (who, where, connection.port)
        for who, where in zip(connection.delivered_to.split(" or "), connection.address.split(" or "), strict=False)
        if who
    }
    if connection.verdict == "unknown":
        assert doubtful, (packet, connection)
        assert not sure, (packet, connection, entries)
    else:
        answered = connection.verdict == "pass"
        assert sure == {(*end, answered) for end in ends}, (packet, connection, entries)
        assert not doubtful, (packet, connection, entries)


def _end(entry: Reached, port: int) -> tuple[str, str, int]:
    return entry.delivered_to, entry.address, port + entry.shift if entry.port is None else entry.port


_few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
_many = settings(_few, max_examples=400)
_asked = given(main=mains, loaded=st.lists(anchors, max_size=3), sent=st.lists(packets, min_size=8, max_size=25))


def _agree(main: str, loaded: list[str], sent: list[Sent], most: int = answers.ASKED_MAX) -> None:
    """most: see ASKED_MAX; whatever it is, reach may not be wrong."""
    pf = world(main, loaded)
    with patch.object(answers, "ASKED_MAX", most):
        found = reach(pf)
    for packet in sent:
        _compare(pf, found, packet)


@_few
@_asked
def test_reach_and_connect_agree(main: str, loaded: list[str], sent: list[Sent]) -> None:
    """For random rulesets, rules in doubt among them, reach holds exactly the packets that connect lets through, says
    of the same that nothing answers, and of the same that only FreeBSD could tell.
    """
    _agree(main, loaded, sent, 300)


@pytest.mark.exam
@_many
@_asked
def test_reach_and_connect_agree_at_length(main: str, loaded: list[str], sent: list[Sent]) -> None:
    """The same, with many more."""
    _agree(main, loaded, sent)


def _entries(
    pf: Simulated, delivered: str, origin: str = "outside"
) -> list[tuple[str, list[str], tuple[tuple[int, int], ...]]]:
    return [
        (entry.proto, addresses(entry.sources, entry.family), entry.ports.spans)
        for entry in reach(pf, [origin])
        if entry.delivered_to == delivered
    ]


def test_a_published_service_is_reached_by_its_port_only() -> None:
    """A declared service is one entry, with its sources, its external port and its labels."""
    pf = hosted(Simulated())
    pf.load(
        "jailpf/a",
        "table <t> { 192.0.2.0/24 !192.0.2.0/25 }\n"
        'rdr on em0 inet proto tcp from <t> to <ext_ip4> port 6000:6010 tag "x" -> 172.16.15.1 port 7000:*\n'
        'pass quick inet proto tcp from any to 172.16.15.1 port 7000:7010 tagged "x" label "jailpf/a"\n',
    )
    (entry,) = [entry for entry in reach(pf) if entry.delivered_to == "a" and entry.proto == "tcp"]
    assert addresses(entry.sources, "inet") == ["192.0.2.128/25"]
    assert (entry.to.spans, entry.ports.spans) == (IntervalSet.single(0xCB007101).spans, ((6000, 6010),))
    assert entry.delivered_ports().spans == ((7000, 7010),)
    assert entry.labels() == ["jailpf/a"]
    assert [match.section for match in entry.rules()] == ["rdr", "filter"]


def test_what_no_rule_names_is_found_too() -> None:
    """A wide pass rule shows as what it is: every port but the blocked one, every protocol."""
    pf = hosted(Simulated(main="pass\nblock in proto tcp to 172.16.15.2 port 22\n"))
    assert ("tcp", ["any"], ((0, 21), (23, 65535))) in _entries(pf, "b")
    assert ("other", ["any"], ((0, 0),)) in _entries(pf, "b")
    assert _entries(pf, "w", "bridge0")


@pytest.mark.parametrize(
    ("rule", "reached"),
    [
        ("rdr on em0 inet proto tcp from any to any port 80 -> { 172.16.15.1 172.16.15.2 }", ["a", "b"]),
        ("rdr pass on em0 inet proto tcp from any to any port 80 -> 172.16.15.1", ["a"]),
        ("binat on em0 inet from 172.16.15.0/24 to any -> 203.0.113.0/24", ["b"]),
        ("binat pass on em0 inet from 172.16.15.2 to any -> 203.0.113.2", ["b"]),
    ],
)
def test_pools_networks_and_rules_that_pass_by_themselves(rule: str, reached: list[str]) -> None:
    """Each address of a pool is reached, a network is mapped one to one, and `pass` needs no filter rule."""
    pf = hosted(Simulated(main=rule + "\npass\n" if "pass" not in rule else rule + "\nblock\n"))
    entries = [e for e in reach(pf, ["outside"]) if e.family == "inet" and e.proto == "tcp"]
    there = parse_address("203.0.113.2").number
    assert sorted(e.delivered_to for e in entries if e.includes(0xC6336407, 40000, there, 80)) == reached
    assert not any(e.doubts for e in entries)


def test_a_pool_of_a_whole_ipv6_network() -> None:
    """It has more addresses than a len(): where nobody is, nothing arrives, so that whoever is there may be reached."""
    pf = hosted(Simulated(main="rdr on em0 inet6 proto tcp to any port 80 -> fd7a::/64 random\npass\n"))
    rows = [e for e in reach(pf, ["outside"]) if e.family == "inet6" and 80 in e.ports and e.proto == "tcp"]
    assert {(e.delivered_to, bool(e.doubts)) for e in rows if e.port is None and len(e.to.spans) == 1} >= {("a", True)}


def test_another_routing_table_is_a_doubt() -> None:
    """Where the packets go then is not simulated: they may arrive or not, and the rule is named."""
    entries = reach(hosted(Simulated(main="block\npass in proto tcp all rtable 1\n")), ["outside"])
    assert {e.proto for e in entries} == {"tcp"}
    assert all("rtable 1" in match.text for e in entries for match in e.blamed())


def test_a_doubtful_rule_puts_in_doubt_what_it_may_match_and_no_more() -> None:
    """A line that only FreeBSD can judge is named beside the packets that it decides about; all else stays sure."""
    rules = (
        'table <t> file "/nosuch/table"\nblock all\npass in on em0 proto tcp to 172.16.15.1\n'
        "pass in on em0 proto tcp from <t> to 172.16.15.2 port 80\n"
    )
    entries = reach(hosted(rebuild(rules)), ["outside"])
    assert {(e.delivered_to, bool(e.doubts)) for e in entries} == {("a", False), ("b", True)}
    assert {match.line for e in entries for match in e.blamed()} == {4}
    published = hosted(rebuild('table <u> file "/no"\nrdr on em0 inet proto tcp to <u> port 80 -> 172.16.15.1\npass\n'))
    there = parse_address("198.51.100.99").number
    found = [e for e in reach(published, ["outside"]) if e.proto == "tcp" and 80 in e.ports and there in e.to]
    assert [(e.delivered_to, bool(e.doubts)) for e in found] == [("a", True)]
    assert reach(rebuild("block all\npass in on em7 proto tcp user root\n")) == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))),
)
def test_interval_sets_are_sets(one: list[tuple[int, int]], two: list[tuple[int, int]]) -> None:
    """Union, intersection, difference and membership are those of sets."""
    a, b = IntervalSet.of(one), IntervalSet.of(two)
    plain_a = {n for low, high in one for n in range(low, high + 1)}
    plain_b = {n for low, high in two for n in range(low, high + 1)}
    for found, expected in ((a & b, plain_a & plain_b), (a | b, plain_a | plain_b), (a - b, plain_a - plain_b)):
        assert {n for n in range(-1, 43) if n in found} == expected
        assert found == IntervalSet.of(found.spans)
        assert len(found) == len(expected)


def test_sets_of_addresses_are_printed_as_networks() -> None:
    """For people: networks and single addresses."""
    assert addresses(EVERY["inet"] - IntervalSet.single(0), "inet")[0] == "0.0.0.1"
    assert addresses(EVERY["inet6"], "inet6") == ["any"]
    assert addresses(IntervalSet(((0xC0000200, 0xC0000206),)), "inet") == ["192.0.2.0/30", "192.0.2.4/31", "192.0.2.6"]


def test_senders_are_named_even_when_their_addresses_are_neighbours() -> None:
    """The jails behind a set of sources, each by its name; the host by "host"."""
    pf = hosted(Simulated(main="pass\n"))
    entries = [e for e in reach(pf, ["local"]) if e.delivered_to == "v" and e.proto == "tcp" and e.family == "inet"]
    assert [sorted(senders(entry, pf.topology)) for entry in entries] == [["a", "b", "c", "host"]]
    assert {tuple(senders(entry, pf.topology)) for entry in reach(pf, ["outside"])} == {("outside",)}


def test_what_many_senders_may_is_one_entry() -> None:
    """Each vnet jail's own `pass in on bridge0 from J` does not divide the answer into one entry for each
    sender.
    """
    pf = Simulated()
    texts = {}
    for number in range(40):
        jail = f"10.9.{number}.5"
        pf.topology.add_jail(f"v{number}", [jail], interface="bridge0", vnet=True)
        texts[f"v{number}"] = (
            f"rdr on bridge0 inet proto tcp from any to <ext_ip4> port {8000 + number} -> {jail} port 80\n"
            f"pass in quick on bridge0 from {jail}\npass quick inet proto tcp from any to {jail} port 80\n"
        )
    pf.load_children("jailpf", texts)
    published = [entry for entry in reach(pf, ["bridge0"]) if entry.port == 80]
    assert len(published) < 2 * 40  # let in by a sender's rule, or by that of the receiver
    for number in range(40):
        found = [senders(entry, pf.topology) for entry in published if 8000 + number in entry.ports]
        assert len({name for names in found for name in names}) == 40
