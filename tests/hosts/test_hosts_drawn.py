"""Random hosts and rules: `reach` and `connect` say the same of them, and names of interfaces mean nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hosts.drawn import Packet, hosts, packets, rules
from jailpf.errors import JailpfError
from jailpf.pf.simulated.explain import rebuild
from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.host.routes import longest
from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.reach.reach import reach
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection, Simulated
    from jailpf.pf.simulated.reach.reached import Reached

_few = settings(max_examples=3)
_many = settings(max_examples=500)


def _connect(pf: Simulated, one: Packet) -> Connection | None:
    """None for what is no question."""
    if (":" in one.source) != (":" in one.to):
        return None
    proto, port = one.proto, one.port
    if proto == "icmp":
        proto, port = ("ipv6-icmp" if ":" in one.to else "icmp"), 0
    interface = one.interface or None
    return pf.connect(
        proto, one.source, one.to, port, source_port=40000, interface=interface, sender=one.sender, keep=False
    )


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[Topology, str, list[Packet]]:
    host = draw(hosts())
    text = draw(rules(host))
    return host, text, draw(st.lists(packets(host, [host.ext_if, *ways.cards(host)]), min_size=10, max_size=30))


def _agree(host: Topology, text: str, asked: list[Packet]) -> None:
    pf = rebuild(text, topology=host)
    try:
        found = reach(pf)
    except JailpfError:
        return  # it said that it cannot say
    for one in asked:
        _compare(pf, found, one)


def _compare(pf: Simulated, found: list[Reached], one: Packet) -> None:
    host = pf.topology
    source, to = parse_address(one.source), parse_address(one.to)
    if one.sender == "outside":
        origin = "outside" if one.interface == host.ext_if else one.interface
        if not _honest(host, one):
            return
    else:
        jail = host.jails.get(one.sender[5:])
        origin = host.owners()[source].interface if jail and jail.vnet else "local"
    connection = _connect(pf, one)
    if connection is None:
        return
    proto, port = (one.proto, one.port) if one.proto != "icmp" else ("icmp" if to.family == "inet" else "ipv6-icmp", 0)
    rows = [
        row
        for row in found
        if (row.origin, row.family, row.proto) == (origin, to.family, proto)
        and row.includes(source.number, 40000 if port else 0, to.number, port)
    ]
    sure = {(row.delivered_to, row.address, _port(row, port), row.answered) for row in rows if not row.doubts}
    ends = {(connection.delivered_to, connection.address, connection.port, connection.verdict == "pass")}
    if not connection.delivered_to or connection.verdict == "block":
        ends = set()
    if ends and to not in host.owners() and connection.address not in map(str, host.owners()):
        ends = set()  # to others than the host and its jails is no row of reach
    if connection.verdict == "unknown":
        assert not sure, (one, connection.reason, rows)
        return
    assert sure == ends, (one, connection.verdict, connection.reason, connection.steps, rows)
    assert not [row for row in rows if row.doubts], (one, connection.verdict, rows)


def _port(row: Reached, port: int) -> int:
    return port + row.shift if row.port is None else row.port


def _honest(host: Topology, one: Packet) -> bool:
    """Whether a sender is where its address is: one who borrows another's gets no answer there."""
    source = parse_address(one.source)
    if one.interface != host.ext_if:
        held = ways.behind(host, one.interface, source.family)
        if not any(low <= source.number <= high for low, high in held):
            return False
    back = longest(host.known_networks(source.family), source)
    return not back or back.interface == one.interface


@_few
@given(_worlds())
def test_reach_and_connect_agree_on_random_hosts(world: tuple[Topology, str, list[Packet]]) -> None:
    """What reach has, from every way in, is what connect lets through and answers, and nothing else."""
    _agree(*world)


@pytest.mark.exam
@_many
@given(_worlds())
def test_reach_and_connect_agree_on_random_hosts_at_length(world: tuple[Topology, str, list[Packet]]) -> None:
    """The same, with many more."""
    _agree(*world)


def _same(host: Topology, text: str, asked: list[Packet]) -> None:
    named = {name: f"net_{number}x{number}" for number, name in enumerate(host.interfaces)}
    word = re.compile(r"(?<![\w.</-])(" + "|".join(map(re.escape, named)) + r")(?![\w.>/-])")
    other = Topology()
    other.update(host.to_json())
    for name, new in named.items():
        other.rename(name, new)
    pf, renamed = rebuild(text, topology=host), rebuild(word.sub(lambda found: named[found[1]], text), topology=other)
    for one in asked:
        found = _connect(pf, one)
        again = _connect(renamed, one._replace(interface=named.get(one.interface, "")))
        assert _seen(found) == _seen(again), (one, found, again)


def _seen(found: Connection | None) -> tuple[object, ...] | None:
    if found is None:
        return None
    return found.verdict, found.sender_sees, found.delivered_to, found.address, found.port, found.source


@settings(max_examples=10)
@given(_worlds())
def test_names_of_interfaces_mean_nothing_on_random_hosts(world: tuple[Topology, str, list[Packet]]) -> None:
    """The same host with all interfaces renamed, as ifconfig does, flags and groups as they were, answers the same."""
    _same(*world)
