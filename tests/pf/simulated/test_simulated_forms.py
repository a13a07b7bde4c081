"""The forms of rules that jailpf writes (DESIGN.md section 5, "A worked life"), and reading back what is
printed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.language.parse import Parsed, parse

TOPOLOGY = Topology()
J, J6 = "172.16.15.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"

FORMS = [
    (
        f'nat on em0 inet from {J} to any tag "jailpf.out/dovecot" -> (em0:0)',
        [f"nat on em0 inet from {J} to any tag jailpf.out/dovecot -> (em0:0)"],
    ),
    (
        f"nat on em0 inet from {J} to any -> (em0:0) static-port",
        [f"nat on em0 inet from {J} to any -> (em0:0) static-port"],
    ),
    (
        f'binat on em0 inet from {J} to any tag "jailpf.out/a" -> 203.0.113.7',
        [f"binat on em0 inet from {J} to any tag jailpf.out/a -> 203.0.113.7"],
    ),
    (
        f'rdr on {{ em0 lo0 }} inet  proto tcp from any to (em0:0) port 6000:6010 tag "jailpf.in/x" -> {J} port 7000:*',
        [
            f"rdr on {on} inet proto tcp from any to (em0:0) port 6000:6010 tag jailpf.in/x -> {J} port 7000:7010"
            for on in ("em0", "lo0")
        ],
    ),
    (
        f"rdr on em0 inet proto {{ tcp udp }} from {{ 192.0.2.0/24 <t> }} to 203.0.113.1 port 53 -> {J}",
        [
            f"rdr on em0 inet proto {proto} from {source} to 203.0.113.1 port = 53 -> {J}"
            for proto in ("tcp", "udp")
            for source in ("192.0.2.0/24", "<t>")
        ],
    ),
    (
        f'pass quick inet6 proto tcp from any to {J6} port {{ 993 995 }} tagged "jailpf.in/d" label "a" label "b"',
        [
            f'pass quick inet6 proto tcp from any to {J6} port = {port} flags S/SA keep state label "a" label "b" '
            "tagged jailpf.in/d"
            for port in (993, 995)
        ],
    ),
    (
        f"pass in log quick on em0 inet proto tcp from any port 6277 to {J} port 80 flags S/SA synproxy state",
        [f"pass in log quick on em0 inet proto tcp from any port = 6277 to {J} port = 80 flags S/SA synproxy state"],
    ),
    (
        (
            "pass quick proto tcp all keep state (max 100, max-src-conn 20, max-src-conn-rate 15/5, max-src-states 3, "
            "overload <x> flush global)"
        ),
        [
            (
                "pass quick proto tcp all flags S/SA keep state (max 100, source-track rule, max-src-states 3, "
                "max-src-conn 20, max-src-conn-rate 15/5, overload <x> flush global, adaptive.start 60, "
                "adaptive.end 120, src.track 5)"
            )
        ],
    ),
    ("block in quick from <overload_http>", ["block drop in quick from <overload_http> to any"]),
    (
        'pass out quick on em0 inet all tagged "jailpf.out/d" label "jailpf/d"',
        ['pass out quick on em0 inet all flags S/SA keep state label "jailpf/d" tagged jailpf.out/d'],
    ),
    ("pass inet6 proto icmp6", ["pass inet6 proto ipv6-icmp all keep state"]),
    ("block in log on em0", ["block drop in log on em0 all"]),
    ("pass proto { esp gre }", ["pass proto esp all keep state", "pass proto gre all keep state"]),
    ('anchor "jailpf/*"', ['anchor "jailpf/*" all']),
    ('anchor "x" in quick on em0 inet', ['anchor "x" in quick on em0 inet all']),
]


@pytest.mark.parametrize(("written", "printed"), FORMS)
def test_a_form_is_taken_and_printed(written: str, printed: list[str]) -> None:
    """Each form that a rule type of jailpf writes is accepted; it prints in the canonical form of pfctl."""
    assert parse(written + "\n", TOPOLOGY).checked().listing().splitlines() == printed


def test_tables_as_jailpf_writes_them() -> None:
    """A table with a file, and one with addresses of both families."""
    text = "table <x> persist counters { 192.0.2.0/24 !192.0.2.7 2001:db8::1 }\n"
    assert parse(text, TOPOLOGY).checked().listing() == text


def _rules(parsed: Parsed) -> list[object]:
    return [replace(rule, line=0) for rules in parsed.rules.values() for rule in rules]


_rule = st.builds(
    "{} {} {} {} from {} to {} {} {}".format,
    st.sampled_from(["pass", "pass in", "block out quick", "block return log", "match", "pass log (all) quick"]),
    st.sampled_from(["", "on em0", "on ! lo", "on { em0 em1 }"]),
    st.sampled_from(["inet", "inet6", ""]),
    st.sampled_from(["proto tcp", "proto { tcp udp }"]),
    st.sampled_from(["any", "<t>", "! <t>", "(em0)", "{ 10.0.0.0/8 2001:db8::/32 }", "! 10.1", "10.0.0.1 - 10.0.0.9"]),
    st.sampled_from(["any", "em0", "(em0:0)", "any port 80", "any port { 1:5 != 9 }", "any port 3 >< 9"]),
    st.sampled_from(["", "flags any", "tag one", "! tagged two", 'label "$if:$dstport"', "allow-opts"]),
    st.sampled_from(["", "tagged three", 'label "x y"']),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(_rule)
def test_printing_loses_nothing(text: str) -> None:
    """What is printed reads back as the same rules, or the rule was refused in the first place."""
    first = parse(text + "\n", TOPOLOGY)
    if not first.problems:
        again = parse(first.listing(), TOPOLOGY, printed=True).checked()
        assert _rules(again) == _rules(first)


@given(st.text(alphabet="pasblock inouted(){}<>!=/,-\"'\\\n\t#$ 0123.:*é;", max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever is written, the answer is a list of problems, not an exception; lenient reading has none."""
    parse(text, TOPOLOGY)
    assert not parse(text, TOPOLOGY, lenient=True).problems


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('a = "10.0.0"\npass from $a.5\n', "pass inet from 10.0.0.5 to any flags S/SA keep state"),
        ('a = "80"\nb = "{" $a "443 }"\npass proto tcp to any port $b\n', "pass proto tcp from any to any port = 443"),
        ("pass \\\nin \\\nall\n", "pass in all flags S/SA keep state"),
        ("pass proto tcp to any port {\n80\n,443\n}\n", "port = 443"),
        ("pass in all # { not open\n", "pass in all"),
        ("pass label 'it is'\n", 'label "it is"'),
    ],
)
def test_lexical_habits(text: str, printed: str) -> None:
    """facts.md section 1: macros expand outside of quotes and join what follows; lines continue; braces span
    lines.
    """
    assert printed in parse(text, TOPOLOGY).checked().listing()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('pass label "' + "x" * 64 + '"\n', "rule label too long (max 63 chars)"),
        ("pass tag " + "x" * 64 + "\n", "tag too long, max 63 chars"),
        ("pass on " + "x" * 16 + "\n", "interface name too long"),
        ("pass on em0 \\ \nall\n", "syntax error"),
        ("pass = all\n", "syntax error"),
        ("anchor foo/bar\n", "syntax error"),
        ("pass inet proto icmp6\n", "proto icmp6 doesn't match address family inet"),
        ("block keep state\n", "keep state is great, but only for pass rules"),
        ("pass from 10.0.0.9 - 10.0.0.0/8\n", "syntax error"),
        ("pass proto tcp to port {\n80,\n443 }\n", "syntax error"),
        ("pass all user nosuch\n", "unknown user nosuch"),
        ("rdr inet proto tcp to any port 80 -> 10.0.0.1 round-robin random\n", "pool type cannot be redefined"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    """facts.md section 1 (limits, lexical traps) and section 4; what is not simulated is named."""
    assert message in parse(text, TOPOLOGY).problems[0].message


def test_what_is_nested_too_deeply_is_refused() -> None:
    """Anchors as pfctl counts them; lists before they cost the stack."""
    anchors = "".join(f'anchor "a{n}" {{\n' for n in range(70)) + "pass\n" + "}\n" * 70
    assert parse(anchors, TOPOLOGY).problems[0].message == "pfa_anchor: anchors too deep"
    lists = "pass from " + "{ " * 5000 + "10.0.0.1" + " }" * 5000 + "\n"
    assert "the simulated pf does not know" in parse(lists, TOPOLOGY).problems[0].message
