"""What is no TOML is told in words about the line itself, with what must be written; tomllib's words are for the rest."""

from __future__ import annotations

import tomllib

import pytest

from jailpf.declare.toml import parse
from jailpf.errors import DeclarationError

TOP = "[service.http]\nport = 80\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TOP + "port = 443\n", "3:1: `port` is written twice in [service.http], first on line 2; remove one of them; several values are one list: port = [80, 443]"),
        (TOP + "[service.http]\n", "3:1: [service.http] is written twice, first on line 1; "),
        ("service.http.port = 80\n[service.http]\n", "2:1: `service.http` is already defined by the dotted key on line 1; "),
        (TOP + "rdr = true\n[service.http.rdr]\nport = 1\n", "4:1: `rdr` is already set on line 3, and [service.http.rdr] is its table; remove line 3"),
        (TOP + "rdr = True\n", "3:7: 'True' is not a TOML value; write rdr = true"),
        (TOP + "rdr = no\n", "3:7: 'no' is not a TOML value; write rdr = false"),
        (TOP + "from = 192.0.2.7\n", '3:8: a string needs quotes; write from = "192.0.2.7"'),
        (TOP + "proto = udp # both\n", '3:9: a string needs quotes; write proto = "udp"'),
        ("port = 80, 443\n", "1:8: several values need brackets and commas; write port = [80, 443]"),
        ("port = { 80 443 }\n", "1:8: several values need brackets and commas; write port = [80, 443]"),
        ("port = [80 443]\n", "1:8: a comma is missing between 80 and 443; write port = [80, 443]"),
        ("from = [192.0.2.1, any]\n", '1:8: 192.0.2.1 needs quotes; write from = ["192.0.2.1", "any"]'),
        ('from = "x\nport = 80\n', '1:8: the string that begins here has no closing "; write from = "x"'),
        ("a = 1\nport = [80, 443\nfrom = 1\n", "2:8: the array that begins here has no closing bracket; close it with ]: port = [80, 443]"),
        ("port = 80,\n", "1:10: nothing may follow a value; write port = 80: remove the ','"),
        ("port = 80;\nfrom = 1;\n", "1:10: nothing may follow a value; write port = 80: remove the ';' here and on 1 more line"),
        ("port = 80\nport += 443\n", "2:6: TOML has no +=; write one list: port = [80, 443]"),
        (TOP + "rdr = {\n  port = 1,\n}\n", "3:7: a table in { } must be on one line; write [service.http.rdr] with its keys below"),
        ("rdr = { port = 1, }\n", "1:7: a table in { } has no comma after its last key; write rdr = { port = 1 }"),
        ("from = \u201cx\u201d\n", '1:8: \u201c is a curly quote (U+201C); write from = "x"'),
        ("port\u00a0= 80\n", "1:5: an invisible character (no-break space, U+00A0) is here; "),
        ("; x\n", "1:1: this does not begin a comment; comments begin with `#`"),
        ("// x\n", "1:1: this does not begin a comment; comments begin with `#`"),
        ("service http {\n", "1:1: this is the syntax of jail.conf or UCL, not TOML; write [service.http] with its keys below, without braces"),
        ("port = 0080\n", "1:8: a number has no leading zeros; write port = 80"),
        ("<<<<<<< HEAD\n", "1:1: git's conflict mark <<<<<<< is here; "),
        ("a = 1\rb = 2\r", "1:6: the lines end in CR alone"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_words(text: str, said: str) -> None:
    """Place, what is wrong, and the line as it must be."""
    with pytest.raises(DeclarationError) as caught:
        parse(text, "f")
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"f:{said}")
    assert "\n" not in str(problem)


@pytest.mark.parametrize(
    "line", ["rdr = True", "from = 192.0.2.7", "port = 80, 443", "port = { 80 443 }", "port = [80 443]", 'from = "x', "port = 0080", "port = 80;"]
)  # fmt: skip
def test_what_is_offered_is_toml(line: str) -> None:
    """Who writes what stands behind "write" has a file that can be read."""
    with pytest.raises(DeclarationError) as caught:
        parse(line + "\n", "f")
    offered = caught.value.problems[0].remedy.removeprefix("write ").split(": remove")[0]
    assert tomllib.loads(offered)
