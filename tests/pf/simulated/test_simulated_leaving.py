"""What leaves is computed on sets, too: it must agree with what `connect` says of single packets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds.leaving import leavers, loads, outsides, world

from jailpf.pf.simulated.reach import answers
from jailpf.pf.simulated.reach.answers import BEYOND
from jailpf.pf.simulated.reach.reach import answer
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from worlds.rulesets import Sent

    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.reach.leaving import Leaving
    from jailpf.pf.simulated.reach.reach import Answer


def _compare(pf: Simulated, found: Answer, packet: Sent) -> None:
    connection = packet.asked(pf)
    entries = [one for one in found.leaving if packet.within(one)]
    arriving = [one for one in found.reached if packet.within(one)]
    if any(BEYOND in one.doubts for one in (*entries, *arriving)):
        return  # of so many reach says that it cannot say
    doubtful = [one for one in entries if one.doubts]
    sure = [one for one in entries if not one.doubts]
    left = connection.verdict in ("pass", "unanswered") and not _is_here(pf, connection.address)
    if connection.verdict == "unknown":
        assert doubtful or any(one.doubts for one in arriving), (packet, connection)
        assert not sure, (packet, connection, sure)
        return
    assert not doubtful, (packet, connection, doubtful)
    assert bool(sure) == left, (packet, connection, entries)
    if left:
        assert {one.answered for one in sure} == {connection.verdict == "pass"}, (packet, connection, sure)
        assert {place for one in sure for place in _places(one, packet)} == set(connection.address.split(" or "))
        sources = set(connection.source.split(" or "))
        assert sources <= {source for one in sure for source in _sources(one, packet)}, (packet, connection, sure)


def _is_here(pf: Simulated, addresses: str) -> bool:
    return any(parse_address(one) in pf.topology.owners() for one in addresses.split(" or "))


def _places(one: Leaving, packet: Sent) -> list[str]:
    from jailpf.pf.simulated.rules.addresses import address_text

    family = one.family
    if one.target is None:
        return [address_text(family, parse_address(packet.to).number + one.away)]
    return [address_text(family, number) for low, high in one.target for number in range(low, high + 1)]


def _sources(one: Leaving, packet: Sent) -> list[str]:
    from jailpf.pf.simulated.rules.addresses import address_text

    if one.seen is None:
        return [address_text(one.family, parse_address(packet.source).number + one.seen_away)]
    return [address_text(one.family, number) for low, high in one.seen for number in range(low, high + 1)]


FEW = 60  # packets that are asked about one by one; whatever it is, the answer may not be wrong
_few = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
_many = settings(_few, max_examples=400)
_asked = given(main=outsides, loaded=st.lists(loads, max_size=3), sent=st.lists(leavers, min_size=8, max_size=25))


def _agree(main: str, loaded: list[str], sent: list[Sent]) -> None:
    pf = world(main, loaded)
    found = answer(pf)
    for packet in sent:
        _compare(pf, found, packet)


@_few
@_asked
def test_what_leaves_and_connect_agree(main: str, loaded: list[str], sent: list[Sent]) -> None:
    """For random worlds: the rows have exactly the packets that connect lets out, with the same answer and sender."""
    with patch.object(answers, "ASKED_MAX", FEW):
        _agree(main, loaded, sent)


@pytest.mark.exam
@_many
@_asked
def test_what_leaves_and_connect_agree_at_length(main: str, loaded: list[str], sent: list[Sent]) -> None:
    """The same, with many more."""
    _agree(main, loaded, sent)
