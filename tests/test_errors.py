"""jailpf.errors: what somebody's file holds makes no message of any length, and no list of any length."""

from __future__ import annotations

from jailpf.errors import MOST_LETTERS, MOST_LINES, DeclarationError, Place, Problem, first_of


def test_a_long_word_is_shown_by_both_its_ends() -> None:
    """A word of 2 MB in a table file was an error line of 2 MB, for syslog too."""
    said = str(Problem("a" * 2_000_000 + "z", Place("f", 1, 1), "remedy"))
    assert said.startswith("f:1:1: aaa")
    assert said.endswith("z; remedy")
    assert len(said) < MOST_LETTERS + 100


def test_many_problems_are_counted() -> None:
    """The first ones help; the rest is a number."""
    found = [Problem(str(number)) for number in range(200_000)]
    assert len(first_of(found)) == MOST_LINES + 1
    assert first_of(found)[-1].message == f"and {200_000 - MOST_LINES} more problems like these"
    assert len(str(DeclarationError(found))) < 10_000
    assert first_of(found[:MOST_LINES]) == found[:MOST_LINES]
