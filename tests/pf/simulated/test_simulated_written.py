"""Rules kept as text: what is said of them unread is what reading them says."""

from __future__ import annotations

import json
from pathlib import Path

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.kernel.written import Written
from jailpf.pf.simulated.language.parse import parse
from jailpf.pf.simulated.rules.rule import SECTIONS, Rule
from jailpf.pf.simulated.rules.show import rule_text

RECORDED = json.loads((Path(__file__).parent / "verdicts.json").read_text())
TOPOLOGY = Topology.of(RECORDED["interfaces"])
MORE = """\
nat on em0 inet from 10.0.0.1 to any tag "a b" -> (em0:0)
nat on em0 inet from 10.0.0.1 to any tag "a -> b" -> 203.0.113.1
no nat on em0 inet from 10.0.0.1 to any tag x
nat on ! em0 inet from 10.0.0.1 to any tag x -> 203.0.113.1 port 1024:65535
rdr on em0 inet proto tcp from ! 192.0.2.1 to 203.0.113.1 port = 80 tag jailpf.in/web -> 10.0.0.1 port 8080
rdr on em0 inet proto tcp from any to 203.0.113.1 port 80:90 -> 10.0.0.1 port 8080:*
rdr on em0 inet proto tcp from any to 203.0.113.1 - 203.0.113.9 port = 80 -> 10.0.0.1
rdr pass on em0 inet proto tcp from any to <ext> port = 80 -> 10.0.0.1
binat on em0 inet from 10.0.0.1 to any -> 203.0.113.1
pass in quick on em1 inet from ! any to 10.0.0.1 label "a tag \\"x\\"" tagged "y z"
pass out on em0 route-to (em1 192.0.2.1) inet all label " tag "
block drop all
"""


def _rules() -> list[list[Rule]]:
    texts = [MORE, *(case["rules"] for case in RECORDED["cases"] if not case["exit"])]
    found = [parse(text, TOPOLOGY, lenient=True).rules for text in texts]
    return [list(rules[section]) for rules in found for section in SECTIONS if rules[section]]


def test_texts_are_what_pfctl_prints() -> None:
    """Without reading a rule, its text is the one that reading it would print."""
    for rules in _rules():
        kept = Written([(rule.line, rule_text(rule, quoted=True)) for rule in rules], TOPOLOGY)
        read = Written(kept.lines, TOPOLOGY)
        assert list(kept.texts()) == [rule_text(rule) for rule in read]


def test_same_names_same_interface_and_addresses() -> None:
    """Rules whose words are the same are of one action, one interface, and of the same addresses that the host must hold."""
    seen: dict[tuple[str, ...], tuple[object, ...]] = {}
    for rules in _rules():
        printed = Written([(rule.line, rule_text(rule)) for rule in rules], TOPOLOGY, printed=True)
        for at, rule in enumerate(printed):
            if (names := printed.names(at)) and rule.action != "unknown":
                held = rule.destination if rule.action == "rdr" else rule.pool.hosts if rule.pool else ()
                key = (rule.action, rule.no, rule.interface, rule.not_interface, held)
                assert seen.setdefault(names, key) == key
    assert len(seen) > 50
