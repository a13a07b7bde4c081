"""The main ruleset judged: what it never does, does too much, or takes from an anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.judged.judge import judged

if TYPE_CHECKING:
    from jailpf.pf.simulated.judged.found import Judged

WEB = (
    'rdr on em0 inet proto tcp from any to (em0:0) port 8080 tag "x" -> 172.16.15.16 port 80\n'
    'nat on em0 inet from 172.16.15.16 to any tag "y" -> (em0:0)\n'
    'pass quick inet proto tcp from any to 172.16.15.16 port 80 tagged "x"\n'
)
CALLS = 'nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\n'


def _judged(main: str, anchor: str = WEB) -> list[Judged]:
    pf = Simulated(main=main)
    pf.topology.add_jail("web", ["172.16.15.16"])
    pf.load("jailpf/web", anchor)
    return judged(pf, lambda path: path.startswith("jailpf/"))


@pytest.mark.parametrize(
    ("below", "line"),
    [
        ("block in quick from <bruteforce>", 6),
        ("block in quick on em0 proto tcp from <bruteforce>", 6),
        ("block in quick on em0 proto tcp from 198.51.100.0/24 to any port 80", 6),
        ("block in quick on em0 proto tcp from 198.51.100.0/24 to any port 22", 0),
        ("block in quick on em1 from <bruteforce>", 0),
        ("block in quick proto udp from <bruteforce>", 0),
        ("block out quick from <bruteforce>", 0),
        ("block all", 0),
    ],
)
def test_a_block_below_the_anchor_line_never_bans(below: str, line: int) -> None:
    """It is told where a quick rule of a jail takes packets that it speaks of, and only there."""
    found = _judged(f'table <bruteforce> persist\n{CALLS}block in\nanchor "jailpf/*"\n{below}\n')
    assert [one.match.line for one in found if one.kind == "never bans"] == ([line] if line else [])
    if line:
        assert found[0].example[1:] == ("tcp", "198.51.100.7", "203.0.113.1", 8080)


def test_above_the_anchor_line_it_bans() -> None:
    """The remedy: the same line further up."""
    main = f'table <bruteforce> persist\n{CALLS}block in\nblock in quick from <bruteforce>\nanchor "jailpf/*"\n'
    assert _judged(main) == []


def test_a_quick_pass_above_that_reaches_a_jail_by_itself() -> None:
    """Every port of the jail by its own address, which no declaration asked for."""
    found = _judged(f'{CALLS}block in\npass in quick on em0 proto tcp from any to any port 22\nanchor "jailpf/*"\n')
    assert [(one.kind, one.match.line, one.example.to, one.example.port) for one in found] == [
        ("lets in", 4, "172.16.15.16", 22)
    ]


@pytest.mark.parametrize(
    "rules",
    [
        "rdr on em0 inet proto tcp to (em0:0) port 22 -> 172.16.15.16\n|pass in quick on em0 inet proto tcp to 172.16.15.16 port 22",
        "|pass out quick",
        "|pass quick proto carp",
        "|pass in quick on em0 proto tcp to (em0:0) port 22",
    ],
)
def test_what_pf_conf_publishes_itself_is_no_finding(rules: str) -> None:
    """Nor is what leaves, nor protocols by which the hosts of a group find each other."""
    translation, _, rule = rules.partition("|")
    assert _judged(f'{translation}{CALLS}block in\n{rule}\nanchor "jailpf/*"\n') == []


@pytest.mark.parametrize(
    ("rule", "beats"),
    [
        ("nat on em0 inet from 172.16.0.0/12 to any -> (em0:0)", True),
        ("nat on em1 inet from 172.16.0.0/12 to any -> (em0:0)", False),
        ("nat on em0 inet from 10.0.0.0/8 to any -> (em0:0)", False),
        ("no nat on em0 inet from 172.16.0.0/12 to 192.0.2.0/24", False),
        ("binat on em0 inet from 172.16.15.16 to any -> 203.0.113.9", True),
        ("rdr on em0 inet proto tcp from any to any port 8000:9000 -> 172.16.15.17", True),
        ("rdr on em0 inet proto tcp from any to any port 80 -> 172.16.15.17", False),
        ("rdr on em0 inet proto udp from any to any port 8080 -> 172.16.15.17", False),
    ],
)
def test_a_translation_rule_of_the_main_ruleset_that_beats_a_declaration(rule: str, beats: bool) -> None:
    """Where both speak of one packet: on 15 the main ruleset's wins, wherever it stands."""
    found = _judged(f'{CALLS}{rule}\nanchor "jailpf/*"\n')
    assert [(one.kind, one.match.line) for one in found if one.kind == "beats"] == ([("beats", 3)] if beats else [])


def test_what_is_exempt_before_is_not_taken() -> None:
    """A `no nat` above the call of the anchors takes their packets, and leaves nothing of them to the nat behind it."""
    main = "no nat on em0 inet from 172.16.15.16 to any\nnat on em0 inet from 172.16.0.0/12 to any -> (em0:0)\n"
    assert [one.match.line for one in _judged(f'{main}{CALLS}anchor "jailpf/*"\n')] == [1]
    main = "nat on em0 inet from { 172.16.0.0/12 !172.16.15.16 } to any -> (em0:0)\n"
    assert [
        one.match.line
        for one in _judged(
            f'table <own> {{ 172.16.0.0/12 !172.16.15.16 }}\nnat on em0 inet from <own> to any -> (em0:0)\n{CALLS}anchor "jailpf/*"\n'
        )
    ] == []


@pytest.mark.parametrize(
    ("block", "hides"),
    [
        ("block quick all", True),
        ("block drop in log quick on em0 proto tcp", True),
        ("block in quick on em0 inet6", False),
        ("block in quick on em1", False),
        ("block in quick proto tcp to port 80", True),
        ("block in quick proto tcp to port 8080", False),
        ("block in quick proto tcp to port { 445 25 }", False),
        ("block in all", False),
        ("block in quick from 192.0.2.0/24", False),
    ],
)
def test_a_quick_block_above_that_leaves_a_jails_rule_nothing(block: str, hides: bool) -> None:
    """Whatever its words: what counts is that all the packets of a rule meet it first."""
    found = _judged(f'{CALLS}{block}\nanchor "jailpf/*"\n')
    assert [(one.kind, one.match.line) for one in found] == ([("hides", 3)] if hides else [])
    assert not [one for one in _judged(f'{CALLS}anchor "jailpf/*"\n{block}\n') if one.kind == "hides"]


VNET = (
    'rdr on em0 inet proto tcp from any to (em0:0) port 8080 tag "x" -> 10.9.0.5 port 80\n'
    'rdr on em0 inet proto udp from any to (em0:0) port 53 tag "x" -> 10.9.0.5 port 53\n'
    'pass quick inet proto { tcp udp } from any to 10.9.0.5 port { 80 53 } tagged "x"\n'
    "pass in quick on bridge0 inet from 10.9.0.5 to any\n"
)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ('anchor "jailpf/*"', ""),
        ('anchor "jailpf/*" on { em0 bridge0 }', ""),
        ('anchor "jailpf/*" in on em0', "pass in quick on bridge0"),
        ('anchor "jailpf/*" in', "pass quick inet proto tcp from any to 10.9.0.5 port = 80"),
        ('anchor "jailpf/*" proto tcp', "pass quick inet proto udp"),
        ('anchor "jailpf/*" from ! 198.51.100.0/24', "pass quick inet proto tcp from any to 10.9.0.5 port = 80"),
        ('anchor "jailpf/*" inet', ""),
    ],
)
def test_conditions_on_the_anchor_line(call: str, what: str) -> None:
    """Told where they leave a jail's rule nothing, or keep a packet from it that would get in; with the rule and the packet."""
    pf = Simulated(main=f"{CALLS}block all\n{call}\n")
    pf.topology.add_interface("bridge0", "10.9.0.1/24")
    pf.topology.add_jail("vn", ["10.9.0.5"], interface="bridge0", vnet=True)
    pf.load("jailpf/vn", VNET)
    found = [one for one in judged(pf, lambda path: path.startswith("jailpf/")) if one.kind == "narrows"]
    assert bool(found) == bool(what)
    for one in found:
        assert one.match.line == 4
        assert one.other is not None
        assert one.other.text.startswith(what)


def test_a_rule_that_can_only_be_called_by_another_line_is_not_dead() -> None:
    """Two lines for one anchor, each with conditions: what one leaves out the other has."""
    main = (
        'rdr-anchor "jailpf/*" proto tcp\nrdr-anchor "jailpf/*" proto udp\nnat-anchor "jailpf/*"\nanchor "jailpf/*"\n'
    )
    assert _judged(main, WEB + "") == []
    (found,) = _judged(main.replace("proto tcp", "proto sctp"))
    assert (found.kind, found.match.line, found.example.port) == ("narrows", 1, 8080)


@pytest.mark.parametrize(
    ("rule", "below", "above"),
    [
        ("pass out on em0 route-to (em1 192.0.2.1) inet from any to any", ("route-to",), ("route-to",)),
        ("pass in on em0 reply-to (em0 203.0.113.254) inet proto tcp to any", ("reply-to",), ("reply-to",)),
        ("match in log on em0 inet proto tcp to any port 80", ("log",), ()),
        ("match out on em0 dnpipe 3", ("dnpipe",), ()),
        ("pass in log quick on em0 proto tcp to any port 80", ("log",), ()),
        ("pass in log on em0 proto tcp to any port 22", (), ()),
        ("pass in log on em1 proto tcp to any port 80", (), ()),
        ("pass in on em0 proto tcp to any port 80", (), ()),
        ("block log all", (), ()),
    ],
)
def test_what_does_not_happen_to_a_jails_packets(rule: str, below: tuple[str, ...], above: tuple[str, ...]) -> None:
    """A rule that would log, queue or route them, and stands below the line, or above it without quick."""
    anchor = WEB + 'pass out quick on em0 inet all tagged "y"\n'
    for main, kind, words in (
        (f'{CALLS}block\nanchor "jailpf/*"\n{rule}\n', "never asked", below),
        (f'{CALLS}block\n{rule}\nanchor "jailpf/*"\n', "overruled", above),
    ):
        found = [one for one in _judged(main, anchor) if one.kind in ("never asked", "overruled")]
        assert [(one.kind, one.words) for one in found] == ([(kind, words)] if words else [])
