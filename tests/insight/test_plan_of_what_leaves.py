"""`plan` and promises about what leaves say of every packet what `connect` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds.leaving import leavers, loads, outsides, world

from jailpf.declare.promises import Promise, Promised, Whom
from jailpf.errors import Place
from jailpf.insight.answer import answered
from jailpf.insight.away import outs
from jailpf.insight.away_words import sentences
from jailpf.insight.boxes import missing
from jailpf.insight.changes import protocols
from jailpf.insight.promises import broken
from jailpf.insight.question import ask
from jailpf.insight.world import World
from jailpf.pf.simulated.reach import answers
from jailpf.pf.simulated.reach.answers import BEYOND
from jailpf.pf.simulated.reach.reach import Answer, answer
from jailpf.pf.simulated.rules.addresses import parse_address
from jailpf.values import Port

if TYPE_CHECKING:
    from worlds.rulesets import Sent

    from jailpf.pf.simulated import Simulated

FEW = 60  # packets that are asked about one by one; whatever it is, the answer may not be wrong
_few = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
_many = settings(_few, max_examples=300)
_loaded = st.lists(loads, max_size=2)
_sent = st.lists(leavers, min_size=8, max_size=20)


def _end(pf: Simulated, packet: Sent) -> tuple[str, ...]:
    """(address, source, verdict) of what leaves, () for what does not, ("unknown",) in doubt."""
    found = packet.asked(pf)
    if found.verdict == "unknown":
        return ("unknown",)
    if found.verdict not in ("pass", "unanswered"):
        return ()
    here = any(parse_address(one) in pf.topology.owners() for one in found.address.split(" or "))
    return () if here else (found.address, found.source, found.verdict)


def _too_many(found: Answer) -> bool:
    return any(BEYOND in one.doubts for rows in found for one in rows)  # type: ignore[attr-defined]


def _plan_agrees(main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]) -> None:
    before, after = world(main, loaded), world(other, then)
    old, new = answer(before), answer(after)
    if _too_many(old) or _too_many(new):
        return
    added = missing(new.leaving, old.leaving, protocols(before))
    gone = missing(old.leaving, new.leaving, protocols(after))
    for packet in sent:
        was, now = _end(before, packet), _end(after, packet)
        if ("unknown",) in (was, now):
            continue  # one doubt is not another
        if was != now:
            assert any(map(packet.within, added)) == bool(now), (packet, was, now)
            assert any(map(packet.within, gone)) == bool(was), (packet, was, now)
        if any(map(packet.within, added)):
            ways = [{one.way() for one in side.leaving if packet.within(one)} for side in (old, new)]
            assert now, (packet, was, now)
            assert ways[1] - ways[0], (packet, was, now)
    for there, rows in ((World(after, {}), added), (World(before, {}), gone)):
        assert bool(rows) == bool(sentences(outs(there, rows), protocols(there.pf)))


_plans = given(outsides, _loaded, outsides, _loaded, _sent)


@_few
@_plans
def test_plan_tells_what_leaves_as_connect_does(
    main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]
) -> None:
    """Of two random worlds: a packet that leaves otherwise, or in one only, is among what is new or gone."""
    with patch.object(answers, "ASKED_MAX", FEW):
        _plan_agrees(main, loaded, other, then, sent)


@pytest.mark.exam
@_many
@_plans
def test_plan_tells_what_leaves_at_length(
    main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]
) -> None:
    """The same, with many more."""
    _plan_agrees(main, loaded, other, then, sent)


_whose = st.sampled_from(["jail:a", "jail:b", "jail:v", "jail:*", "host", "172.16.15.0/24"])
_whom = st.sampled_from(["outside", "any", "198.51.100.0/24", "198.51.100.7", "192.168.1.0/24", "2001:db8:9::/48"])
_port = st.sampled_from(["", "443", "80:443", "25"])


def _promised(word: str, sender: str, receiver: str, port: str) -> Promised:
    made = Promise(
        source=(Whom.parse(sender),), to=(Whom.parse(receiver),), but=(),
        port=(Port.parse(port),) if port else (), proto=None, why=None,
    )  # fmt: skip
    return Promised(cast("Any", word), made, Place("promises.toml", 1, 1))


def _meant(whom: Whom, sender: str, address: str) -> bool:
    from ipaddress import ip_address

    if whom.kind in ("outside", "any", "host"):
        return whom.kind in ("any", sender)
    if whom.network is not None:
        number = ip_address(address)
        return number.version == whom.network.net.version and number in whom.network.net
    return sender.startswith("jail:") and whom.is_jail(sender[5:])


def _never_agrees(main: str, loaded: list[str], promises: list[Promised], sent: list[Sent]) -> None:
    there = World(world(main, loaded), {})
    found = answer(there.pf)
    for one in promises:
        said = broken([one], there, found)
        for packet in sent:
            end = _end(there.pf, packet)
            port = packet.asked(there.pf).port
            beside = packet.to.startswith(("10.9.", "fd09:")) and str(one.promise.to[0]) == "outside"  # nobody is there
            fits = packet.proto in ("tcp", "udp") and (not one.promise.port or port in _numbers(one.promise.port[0]))
            who = _meant(one.promise.source[0], packet.sender, packet.source)
            if len(end) > 1 and not beside and fits and who and _meant(one.promise.to[0], "outside", end[0]):
                assert said, (str(one), packet, end)
        for problem in () if _too_many(found) else said:
            _example_is_true(there, problem.message.partition(" is not kept: ")[2])


def _numbers(port: Port) -> range:
    return range(port.first, port.last + 1)


def _example_is_true(there: World, example: str) -> None:
    """The packet that a message names leaves, asked for as `trace` asks."""
    doubtful = " may leave " in example
    words, _, rest = example.partition(" may leave by " if doubtful else " leaves by ")
    if not rest or not words.startswith(("tcp ", "udp ")):
        return
    found = answered(there, ask(there, cast("Any", None), words.split()))
    assert found.verdict in (("unknown",) if doubtful else ("pass", "unanswered")), (example, found)


_nevers = given(
    outsides, _loaded, st.lists(st.builds(_promised, st.just("never"), _whose, _whom, _port), min_size=4, max_size=8), _sent
)  # fmt: skip


@_few
@_nevers
def test_never_and_connect_agree_about_what_leaves(
    main: str, loaded: list[str], promises: list[Promised], sent: list[Sent]
) -> None:
    """A `never` is broken by each packet of connect that it forbids, and the packet that it names does leave."""
    with patch.object(answers, "ASKED_MAX", FEW):
        _never_agrees(main, loaded, promises, sent)


@pytest.mark.exam
@_many
@_nevers
def test_never_and_connect_agree_about_what_leaves_at_length(
    main: str, loaded: list[str], promises: list[Promised], sent: list[Sent]
) -> None:
    """The same, with many more."""
    _never_agrees(main, loaded, promises, sent)


OUT = """nat on em0 inet from 172.16.15.0/24 to any -> (em0:0)
pass out quick on em0 inet proto tcp from any to any port 443
pass out quick on em0 inet proto tcp from any to 198.51.100.0/24 port 80
"""


@pytest.mark.parametrize(
    ("sender", "receiver", "port", "kept"),
    [
        ("jail:b", "outside", "443", True),
        ("jail:b", "outside", "443:444", False),
        ("jail:b", "198.51.100.0/24", "80", True),
        ("jail:b", "198.51.0.0/16", "80", False),
        ("jail:b", "outside", "", True),  # by some port
        ("jail:v", "198.51.100.7", "443", False),  # nobody translates it
        ("jail:s", "outside", "443", False),  # it has inet6 only
        ("jail:b", "2001:db8:9::/48", "443", False),
        ("jail:c", "outside", "443", True),  # a public address of its own
    ],
)
def test_an_always_about_what_leaves(sender: str, receiver: str, port: str, kept: bool) -> None:
    """It is kept where every such connection leaves and is answered."""
    pf = world('nat-anchor "j/*"\nblock all\npass in on bridge0\npass inet6 proto icmp6\nanchor "j/*"\n', [OUT])
    there = World(pf, {})
    said = broken([_promised("always", sender, receiver, port)], there)
    assert bool(said) != kept, said


def test_what_is_not_followed_is_not_promised() -> None:
    """Multicast: nobody answers it, so a `never` about it is not kept, and says why."""
    there = World(world("block all\n", []), {})
    (said,) = broken([_promised("never", "jail:a", "224.0.0.0/4", "")], there)
    assert "does not follow packets to 224.0.0.0/4" in said.message
    assert broken([_promised("never", "jail:a", "outside", "")], there) == []
