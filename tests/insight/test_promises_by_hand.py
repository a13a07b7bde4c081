"""jailpf.insight.promises: what each word of a promise means, in small worlds."""

from __future__ import annotations

from typing import Any, cast

import pytest
from worlds.rulesets import hosted

from jailpf.declare.promises import Promise, Promised, Whom
from jailpf.errors import Place
from jailpf.insight.promises import broken, strangers
from jailpf.insight.world import World
from jailpf.pf.simulated.explain import rebuild
from jailpf.values import Port

POOL = "rdr on em0 inet proto tcp from any to any port 80 -> { 172.16.15.1 172.16.15.2 }\npass\n"
SECOND = (
    "rdr on em1 inet proto tcp from any to (em1:0) port 80 tag x -> 172.16.15.2\nblock\n"
    "pass in quick on em1 reply-to (em1 198.18.0.254) inet proto tcp tagged x\n"
)
RANGE = "block\npass quick inet proto tcp from any to 172.16.15.1 port 8000:8003\n"
SELF = "block\npass quick on lo inet proto tcp from 172.16.15.1 to 172.16.15.1 port 80\n"
CLOSED = 'table <t> file "/nosuch/table"\nblock\npass quick inet proto tcp from <t> to 172.16.15.1 port 80\n'


def said(main: str, word: str, senders: list[str], to: str, port: str = "", but: str = "") -> str:
    """ "" for a promise that is kept, else the whole line."""
    promise = Promise(
        source=tuple(map(Whom.parse, senders)), to=(Whom.parse(to),), port=(Port.parse(port),) if port else (), proto=None,
        but=(Whom.parse(but),) if but else (), why=None,
    )  # fmt: skip
    world = World(hosted(rebuild(main)), {})
    found = broken([Promised(cast("Any", word), promise, Place("promises.toml", 1, 1))], world)
    return str(found[0]) if found else ""


@pytest.mark.parametrize(
    ("main", "words", "why"),
    [
        (POOL, ("always", ["198.51.100.7"], "jail:a", "80"), "not every tcp connection from 198.51.100.7 reaches a port 80"),
        ("pass\n", ("always", ["jail:b"], "jail:s", "80"), "jail b and jail s"),
        ("pass\n", ("always", ["jail:b"], "jail:dd", "80"), "the jail 'dd' is not known"),
        ("pass\n", ("always", ["192.0.2.1"], "192.0.2.77", "80"), "192.0.2.77 is beyond this host, and jailpf does not follow what 192.0.2.1 sends"),
        ("block\npass from 172.16.15.2\n", ("always", ["jail:*"], "jail:a", "80", "jail:b"), "from c reaches a"),
        (SECOND, ("never", ["outside"], "jail:b", "80"), "tcp from 198.51.100.7 to 198.18.0.1 port 80 reaches b"),
        (RANGE, ("never", ["outside"], "jail:a", "8002:9000"), "port 8002"),
        (CLOSED, ("never", ["outside"], "jail:a", "80"), "may reach a"),
        (CLOSED, ("always", ["198.51.100.7"], "jail:a", "80"), "not every tcp connection"),
        ("pass\n", ("never", ["jail:*"], "host", "22", "jail:a"), "reaches host"),
        (SELF, ("never", ["host"], "jail:a", "80"), "tcp from host to 172.16.15.1 port 80 reaches a"),
        (SELF, ("never", ["any"], "172.16.15.1", "80", "jail:a"), "reaches a"),
    ],
)  # fmt: skip
def test_what_is_not_kept(main: str, words: tuple[Any, ...], why: str) -> None:
    """And the reason, with a packet that `trace` takes."""
    assert why.replace("jail b and jail s", "b and s have no address family in common") in said(main, *words)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        ("block\npass from 172.16.15.2\n", ("always", ["jail:b"], "172.16.15.1", "80")),
        (SECOND, ("always", ["outside"], "jail:b", "80", "203.0.113.0/24")),
        (SECOND, ("always", ["0.0.0.0/0"], "jail:nobody*", "80")),
        (RANGE, ("never", ["outside"], "jail:a", "8004:9000")),
        (RANGE, ("never", ["outside"], "jail:b")),
        (SELF, ("never", ["jail:*"], "jail:a", "80")),
        (SELF, ("never", ["any"], "jail:a", "80", "host")),
        (SELF, ("never", ["host"], "jail:a", "81")),
        ("block\npass quick inet proto tcp from 192.0.2.0/24 to 172.16.15.1\n", ("never", ["outside"], "jail:a", "80", "192.0.2.0/24")),
    ],
)  # fmt: skip
def test_what_is_kept(main: str, words: tuple[Any, ...]) -> None:
    """By a second uplink, but for those who come by the first, whose network they are on; exceptions are networks or names; a pattern may wait for its jails."""
    assert said(main, *words) == ""


def test_strangers_are_those_of_an_exception() -> None:
    """A promise from or to a jail that is not there is not kept already."""
    promise = Promise(
        source=(Whom.parse("jail:wob"),),
        to=(Whom.parse("host"),),
        port=(),
        proto=None,
        but=(Whom.parse("jail:webb"),),
        why=None,
    )
    made = [Promised(cast("Any", word), promise, Place("promises.toml", 1, 1)) for word in ("never", "always")]
    assert [problem.message for problem in strangers(made, ["web"])] == 2 * ["no jail 'webb' is declared"]
