"""A pf rebuilt from what a real one holds, and rules that the simulated pf does not know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import PfRefusedError
from jailpf.pf import Loaded
from jailpf.pf.simulated.explain import rebuild, unparsed
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.nearest import nearest

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection, Simulated

ANCHOR = Loaded(
    "jailpf/dovecot",
    ("rdr on em0 inet proto tcp from any to <ext_ip4> port = 993 tag jailpf.in/dovecot -> 172.16.15.15",),
    (
        (
            "pass quick inet proto tcp from <mua> to 172.16.15.15 port = 993 flags S/SA keep state "
            'label "jailpf/dovecot" label "jailpf/dovecot/mail" tagged jailpf.in/dovecot'
        ),
    ),
    {"mua": ("198.51.100.0/24", "!198.51.100.9")},
)
MAIN = ('rdr-anchor "jailpf/*" all', "block drop all", 'anchor "jailpf/*" all')
EXT = {"ext_ip4": ("203.0.113.1",)}


def _ask(pf: Simulated, port: int = 993, source: str = "198.51.100.7") -> Connection:
    pf.topology.add_jail("dovecot", ["172.16.15.15"])
    return pf.connect("tcp", source, "203.0.113.1", port, keep=False)


def test_printed_rules_decide_as_the_real_pf_does() -> None:
    """What pfctl -P prints is enough: rules, tags without quotes, tables of anchors and of main."""
    pf = rebuild(MAIN, [ANCHOR], EXT)
    pf.topology.add_jail("dovecot", ["172.16.15.15"])
    connection = _ask(pf)
    assert connection.delivered_to == "dovecot"
    assert [step.deciding.path for step in connection.steps if step.deciding] == ["jailpf/dovecot"] * 2
    assert _ask(pf, source="198.51.100.9").verdict == "block"
    assert pf.read("jailpf/dovecot") == ANCHOR


def test_a_pf_conf_with_macros() -> None:
    """A pf.conf as people write it: macros, tables, set skip; options and scrub decide nothing."""
    text = (
        'ext_if = "em0"\nset block-policy return\nset skip on lo0\nscrub in all\ntable <ext_ip4> { 203.0.113.1 }\n'
        'rdr-anchor "jailpf/*"\nblock in on $ext_if\nanchor "jailpf/*"\n'
    )
    pf = rebuild(text, [ANCHOR])
    assert _ask(pf)
    assert _ask(pf, 22).verdict == "block"
    assert pf.skipped() == ["lo0"]
    assert unparsed(text) == []
    assert unparsed(text + "once more\n") == [(9, "once more")]


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("pass in on em0 proto tcp from any to any port 22 user root", "unknown"),
        ("block in on em0 proto tcp from any to any port 22 user root", "block"),
        ("pass in on em1 proto tcp from any to any user root", "block"),
        ("pass out on em0 proto tcp from any to any user root", "block"),
        ("pass in on em0 proto udp from any to any user root", "block"),
        ("pass in on em0 inet6 proto tcp from any to any user root", "block"),
        ("antispoof for em0", "block"),
        ("match in all scrub (no-df)", "block"),
        ("match in all rdr-to 172.16.15.15", "block"),
        ("match in proto tcp rdr-to 172.16.15.15 user root", "unknown"),
        ('include "/etc/pf.more"', "unknown"),
        ('anchor "x" { \n pass all\n }', "pass"),
        ('anchor "x" { \n pass all user root\n }', "unknown"),
        ('anchor "x" { \n pass in on em1 from nosuch\n }', "block"),
        ("pass in from host.example.org to any", "unknown"),
        ("pass in proto udp from host.example.org to any", "block"),
        ("pass in proto tcp from host.example.org to any port 23", "block"),
        ("pass in proto tcp from any to any port 22 user nosuch", "unknown"),
        ("pass in proto tcp from any to any port 23 user nosuch", "block"),
    ],
)
def test_an_unknown_rule_counts_where_it_might_decide(line: str, verdict: str) -> None:
    """An unknown rule below `block all`: it matters unless it cannot match or would decide the same."""
    pf = rebuild(f"block all\n{line}\n")
    connection = _ask(pf, 22)
    assert connection.verdict == verdict
    if verdict == "unknown":
        assert re.search(r"line [23]\b", connection.reason)
        assert not connection


def test_a_quick_rule_above_makes_the_unknown_one_unimportant() -> None:
    """What an earlier quick match decided, a later unknown rule does not change."""
    assert _ask(rebuild("block quick all\npass in user root\n"), 22).verdict == "block"


def test_a_later_match_overrides_an_unknown_rule_unless_it_is_quick() -> None:
    """The last match wins, so an unknown rule without quick does not matter when a later rule matches."""
    assert _ask(rebuild("pass in user root\nblock all\n"), 22).verdict == "block"
    assert _ask(rebuild("pass in quick user root\nblock all\n"), 22).verdict == "unknown"


def test_an_unknown_tag_puts_tagged_rules_in_doubt() -> None:
    """An unknown rule that may set a tag makes what tests a tag unsure."""
    pf = rebuild("block all\npass in user root tag x\npass quick proto tcp all tagged x\nblock quick all\n")
    assert _ask(pf, 22).verdict == "unknown"


def test_an_unknown_translation_in_main_matters() -> None:
    """facts.md: a rdr rule of the main ruleset beats every anchor; so an unknown one leaves everything
    open.
    """
    lines = ("rdr on em0 inet proto tcp from any to any port = 993 -> nosuch.invalid", *MAIN)
    connection = _ask(rebuild(lines, [ANCHOR], EXT))
    assert connection.verdict == "unknown"
    assert "nosuch.invalid" in connection.reason
    lines = ("rdr on em1 inet proto tcp from any to any port = 993 -> nosuch.invalid", *MAIN)
    assert _ask(rebuild(lines, [ANCHOR], EXT))


def test_a_table_file_that_cannot_be_read_is_a_doubt() -> None:
    """A main table whose file is missing here has an unknown content, unless it is given."""
    text = 'table <bad> persist file "/nosuch/bad.table"\nblock in quick from <bad>\npass all\n'
    connection = _ask(rebuild(text), 22)
    assert connection.verdict == "unknown"
    assert "<bad>" in connection.reason
    assert _ask(rebuild(text, tables={"bad": ["192.0.2.1"]}), 22).verdict == "pass"


def test_another_routing_table_is_not_simulated() -> None:
    """A rule with rtable decides about a way that the simulated host does not have."""
    assert _ask(rebuild("block all\npass in proto tcp all rtable 1\n"), 22).verdict == "unknown"


def test_a_table_entry_that_is_no_address() -> None:
    """Bad input is one clear error."""
    with pytest.raises(PfRefusedError, match="table <t>: no IP address found for nonsense"):
        rebuild(MAIN, tables={"t": ["nonsense"]})


def test_the_nearest_rule_says_what_differs() -> None:
    """For a block: the rule that would have let it in, and the words in which it differs."""
    pf = rebuild(MAIN, [ANCHOR], EXT)
    near = nearest(pf, _ask(pf, source="192.0.2.1"))
    assert near[0].match.labels == ("jailpf/dovecot", "jailpf/dovecot/mail")
    assert near[0].differs == ("from",)
    near = nearest(pf, _ask(pf, 995))
    assert (near[0].match.section, near[0].differs) == ("rdr", ("port",))
    assert nearest(pf, _ask(pf)) == []


def test_the_nearest_of_many_is_found_without_reading_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many jails only those rules are read that may be the nearest, and the nearest is found."""
    text = "pass quick inet proto tcp from any to 10.0.0.{} port = 80 flags S/SA keep state tagged in"
    pf = rebuild(MAIN, [Loaded(f"jailpf/j{n:03}", (), (text.format(n),), {}) for n in range(1, 60)])
    connection = pf.connect("tcp", "198.51.100.7", "10.0.0.40", 80, keep=False)
    read = []
    parsing = Written._parse
    monkeypatch.setattr(Written, "_parse", lambda self, line: read.append(line) or parsing(self, line))
    (near,) = nearest(pf, connection, 1)
    assert (near.match.path, near.differs) == ("jailpf/j040", ("tagged",))
    assert len(read) <= 1
