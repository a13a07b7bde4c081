"""The index of claims: what it clears is clear; what it cannot tell, it does not clear."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpf.compile.claims import collisions
from jailpf.errors import Place
from jailpf.model import Anchor
from jailpf.state import claimed, index, starting, writes
from jailpf.state.claim import Claim
from jailpf.state.records import Record
from jailpf.state.rundir import RunDir
from jailpf.values import Network, Peer, Port

if TYPE_CHECKING:
    from pathlib import Path

PEERS = [
    "any",
    "<t>",
    "(em0:0)",
    "10.0.0.0/8",
    "10.0.0.1",
    "10.0.0.10",
    "!10.0.0.1",
    "fd00::1",
    "fd00::/64",
    "!fd00::2",
]
claims = st.builds(
    Claim, owner=st.just(""), service=st.just("s"), place=st.just(Place("f", 1)), family=st.sampled_from(["inet", "inet6"]),
    on=st.just(()), protos=st.sampled_from([(), ("tcp",), ("udp",), ("tcp", "udp")]),
    to=st.lists(st.sampled_from(PEERS).map(Peer.parse), min_size=1, max_size=2).map(tuple),
    ports=st.lists(st.sampled_from([80, 81, "80:90", "1:65535"]).map(Port.parse), min_size=1, max_size=2).map(tuple),
    source=st.just(()),
)  # fmt: skip
several = st.lists(claims, min_size=1, max_size=3)


def record(name: str, claims: list[Claim], *addresses: str) -> Record:
    return Record(
        jail=name, running_name=name, file="", settings="", pf="pfctl", pfctl="/p", anchors=(Anchor(f"jailpf/{name}", ""),),
        claims=tuple(replace(claim, owner=name) for claim in claims), addresses=addresses,
    )  # fmt: skip


def anything(peer: Peer) -> tuple[Network, ...]:
    """A table or an interface may hold any address."""
    if peer.network and not peer.negated:
        return (peer.network,)
    return (Network.parse("0.0.0.0/0"), Network.parse("::/0"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    run = RunDir(str(tmp_path_factory.mktemp("index") / "run"))
    run.make()
    return run


@settings(max_examples=150)
@given(several, several)
def test_what_may_collide_is_not_cleared(run: RunDir, ours: list[Claim], theirs: list[Claim]) -> None:
    """Every pair that collides in some state of pf's tables and interfaces is met by the lines alone."""
    mine, other = record("web", ours), record("mail", theirs)
    writes.replace(run.record("mail"), other.to_bytes(), sync=False)
    text = index.added("\n", "mail", index.lines_of(other))
    if next(collisions(mine.claims, anything, other.claims), None):
        assert index.meets(run, text, "web", index.lines_of(mine))


def test_plain_addresses_and_ports_are_told_apart(run: RunDir) -> None:
    """The everyday case needs nobody else: other ports, or other single addresses."""
    writes.replace(run.record("mail"), record("mail", []).to_bytes(), sync=False)
    text = "\n80 tcp inet 203.0.113.10 mail\n443 tcp inet <ext_ip4> mail\n@10.0.0.5 - - - mail\n"
    for line, met in (
        ("80 tcp inet 203.0.113.1", False), ("80 tcp inet 203.0.113.10", True), ("80 udp inet 203.0.113.10", False), ("80 tcp inet6 fd00::1", False),
        ("8080 tcp inet <ext_ip4>", False), ("443 tcp inet 203.0.113.9", True), ("1:65535 * inet <x>", True), ("22 tcp inet 10.0.0.5", True),
        ("@203.0.113.10 - - -", True), ("@203.0.113.1 - - -", False), ("@10.0.0.5 - - -", False),
    ):  # fmt: skip
        assert index.meets(run, text, "web", [line]) is met, line
        assert not index.meets(run, text, "mail", [line])
    assert index.holds(run, text, "web", "10.0.0.5")
    assert not index.holds(run, text, "web", "10.0.0.50")


def test_only_the_living_count(run: RunDir) -> None:
    """A line of a jail that has stopped is no claim; one that is starting has it."""
    text = index.added("\n", "gone", ["80 tcp inet 203.0.113.10"])
    assert not index.meets(run, text, "web", ["80 tcp inet 203.0.113.10"])
    starting.begin(run, record("gone", []))
    assert index.meets(run, text, "web", ["80 tcp inet 203.0.113.10"])
    starting.end(run, "gone")


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a-b"]), several), max_size=6))
def test_a_jails_lines_are_its_last_ones(changes: list[tuple[str, list[Claim]]]) -> None:
    """Whatever was added in whatever order: for each jail exactly the lines of the last time, ranges first."""
    text, last = "\n", {}
    for name, some in changes:
        last[name] = {f"{line} {name}" for line in index.lines_of(record(name, some))}
        text = index.added(text, name, index.lines_of(record(name, some)))
        assert index.added(text, name, index.lines_of(record(name, some))) == text
    lines = text[1:].splitlines()
    assert sorted(lines) == sorted(set().union(*last.values()))
    ranged = [index.is_range(line) for line in lines]
    assert ranged == sorted(ranged, reverse=True)


@pytest.mark.exam
def test_a_thousand_jails_are_looked_through_in_no_time(tmp_path: Path) -> None:
    """One jail of many costs little more than one alone: a few milliseconds of reading and writing."""
    run = RunDir(str(tmp_path / "run"))
    run.make()
    template = Claim(
        owner="",
        service="",
        place=Place(""),
        family="inet",
        on=(),
        protos=("tcp",),
        to=(Peer.parse("<e>"),),
        ports=(),
        source=(),
    )
    many = [
        record(f"j{number}", [replace(template, ports=(Port.parse(1000 + number * 4 + at),)) for at in range(4)], f"10.0.{number // 250}.{number % 250}")
        for number in range(1000)
    ]  # fmt: skip
    claimed.rebuild(run, many)
    begun = time.process_time()
    text = index.read(run)
    assert not index.meets(
        run, text, "web", [f"{port} tcp inet <e>" for port in (80, 443, 25, 993)] + ["@10.9.9.9 - - -"]
    )
    index.write(run, index.added(text, "web", ["80 tcp inet <e>"]))
    assert time.process_time() - begun < 0.05


@settings(max_examples=30)
@given(several, several)
def test_many_lines_are_looked_up_as_few_are(run: RunDir, ours: list[Claim], theirs: list[Claim]) -> None:
    """Sorted by port first or looked for one by one: the same answers, and the same text."""
    other, mine = record("mail", theirs), record("web", ours)
    writes.replace(run.record("mail"), other.to_bytes(), sync=False)
    answers = set()
    for many in (0, 10**6):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(index, "MANY", many)
            text = index.added("\n", "mail", index.lines_of(other))
            assert index.added(text, "mail", index.lines_of(other)) == text
            answers.add((text, index.meets(run, text, "web", index.lines_of(mine))))
    assert len(answers) == 1


@settings(max_examples=50)
@given(several)
def test_a_jail_that_may_collide_with_itself_is_seen(ours: list[Claim]) -> None:
    """The sweep over ports finds what comparing all pairs finds."""
    one = record("web", ours)
    lines = [line for line in index.lines_of(one) if line[0] not in "@&"]
    pairs = any(index.collide(a, f"{b} x") for number, a in enumerate(lines) for b in lines[:number])
    assert index.within(one) == pairs
