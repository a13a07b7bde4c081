"""jailpf.compile.claims: what rules take outside, and who collides."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tries import hold, tries

from jailpf.compile.claims import ALL_PORTS, Claim, collide, collisions, of_ruleset
from jailpf.errors import Place
from jailpf.model import Jail, Rule, Ruleset
from jailpf.values import Address, Interface, Network, Peer, Port, Protocol

PEERS = st.sampled_from(
    ["any", "192.0.2.1", "192.0.2.0/24", "192.0.2.9", "<t>", "<u>", "(em0:0)", "(em0)", "(em1:0)"]
).map(Peer.parse)
SOURCES = st.sampled_from(["192.0.2.0/24", "!192.0.2.0/24", "192.0.2.7", "<t>", "!<t>", "198.51.100.0/24"]).map(
    Peer.parse
)
PORTS = st.one_of(
    st.just(ALL_PORTS),
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12)).map(lambda both: Port(*sorted(both))), min_size=1, max_size=3
    ).map(tuple),
)
CLAIMS = st.builds(
    Claim,
    owner=st.sampled_from("abc"), service=st.just("s"), place=st.just(Place("f", 1, 1)), family=st.sampled_from(["inet", "inet6"]),
    on=st.sampled_from([(), ("em0",), ("em1",), ("em0", "lo0")]), protos=st.sampled_from([(), ("tcp",), ("udp",), ("tcp", "udp")]),
    to=st.lists(PEERS, min_size=1, max_size=2).map(tuple), ports=PORTS, source=st.lists(SOURCES, max_size=2).map(tuple),
)  # fmt: skip


def resolve(peer: Peer) -> tuple[Network, ...] | None:
    known = {
        "<t>": ("192.0.2.0/25",),
        "(em0:0)": ("192.0.2.1",),
        "(em0)": ("192.0.2.1", "192.0.2.9"),
        "(em1:0)": ("192.0.2.200",),
    }
    if peer.network:
        return (peer.network,)
    return tuple(map(Network.parse, known[peer.word])) if peer.word in known else None


def pairs(found: Any) -> list[frozenset[int]]:
    return sorted((frozenset(map(id, pair)) for pair in found), key=sorted)


@tries(80, 2000)
def test_the_sweep_finds_what_all_pairs_find(tries: int) -> None:
    """Every colliding pair, each once."""

    def holds(claims: list[Claim]) -> None:
        wanted = [pair for pair in itertools.combinations(claims, 2) if collide(*pair, resolve)]
        assert pairs(collisions(claims, resolve)) == pairs(wanted)

    hold(tries, holds, st.lists(CLAIMS, max_size=9))


@tries(60, 2000)
def test_two_sides_are_compared_with_each_other_only(tries: int) -> None:
    """Mine first in each pair; what collides within a side is not asked."""

    def holds(mine: list[Claim], theirs: list[Claim]) -> None:
        found = list(collisions(mine, resolve, theirs))
        wanted = [(one, other) for one in mine for other in theirs if collide(one, other, resolve)]
        assert pairs(found) == pairs(wanted)
        assert all(any(one is each for each in mine) for one, _ in found)

    hold(tries, holds, st.lists(CLAIMS, max_size=5), st.lists(CLAIMS, max_size=5))


@given(CLAIMS, CLAIMS)
def test_colliding_is_mutual(one: Claim, other: Claim) -> None:
    """Whoever is asked first."""
    assert collide(one, other, resolve) == collide(other, one, resolve)
    assert collide(one, one, resolve) or not all(map(resolve, one.to)) or any(peer.negated for peer in one.source)


@given(CLAIMS)
def test_a_claim_survives_a_record(claim: Claim) -> None:
    """Through JSON and back."""
    assert Claim.from_json(json.loads(json.dumps(claim.to_json()))) == claim


@pytest.mark.parametrize("data", [{}, [], {"owner": "a"}])
def test_other_data_is_no_claim(data: Any) -> None:
    """A broken record is noticed."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        Claim.from_json(data)


def claim(**what: Any) -> Claim:
    given = {"to": "203.0.113.1", "ports": 80, "source": "", "protos": "tcp", "on": "em0", "family": "inet", **what}
    return Claim(
        owner="a", service="s", place=Place("f"), family=given["family"], on=tuple(given["on"].split()),
        protos=tuple(given["protos"].split()), to=tuple(map(Peer.parse, given["to"].split())),
        ports=(Port.parse(given["ports"]),) if given["ports"] else ALL_PORTS,
        source=tuple(map(Peer.parse, given["source"].split())),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "meets"),
    [
        ({}, True),
        ({"ports": 81}, False),
        ({"ports": "70:90"}, True),
        ({"ports": None, "protos": ""}, True),
        ({"protos": "udp"}, False),
        ({"protos": "udp tcp"}, True),
        ({"family": "inet6"}, False),
        ({"on": ""}, True),
        ({"on": "em1"}, False),
        ({"on": "em1 em0"}, True),
        ({"to": "203.0.113.2"}, False),
        ({"to": "203.0.113.0/24"}, True),
        ({"to": "any"}, True),
        ({"to": "<nobody-knows>"}, False),
        ({"source": "192.0.2.0/24"}, True),
    ],
)
def test_what_meets_port_80_of_an_address(what: dict[str, Any], meets: bool) -> None:
    """One claim on tcp port 80 of 203.0.113.1 by em0, and another."""
    assert collide(claim(), claim(**what), resolve) is meets


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "198.51.100.0/24", False),
        ("!192.0.2.0/24", "192.0.2.7", False),
        ("!192.0.2.7", "192.0.2.0/24", True),
        ("!192.0.2.0/24", "!198.51.100.0/24", True),
        ("<t>", "!<t>", False),
        ("<t>", "<t>", True),
        ("<t>", "<u>", True),
        ("", "192.0.2.7", True),
        ("192.0.2.7 198.51.100.1", "198.51.100.0/24", True),
    ],
)
def test_sources_that_meet(one: str, other: str, meets: bool) -> None:
    """Two jails may share a port when nobody can be in both of their `from`."""
    assert collide(claim(source=one), claim(source=other), resolve) is meets


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("(em0:0)", "(em0)", True),
        ("(em0:0)", "<t>", True),
        ("(em1:0)", "<t>", False),
        ("<u>", "<u>", True),
        ("<u>", "(em0)", False),
    ],
)
def test_addresses_that_are_looked_up(one: str, other: str, meets: bool) -> None:
    """The same word always meets; others by what stands behind them, as far as that is known."""
    assert collide(claim(to=one), claim(to=other), resolve) is meets


def test_the_claims_of_a_ruleset() -> None:
    """rdr by its `to`, binat by its target; other rules take nothing outside."""
    own, outside = Address.parse("10.0.0.2"), Address.parse("203.0.113.9")
    rules = (
        Rule(action="rdr", family="inet", on=(Interface("em0"),), proto=Protocol(("tcp",)), to=(Peer.of(outside),), port=(Port(1, 2),), service="web", target=own),
        Rule(action="rdr", family="inet", target=own),
        Rule(action="binat", family="inet", source=(Peer.of(own),), target=outside),
        Rule(action="pass", port=(Port(1, 2),)),
        Rule(action="nat", target=outside),
    )  # fmt: skip
    first, second, third = of_ruleset(Ruleset(jail=Jail(name="j"), anchors=(), rules=rules))
    assert (first.owner, first.service, first.on, first.protos, first.ports) == (
        "j",
        "web",
        ("em0",),
        ("tcp",),
        (Port(1, 2),),
    )
    assert (second.to, second.protos, second.ports) == ((Peer.parse("any"),), (), ALL_PORTS)
    assert (third.to, third.source) == ((Peer.of(outside),), ())


@pytest.mark.exam
@pytest.mark.parametrize("shape", ["ports", "addresses", "binat"])
def test_a_thousand_jails_are_compared_in_time(shape: str) -> None:
    """Four services each: on ports of their own, on one port of addresses of their own, and an address each as a whole."""
    claims = []
    for number in range(1000):
        address = f"198.18.{number >> 8}.{number & 255}" if shape != "ports" else "203.0.113.1"
        for service in range(1 if shape == "binat" else 4):
            port = None if shape == "binat" else 1000 + (number * 4 if shape == "ports" else 0) + service
            claims.append(claim(to=address, ports=port, protos="" if shape == "binat" else "tcp"))
    start = time.process_time()
    assert list(collisions(claims, resolve)) == []
    assert time.process_time() - start < 3, "this takes a fraction of a second"
