"""`plan` and promises say of every packet what `connect` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds.rulesets import EXTERNAL, JAILS, Sent, anchors, mains, packets, world

from jailpf.declare.promises import Promise, Promised, Whom
from jailpf.errors import Place
from jailpf.insight.answer import answered
from jailpf.insight.boxes import missing
from jailpf.insight.changes import protocols
from jailpf.insight.promises import broken
from jailpf.insight.question import ask
from jailpf.insight.world import World
from jailpf.pf.simulated.reach.answers import BEYOND
from jailpf.pf.simulated.reach.reach import answer, reach
from jailpf.values import Port, Protocol

if TYPE_CHECKING:
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.reach.reached import Reached

_few, _many = settings(max_examples=2), settings(max_examples=300)
_loaded = st.lists(anchors, max_size=2)


def _ends(pf: Simulated, packet: Sent) -> set[tuple[object, ...]]:
    """(receiver, address, port, verdict) that connect tells; nothing for what is stopped."""
    found = packet.asked(pf)
    if found.verdict == "unknown":
        return {("unknown",)}
    whom = zip(found.delivered_to.split(" or "), found.address.split(" or "), strict=False)
    return {(*one, found.port, found.verdict) for one in whom if one[0]}


def _too_many(answer: list[Reached]) -> bool:
    """Whether reach had to leave something unasked; it says so."""
    return any(BEYOND in one.doubts for one in answer)


_plans = given(mains, _loaded, mains, _loaded, st.lists(packets, min_size=8, max_size=20))


def _plan_agrees(main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]) -> None:
    before, after = World(world(main, loaded), {}), World(world(other, then), {})
    old, new = reach(before.pf), reach(after.pf)
    if _too_many(old) or _too_many(new):
        return
    added, gone = (missing(new, old, protocols(before.pf)), missing(old, new, protocols(after.pf)))
    for packet in sent:
        was, now = _ends(before.pf, packet), _ends(after.pf, packet)
        if ("unknown",) in was | now:
            continue  # one doubt is not another
        assert any(map(packet.within, added)) == bool(now - was), (packet, was, now)
        assert any(map(packet.within, gone)) == bool(was - now), (packet, was, now)


@_few
@_plans
def test_plan_tells_the_packets_that_connect_treats_otherwise(
    main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]
) -> None:
    """Of two random worlds: a packet is new, or gone, exactly where connect answers otherwise afterwards."""
    _plan_agrees(main, loaded, other, then, sent)


@pytest.mark.exam
@_many
@_plans
def test_plan_tells_them_at_length(main: str, loaded: list[str], other: str, then: list[str], sent: list[Sent]) -> None:
    """The same, with many more."""
    _plan_agrees(main, loaded, other, then, sent)


_senders = st.lists(
    st.sampled_from(["outside", "any", "host", "jail:a", "jail:v", "jail:*", "198.51.100.0/24", "192.168.1.0/24", "2001:db8:9::/48"]),
    min_size=1, max_size=2, unique=True,
)  # fmt: skip
_receivers = st.lists(
    st.sampled_from(["any", "host", "jail:a", "jail:b", "jail:v", "jail:s", "jail:?", "jail:*", "172.16.15.0/24", "203.0.113.20", "fd7a::1"]),
    min_size=1, max_size=2, unique=True,
).map(lambda words: [word for word in words if word != "jail:?"] or ["jail:*"])  # fmt: skip
_but = st.lists(
    st.sampled_from(["jail:b", "jail:w", "host", "198.51.100.7", "192.0.2.0/24", "outside"]), max_size=2, unique=True
)
_ports = st.lists(st.sampled_from(["80", "80:81", "82", "7000:7010", "6000:6005"]), max_size=2, unique=True)


def _promised(
    word: str, senders: list[str], receivers: list[str], but: list[str], ports: list[str], proto: str
) -> Promised:
    made = Promise(
        source=tuple(map(Whom.parse, senders)), to=tuple(map(Whom.parse, receivers)), but=tuple(map(Whom.parse, but)),
        port=tuple(map(Port.parse, ports)), proto=Protocol.parse(proto) if proto else None, why=None,
    )  # fmt: skip
    return Promised(cast("Any", word), made, Place("promises.toml", 1, 1))


_promises = st.builds(
    _promised, st.just("never"), _senders, _receivers, _but, _ports, st.sampled_from(["", "", "tcp", "udp"])
)


def _is(whom: Whom, sender: str, address: str) -> bool:
    """Whether somebody with that address is meant: by hand, not by sets."""
    from ipaddress import ip_address

    if whom.kind in ("any", "outside", "host"):
        return whom.kind == "any" or whom.kind == sender
    if whom.network is not None:
        number = ip_address(address)
        return number.version == whom.network.net.version and number in whom.network.net
    return sender.startswith("jail:") and whom.is_jail(sender[5:])


def _breaks(one: Promise, packet: Sent, end: tuple[object, ...], asked: str) -> bool:
    """Whether a packet that ends there is what the promise forbids."""
    name, address, port = str(end[0]), str(end[1]), end[2]
    if packet.sender in (name, f"jail:{name}"):
        return False
    if any(_is(whom, packet.sender, packet.source) for whom in one.but):
        return False
    receiver = name if name == "host" else f"jail:{name}"
    there = any(_is(whom, receiver, address) or (whom.network and _is(whom, "", asked)) for whom in one.to)
    names = one.proto.names if one.proto else ("tcp", "udp")
    fits = packet.proto in names and (not one.port or any(p.first <= cast("int", port) <= p.last for p in one.port))
    return there and fits and any(_is(whom, packet.sender, packet.source) for whom in one.source)


_asked = given(mains, _loaded, st.lists(_promises, min_size=4, max_size=8), st.lists(packets, min_size=8, max_size=20))


def _never_agrees(main: str, loaded: list[str], promised: list[Promised], sent: list[Sent]) -> None:
    there = World(world(main, loaded), {})
    found = answer(there.pf)
    ends = {packet: packet.asked(there.pf) for packet in sent}
    for one in promised:
        said = broken([one], there, found)
        for packet, end in ends.items():
            whom = zip(end.delivered_to.split(" or "), end.address.split(" or "), strict=False)
            for name, address in whom:
                if (
                    name
                    and end.verdict != "unknown"
                    and _breaks(one.promise, packet, (name, address, end.port), packet.to)
                ):
                    assert said, (str(one), packet, end)
        for problem in () if _too_many(found.reached) else said:
            _example_is_true(there, problem.message.partition(" is not kept: ")[2])


def _example_is_true(there: World, example: str) -> None:
    """The packet that a message names, asked for as `trace` asks."""
    doubtful = " may reach " in example
    words, name = example.split(" may reach " if doubtful else " reaches ")
    if not words.startswith(("tcp ", "udp ")):
        return
    found = answered(there, ask(there, cast("Any", None), words.split()))
    assert (found.verdict in ("unknown",)) if doubtful else (name in found.delivered_to.split(" or ")), (example, found)


@_few
@_asked
def test_never_and_connect_agree(main: str, loaded: list[str], promised: list[Promised], sent: list[Sent]) -> None:
    """A `never` is broken by each packet of connect that it forbids, and the packet that it names does get there."""
    _never_agrees(main, loaded, promised, sent)


@pytest.mark.exam
@_many
@_asked
def test_never_and_connect_agree_at_length(
    main: str, loaded: list[str], promised: list[Promised], sent: list[Sent]
) -> None:
    """The same, with many more."""
    _never_agrees(main, loaded, promised, sent)


_pairs = st.tuples(
    st.sampled_from(
        ["host", "jail:a", "jail:b", "jail:v", "jail:w", "jail:s", "198.51.100.7", "2001:db8:9::7", "outside"]
    ),
    st.sampled_from(["jail:a", "jail:b", "jail:c", "jail:v", "jail:s"]),
    st.sampled_from(["80", "80:81", "82", "7000"]),
)
_always = given(mains, _loaded, st.lists(_pairs, min_size=2, max_size=3))
PLACES = sorted({address for own, *_ in JAILS.values() for address in own} | set(EXTERNAL))
ASKED = {79, 80, 81, 82, 6000}


def _sends(word: str, family: str) -> list[Sent]:
    """Who sends, in packets to be filled in: all of a jail's addresses, or examples of somebody outside."""
    if word.startswith("jail:") or word == "host":
        own = JAILS[word[5:]][0] if word != "host" else ["203.0.113.1"] if family == "inet" else ["2001:db8::1"]
        return [Sent(word, "", "tcp", one, 40000, "", 0) for one in own if (":" in one) == (family == "inet6")]
    shown = {"outside": ["198.51.100.7", "198.51.100.8", "192.0.2.1", "2001:db8:9::7"]}.get(word, [word])
    return [Sent("outside", "-", "tcp", one, 40000, "", 0) for one in shown if (":" in one) == (family == "inet6")]


def _arrives(pf: Simulated, sent: Sent, to: str, asked: int, name: str, port: int) -> bool:
    for source_port in (4000, 40000):
        found = pf.connect("tcp", sent.source, to, asked, source_port=source_port, sender=sent.sender, keep=False)
        if (found.verdict, found.delivered_to, found.port) != ("pass", name, port):
            return False
    return True


def _always_agrees(main: str, loaded: list[str], pairs: list[tuple[str, str, str]]) -> None:
    there = World(world(main, loaded), {})
    found = answer(there.pf)
    for sender, receiver, ports in pairs:
        if sender == receiver:
            continue
        name, port = receiver[5:], Port.parse(ports)
        kept = not broken([_promised("always", [sender], [receiver], [], [ports], "tcp")], there, found)
        families = {"inet6" if ":" in one else "inet" for one in JAILS[name][0]}
        groups = [group for family in families if (group := _sends(sender, family))]
        got = bool(groups) and all(
            any(
                all(_arrives(there.pf, sent, to, asked, name, number) for sent in group)
                for to in PLACES
                if (":" in to) == (":" in group[0].source)
                for asked in {number, *ASKED}
            )
            for group in groups
            for number in range(port.first, port.last + 1)
        )
        assert not kept or got, (sender, receiver, ports, kept, got)
        if sender not in ("outside", "host") and not _too_many(found.reached):
            assert kept == got, (sender, receiver, ports, kept, got)


@settings(max_examples=2)
@_always
def test_always_and_connect_agree(main: str, loaded: list[str], pairs: list[tuple[str, str, str]]) -> None:
    """An `always` is kept exactly where connect brings every such packet there, by one address and port."""
    _always_agrees(main, loaded, pairs)


@pytest.mark.exam
@settings(max_examples=100)
@_always
def test_always_and_connect_agree_at_length(main: str, loaded: list[str], pairs: list[tuple[str, str, str]]) -> None:
    """The same, with many more."""
    _always_agrees(main, loaded, pairs)
