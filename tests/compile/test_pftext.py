"""jailpf.compile.pftext: rules as text, and the last check before the text leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.compile.pftext import checked, rule_text, table_text
from jailpf.errors import PluginError
from jailpf.model import Rule, StateOptions, Table
from jailpf.values import Address, Count, Filename, Interface, Member, Peer, Port, Protocol, Rate

EM0, TCP = Interface("em0"), Protocol(("tcp",))
A, B = Peer.parse("192.0.2.1"), Peer.parse("!<b>")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule(action="pass"), "pass all"),
        (Rule(action="block", direction="in", log=True, quick=True), "block in log quick all"),
        (Rule(action="pass", proto=TCP), "pass proto tcp all"),
        (Rule(action="pass", family="inet", proto=TCP), "pass inet  proto tcp all"),
        (Rule(action="pass", family="inet6", proto=TCP), "pass inet6 proto tcp all"),
        (Rule(action="pass", source=(A,)), "pass from 192.0.2.1 to any"),
        (Rule(action="pass", source=(A, B)), "pass from { 192.0.2.1 ! <b> } to any"),
        (Rule(action="pass", port=(Port(1, 2), Port(5, 5))), "pass from any to any port { 1:2 5 }"),
        (Rule(action="pass", source_port=(Port(5, 5),)), "pass from any port 5 to any"),
        (Rule(action="pass", on=(EM0, Interface("lo0"))), "pass on { em0 lo0 } all"),
        (Rule(action="pass", tagged="a/b", tag="c", labels=("l", "m")), 'pass all tagged "a/b" tag "c" label "l" label "m"'),
        (Rule(action="nat", family="inet", target=A, static_port=True), "nat inet from any to any -> 192.0.2.1 static-port"),
        (Rule(action="rdr", target=A, target_port=Port(7, 7)), "rdr from any to any -> 192.0.2.1 port 7"),
        (Rule(action="rdr", target=A, target_port=Port(7, 9)), "rdr from any to any -> 192.0.2.1 port 7:*"),
        (Rule(action="binat", on=(EM0,), source=(A,), target=Address.parse("fd00::1")), "binat on em0 from 192.0.2.1 to any -> fd00::1"),
        (Rule(action="pass", state=StateOptions()), "pass all keep state"),
        (Rule(action="pass", state=StateOptions(synproxy=True)), "pass all synproxy state"),
        (
            Rule(action="pass", state=StateOptions(max=Count(1), max_src_conn_rate=Rate(15, 5), overload="o")),
            "pass all keep state (max 1, max-src-conn-rate 15/5, overload <o> flush)",
        ),
    ],
)  # fmt: skip
def test_a_rule_s_text(rule: Rule, text: str) -> None:
    """Options stand in the order that both versions take."""
    assert rule_text(rule) == text


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (Table(name="a"), "table <a> persist"),
        (Table(name="a", addresses=()), "table <a> persist { }"),
        (Table(name="a", addresses=(Member.parse("!192.0.2.1"),), persist=False), "table <a> { !192.0.2.1 }"),
        (
            Table(name="a", file=Filename("/a b"), const=True, counters=True),
            'table <a> persist const counters file "/a b"',
        ),
    ],
)
def test_a_table_s_text(table: Table, text: str) -> None:
    """With and without members, from a file, with its options."""
    assert table_text(table) == text


@pytest.mark.parametrize(
    "line",
    [
        "", "pass", "pass all\n", "pass all\npass all", "pass all # x", "pass all $x", "pass all \\", 'pass all label "a$nr"',
        'pass all label "a" "', "pass  all   x", " pass all", "pass all ", "anchor x", 'load anchor "x" from "y"', "set skip on lo0",
        "pass { all", "pass all; block", "pass all 'x'", "pass \u00e9", 'pass all label "a\nb"', "include \"x\"", "x = y",
        'table <a> file "a$b"', 'pass all label "\u00e9"', "pass\tall", "no rdr all", "scrub all", "match all",
    ],
)  # fmt: skip
def test_what_is_not_one_rule_does_not_leave(line: str) -> None:
    """A second line, a comment, a macro, an open list, another statement: none of it gets out, whoever made it."""
    with pytest.raises(PluginError, match="returned an invalid rule"):
        checked(line)


@given(st.text(min_size=1, max_size=6), st.sampled_from(["tag", "tagged", "labels", "on", "name", "service"]))
def test_a_plugin_cannot_smuggle(word: str, where: str) -> None:
    """Whatever a plugin writes into a word of a rule, the text is one line and one rule, or nothing."""
    words = {where: (Interface(word),) if where == "on" else (word,) if where == "labels" else word}
    try:
        text = rule_text(Rule(action="pass", **words)) if where != "name" else table_text(Table(name=word))
    except PluginError:
        return
    assert "\n" not in text
    assert "#" not in text
    assert "$" not in text
    assert text.count('"') % 2 == 0


@pytest.mark.parametrize("length", [100, 20_000])
def test_the_check_is_quick(length: int) -> None:
    """A long list, and a long list with a mistake at its end, take no time to tell."""
    line = "table <a> persist { " + " ".join(f"10.{n >> 8 & 255}.{n & 255}.1" for n in range(length)) + " }"
    assert checked(line) == line
    with pytest.raises(PluginError):
        checked(line + ' "')
