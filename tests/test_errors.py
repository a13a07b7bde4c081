"""jailpf.errors: what somebody's file holds makes no message of any length, and no list of any length."""

from __future__ import annotations

import errno
import os
import re

import pytest

from jailpf.errors import MOST_LETTERS, MOST_LINES, DeclarationError, Place, Problem, first_of, problems_of
from jailpf.lifecycle.opening import make
from jailpf.state import writes
from jailpf.state.rundir import RunDir


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


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "make room"), (errno.EROFS, "mount"), (errno.EACCES, "root")]
)
def test_an_error_of_the_system_names_the_file_and_what_helps(number: int, remedy: str) -> None:
    """Which disk is full, and what to look at; being root does not help where one is root."""
    (problem,) = problems_of(OSError(number, os.strerror(number), "/var/run/jailpf/records/web.json"))
    assert problem.message == f"/var/run/jailpf/records/web.json: {os.strerror(number)}"
    assert remedy in problem.remedy


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_run_directory_without_room_is_no_matter_of_permission(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither 77 nor "run as root": poststop then goes on without the lock."""

    def full(path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(writes, "folder", full)
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as caught:
        make(RunDir("/run/x"))
    assert not isinstance(caught.value, PermissionError)
    assert caught.value.filename == "/run/x"
