"""What people see: tables fold where the terminal ends, and a question is not joined to its remedy by `?;`."""

from __future__ import annotations

import pytest

from jailpf.cli import output
from jailpf.errors import Problem

ROWS = [("web", "172.16.15.16, fd00::1, 203.0.113.4", "http tcp/80,443, postgres-replication-and-more tcp/5432")]


@pytest.mark.parametrize("width", [50, 60, 79])
def test_a_table_folds_at_the_terminals_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is longer, the columns stay columns, and no letter is lost."""
    monkeypatch.setattr(output, "_width", lambda: width)
    output.table(ROWS, ("JAIL", "ADDRESSES", "SERVICES"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    starts = [lines[0].index(head) for head in ("JAIL", "ADDRESSES", "SERVICES")]
    columns = [
        "".join(line[a:b].strip() for line in lines[1:]) for a, b in zip(starts, [*starts[1:], None], strict=True)
    ]
    assert [one.replace(" ", "") for one in columns] == [cell.replace(" ", "") for cell in ROWS[0]]


def test_for_a_program_nothing_folds(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no person reads, a row is a line."""
    output.table(ROWS)
    assert capsys.readouterr().out == "  ".join(ROWS[0]) + "\n"


def test_a_question_is_followed_by_its_remedy() -> None:
    """No sentence has `?;` in it."""
    assert str(Problem("add which addresses?", None, "such as 192.0.2.7")) == "add which addresses? such as 192.0.2.7"
    assert str(Problem("no", None, "yes")) == "no; yes"
