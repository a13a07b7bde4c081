"""Which of two faults in one line is told: pfctl reads a token ahead only where a piece may go on."""

from __future__ import annotations

import pytest

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.language.parse import parse

TOPOLOGY = Topology.of(
    {"em0": ["203.0.113.1/24", "2001:db8::1/64", "fe80::1/64"], "em1": ["10.1.1.1/24"], "lo0": ["127.0.0.1/8"]}
)
SYNTAX = "syntax error"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("block proto tcp to any port 80:70", ["1: invalid port range"]),
        ("block proto tcp to any port 80:70 block", [f"1: {SYNTAX}"]),
        ("block from any to urpf-failed", ['1: "urpf-failed" is not permitted in a destination address']),
        ("block from any to urpf-failed from any", [f"1: {SYNTAX}"]),
        ("block proto 47 nat-to <t> source-hash 0x12 tag x", ["1: hex key must be 128 bits (32 hex digits) long"]),
        ("block proto 47 nat-to <t> source-hash 0x12 return", [f"1: {SYNTAX}"]),
        ("set ruleset-optimization foo on", ["1: unknown ruleset-optimization foo"]),
        ("set ruleset-optimization foo =", [f"1: {SYNTAX}"]),
        ("no nat pass log (all) )", ['1: "pass" not valid with "no"']),
        ("no nat pass )", [f"1: {SYNTAX}"]),
        ('binat-anchor "a" from em0 rtable 1 allow-opts', ["1: fromto parameter not supported in binat-anchor"]),
        ('binat-anchor "a" from em0 allow-opts', [f"1: {SYNTAX}"]),
        (
            'anchor "a/b" {\n} a',
            ["2: anchor paths containing '/' cannot be used for inline anchors."],
        ),
        ("pass proto tcp divert-to 8000 port 80", [f"1: {SYNTAX}"]),
        ('load anchor from "f" on', ["1: anchor name is missing"]),
        ("queue tx on em0 flows 1024", ["1: queue tx has no parent", "1: errors in queue definition"]),
        ("queue tx on em0 1024", [f"1: {SYNTAX}"]),
        (
            "pass in on $nowhere proto tcp \\\n to any \\\n port 80\n",
            ["1: macro 'nowhere' not defined", f"2: {SYNTAX}"],
        ),
        ('x = "' + "y" * 9000 + '" "\npass in on', ["1: string too long", f"1: {SYNTAX}"]),
    ],
)
def test_the_fault_that_pfctl_tells(text: str, said: list[str]) -> None:
    """A line with two faults gets the complaint that pfctl makes, at pfctl's line."""
    problems = parse(f"\n{text}\n", TOPOLOGY, main=True).problems
    found = [f"{problem.place.line - 1}: {problem.message}" for problem in problems if problem.place]
    assert found == said


@pytest.mark.parametrize(
    ("text", "listing"),
    [
        ("pass in from fe80::1%em0", "pass in inet6 from fe80::1 to any flags S/SA keep state\n"),
        (
            "pass out on em1\npass in from fe80::1%em0",
            "pass in on em0 inet6 from fe80::1 to any flags S/SA keep state\n",
        ),
        ("pass in from fe80::1%em0 to em0", "pass in on em0 inet6 from fe80::1 to 2001:db8::1 flags S/SA keep state\n"),
    ],
)
def test_a_link_local_address_binds_once_the_interfaces_are_read(text: str, listing: str) -> None:
    """fe80::1%em0 binds its rule to em0 only below the first name of an interface, which makes pfctl read them."""
    parsed = parse(f"{text}\n", TOPOLOGY)
    assert not parsed.problems
    assert listing in parsed.listing()


def test_a_link_local_address_fits_its_own_interface_only() -> None:
    """A rule on another interface, or on a group, is no rule."""
    for on in ("on em1", "on lo", "on any"):
        assert parse(f"pass out on em0\npass in {on} from fe80::1%em0\n", TOPOLOGY).problems


@pytest.mark.parametrize(("name", "masked"), [("t" * 16, True), ("t" * 17, False)])
def test_binat_to_from_a_table(name: str, masked: bool) -> None:
    """The name of a table from its 17th letter on passes for a mask of binat-to."""
    problems = parse(f"pass on em0 inet from <{name}> binat-to 10.0.0.1\n", TOPOLOGY).problems
    assert any("matching network mask" in problem.message for problem in problems) == masked


@pytest.mark.parametrize("text", ["10.0.0.0o16", "0x0x0a000001", "0o12.1", "10.0.0.0/0o10"])
def test_numbers_are_those_of_c(text: str) -> None:
    """What only Python takes for a number is none."""
    assert parse(f"table <t> {{ {text} }}\n", TOPOLOGY).problems
    assert parse(f"pass proto tcp to port {text}\n", TOPOLOGY).problems


def test_a_pool_of_route_to_has_no_ports() -> None:
    """map-e-portset is taken there, and means nothing."""
    parsed = parse("pass in dup-to (em0 10.0.0.1) endpoint-independent map-e-portset 6/8/52 inet\n", TOPOLOGY)
    assert parsed.listing() == "pass in dup-to (em0 10.0.0.1) endpoint-independent inet all flags S/SA keep state\n"
