"""jailpf.cli.progress: how far long work is."""

from __future__ import annotations

import io
import sys

import pytest

from jailpf.cli.progress import FEW, progress

NAMES = [f"jail{number}" for number in range(FEW)]


class Terminal(io.StringIO):
    """A standard error that a person reads."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_a_terminal_is_shown_the_jail_and_how_many_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many, with rich; every name comes, in order, and the line goes."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress("reading", NAMES)) == NAMES
    said = sys.stderr.getvalue()
    assert "reading jail" in said
    assert f"/{FEW}" in said


def test_what_is_printed_meanwhile_goes_where_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output that is a file gets its lines, and the terminal none of them."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("TERM", "xterm")
    for name in progress("loading", NAMES):
        print(f"{name}: loaded")
    assert sys.stdout.getvalue() == "".join(f"{name}: loaded\n" for name in NAMES)
    assert ": loaded" not in sys.stderr.getvalue()


@pytest.mark.parametrize("names", [NAMES, NAMES[1:]])
def test_nothing_is_shown_elsewhere(
    names: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No terminal, few jails, no rich."""
    assert list(progress("reading", NAMES)) == NAMES
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    if len(names) == FEW:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert list(progress("reading", names)) == names
    assert terminal.getvalue() == ""


def test_what_is_not_about_each_jail_is_shown_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a computation over many jails; of few jails nothing."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    parts = ["inet tcp from outside", "inet udp from outside"]
    assert list(progress("asking", parts, FEW - 1)) == parts
    assert sys.stderr.getvalue() == ""
    assert list(progress("asking", parts, FEW)) == parts
    assert "asking inet" in sys.stderr.getvalue()
