"""jailpf.declare.tablefile: the files of tables, read as pfctl reads them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpf.declare.tableedit import edit_file
from jailpf.declare.tablefile import parse_table, read_table, text_of
from jailpf.errors import PfRefusedError, Place
from jailpf.pf.simulated import Simulated

if TYPE_CHECKING:
    from pathlib import Path

NAMED = Place("web.toml", 3, 8)


def found(text: str) -> tuple[list[str], list[str]]:
    members, problems = parse_table(text, "f")
    return [str(member) for member in members], [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", []),
        ("# nobody\n\n", []),
        ("192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.0/24 !192.0.2.7\t2001:db8::/32\r\n", ["192.0.2.0/24", "!192.0.2.7", "2001:db8::/32"]),
        ("  192.0.2.1 # 192.0.2.2\n", ["192.0.2.1"]),
        ("#a\n192.0.2.1\n#b", ["192.0.2.1"]),
        ("; Spamhaus DROP List\n1.10.16.0/20 ; SBL256894\n", ["1.10.16.0/20"]),
        ("192.0.2.1 # 1 ; 2\n192.0.2.2 ;3 # 4", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.1\v192.0.2.2\f192.0.2.3\n", ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
    ],
)
def test_members(text: str, members: list[str]) -> None:
    """Addresses, networks and negations between blanks, comments from a word that begins with `#`."""
    assert found(text) == (members, [])


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("192.0.2.1\n  em0\n", 2, 3),
        ("10.1\n", 1, 1),
        ("192.0.2.1#glued\n", 1, 1),
        ("192.0.2.1/24\n", 1, 1),
        ("192.0.2.1;glued\n", 1, 1),
        ("! 192.0.2.1\n", 1, 1),
        ("10.0.0.1 0.0.1\n", 1, 10),
        ("192.0.2.1\u00a0192.0.2.2\n", 1, 1),
        ("192.0.2.1\u2028192.0.2.2\n", 1, 1),
        ("\x00\n", 1, 1),
    ],
)
def test_a_bad_word_has_a_place(text: str, line: int, column: int) -> None:
    """The first word that pfctl would look up, mistake or refuse."""
    _, problems = parse_table(text, "f")
    assert problems[0].place == Place("f", line, column)


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789./:!# \n\tabf;\r\u00a0"), max_size=40))
def test_what_is_taken_pf_takes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No file passes the check and fails in the load."""
    _, problems = parse_table(text, "f")
    if problems:
        return
    file = tmp_path_factory.getbasetemp() / "any.table"
    file.write_bytes(text.encode())
    try:
        Simulated().check("jailpf/web", f'table <t> file "{file}"\n')
    except PfRefusedError as refused:
        raise AssertionError(f"{text!r}: {refused}") from refused


def test_a_file_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    """The declaration is what has to change, or the file to be made."""
    members, (problem,) = read_table(str(tmp_path / "none"), NAMED)
    assert members == []
    assert problem.place == NAMED
    assert "no such file" in problem.message
    assert problem.remedy


def test_bytes_that_are_not_text_are_no_addresses(tmp_path: Path) -> None:
    """They have a place as well."""
    file = tmp_path / "t"
    file.write_bytes(b"192.0.2.1\n\xff\xfe\n")
    assert read_table(str(file), NAMED)[1][0].place == Place(str(file), 2, 1)


def test_an_edit_keeps_comments_of_both_kinds() -> None:
    """A line of one member that goes takes its comment along; others keep theirs."""
    before = b"; DROP\n192.0.2.1 ; one\n192.0.2.2 192.0.2.3 ; two\n192.0.2.4 # four\n"
    kept = parse_table("192.0.2.2 192.0.2.4 192.0.2.5", "")[0]
    assert edit_file(before, kept) == b"; DROP\n192.0.2.2 ; two\n192.0.2.4 # four\n192.0.2.5\n"


def test_bytes_that_are_no_text_stay_in_comments() -> None:
    """One decoder for reading and for editing: a latin-1 comment loads, and so it can be edited."""
    before = b"192.0.2.1 # \xe9\r\n192.0.2.2\r\n# \xff\xfe\n"
    assert parse_table(text_of(before), "f") == (["192.0.2.1", "192.0.2.2"], [])
    after = edit_file(before, ["192.0.2.1", "192.0.2.3"])
    assert after == b"192.0.2.1 # \xe9\r\n# \xff\xfe\n192.0.2.3\r\n"


WORDS = st.sampled_from(["192.0.2.1", "192.0.2.1/32", "!192.0.2.9", "2001:DB8::1", "10.0.0.0/8", "# c", "; c", "\r"])


@settings(deadline=None)
@given(
    st.lists(st.lists(WORDS, max_size=3).map(" ".join), max_size=5).map("\n".join),
    st.lists(st.sampled_from(["192.0.2.1", "!192.0.2.9", "2001:db8::1", "10.0.0.0/8", "192.0.2.7"]), unique=True),
)
def test_an_edited_file_says_what_was_asked_for(text: str, members: list[str]) -> None:
    """Whatever stood there, in the order of the file; what stays the same stays byte for byte."""
    old = parse_table(text, "f")[0]
    after = edit_file(text.encode(), members)
    assert set(parse_table(text_of(after), "f")[0]) == set(members)
    assert edit_file(after, parse_table(text_of(after), "f")[0]) == after
    if text.endswith("\n"):
        assert edit_file(text.encode(), old) == text.encode()


@pytest.mark.exam
def test_a_million_lines_are_read_and_edited_in_time() -> None:
    """13 seconds they took to read, and 49 to add one to."""
    lines = [f"10.{a}.{b}.{c}" for a in range(4) for b in range(250) for c in range(250)]
    text = "\n".join(lines) + "\n"
    since = time.monotonic()
    members, problems = parse_table(text, "f")
    edited = edit_file(text.encode(), [*members, "192.0.2.1"])
    assert time.monotonic() - since < 4  # a quarter of a million
    assert (members, problems) == (lines, [])
    assert edited == text.encode() + b"192.0.2.1\n"
