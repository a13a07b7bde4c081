"""The main ruleset judged: what it never does, does too much, or takes from an anchor."""

from __future__ import annotations

import pytest

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.reach.judged import Judged, judged

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
    ("rule", "beats"),
    [
        ("nat on em0 inet from 172.16.0.0/12 to any -> (em0:0)", True),
        ("nat on em1 inet from 172.16.0.0/12 to any -> (em0:0)", False),
        ("nat on em0 inet from 10.0.0.0/8 to any -> (em0:0)", False),
        ("no nat on em0 inet from 172.16.0.0/12 to 192.0.2.0/24", True),
        ("rdr on em0 inet proto tcp from any to any port 8000:9000 -> 172.16.15.17", True),
        ("rdr on em0 inet proto tcp from any to any port 80 -> 172.16.15.17", False),
        ("rdr on em0 inet proto udp from any to any port 8080 -> 172.16.15.17", False),
    ],
)
def test_a_translation_rule_of_the_main_ruleset_that_beats_a_declaration(rule: str, beats: bool) -> None:
    """Where both speak of one packet: on 15 the main ruleset's wins, wherever it stands."""
    found = _judged(f'{CALLS}{rule}\nanchor "jailpf/*"\n')
    assert [(one.kind, one.match.line) for one in found if one.kind == "beats"] == ([("beats", 3)] if beats else [])
