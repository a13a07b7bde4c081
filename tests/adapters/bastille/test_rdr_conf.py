from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from jailpf.plugin import Published, Unread
from jailpf_adapters.bastille import rdr_conf

SAMPLE = Path(__file__).parent / "sample"
ROWS = json.loads((SAMPLE / "expected.json").read_text())["jails"]["web"]["published"]
TEXT = (SAMPLE / "jails/web/rdr.conf").read_text()


def port(text: str) -> str:
    return text if text[0].isdigit() else str(socket.getservbyname(text))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["line"])
def test_every_form_of_line_is_read_as_bastille_means_it(row) -> None:
    """Interfaces by name, list or macro, service names, the old form; and whether a start loads the line again."""
    one = list(rdr_conf.parse(TEXT, "rdr.conf", "web"))[row["line"] - 1]
    assert isinstance(one, Published)
    assert one.place.line == row["line"]
    assert list(one.families) == row["families"]
    assert list(one.on) == (row["interfaces"] or [])
    assert [*map(str, one.source), "any"][0] == row["source"]
    assert [*map(str, one.to), "any"][0] == row["to"]
    assert one.proto == (row["proto"],)
    assert (str(one.port), str(one.jail_port)) == (port(row["port"]), port(row["jail_port"]))
    assert (one.log or None) == row["log"]
    assert (not one.weak) == row["loaded_again_at_start"]
    assert not one.passes


@pytest.mark.parametrize("line", ["nonsense", "dual em0 any any icmp 1 1", "dual em0 any any tcp 1 1 x", "tcp 1"])
def test_a_line_that_is_none_is_shown_with_its_place(line) -> None:
    """Never passed over: what Bastille would make of it nobody knows."""
    (one,) = rdr_conf.parse(f"# note\n\n{line}\n", "rdr.conf", "web")
    assert isinstance(one, Unread)
    assert (one.text, str(one.problem.place)) == (line, "rdr.conf:3")
