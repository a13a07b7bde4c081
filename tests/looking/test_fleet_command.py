"""jailpf fleet: many hosts, from what reach --json printed on each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Desk


@pytest.fixture
def folder(desk: Desk) -> Path:
    """Two hosts: one with git and dovecot, one with dovecot only."""
    for name in ("git", "dovecot"):
        desk.jailpf("load", name)
    folder = desk.root / "reach"
    folder.mkdir()
    (folder / "alpha.json").write_text(desk.jailpf("reach", "--json").out)
    desk.jailpf("unload", "git")
    (folder / "beta.json").write_text(desk.jailpf("reach", "--json").out)
    return folder


def hosts(desk: Desk, folder: Path, *words: str) -> list[str]:
    found = json.loads(desk.jailpf("fleet", str(folder), *words, "--json").out)
    return sorted({f"{row['host']} {row['jail']}" for row in found["reached"]})


def test_who_publishes_a_port(desk: Desk, folder: Path) -> None:
    """On any host; the port is the one asked for outside."""
    assert hosts(desk, folder, "--port", "993", "--from", "outside") == ["alpha dovecot", "beta dovecot"]
    assert hosts(desk, folder, "--port", "8080") == ["alpha git"]
    assert hosts(desk, folder, "--port", "25") == []
    assert desk.jailpf("fleet", str(folder), "--port", "25").out == "nobody, on 2 hosts\n"
    table = desk.jailpf("fleet", str(folder), "--port", "8080").out.splitlines()
    assert table[0].split() == ["HOST", "JAIL", "SERVICE", "FROM", "SOURCE", "ADDRESS", "PROTO", "PORT"]


def test_by_sender_jail_and_protocol(desk: Desk, folder: Path) -> None:
    """An address inside of a network counts as one of its senders."""
    assert hosts(desk, folder, "--port", "110", "--from", "192.0.2.9") == ["alpha dovecot", "beta dovecot"]
    assert hosts(desk, folder, "--port", "110", "--from", "198.51.100.9") == []
    assert hosts(desk, folder, "--jail", "g*", "--proto", "tcp") == ["alpha git"]
    assert desk.jailpf("fleet", str(folder), "--from", "nobody").status == 64


def test_a_promise_for_all(desk: Desk, folder: Path) -> None:
    """The host is named that breaks it."""
    file = desk.write(
        "all.toml",
        '[[never]]\nfrom = "outside"\nto = "jail:git"\nport = 80\n[[never]]\nfrom = "outside"\nto = "host"\nport = 22\n',
    )
    answer = desk.jailpf("fleet", str(folder), "--promises", str(file))
    assert answer.status == 1
    (line,) = answer.err.splitlines()
    assert line.startswith(
        f"{file}:1:1: alpha: never from outside to jail:git port 80 is not kept: anyone outside reaches git"
    )
    (folder / "alpha.json").unlink()
    assert desk.jailpf("fleet", str(folder), "--promises", str(file)).out == "2 promises are kept on 1 hosts\n"


def test_a_file_that_is_something_else_is_named(desk: Desk, folder: Path) -> None:
    """And the others are asked; a folder without any is an error."""
    (folder / "gamma.json").write_text("[]")
    answer = desk.jailpf("fleet", str(folder), "--port", "8080")
    assert f"{folder}/gamma.json: is not what `jailpf reach --json` prints" in answer.err
    assert "alpha" in answer.out
    assert desk.jailpf("fleet", str(desk.root / "jails")).status == 78
    assert desk.jailpf("fleet", "/nonexistent").status == 78


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("jail", 1), ("sources", [["any"]]), ("addresses", [None]), ("ports", 80), ("ports", ["9" * 5000]), ("ports", ["x"]),
        ("arrives", []), ("doubts", True), ("answered", "no"),
    ],
)  # fmt: skip
def test_a_row_that_reach_never_printed(desk: Desk, folder: Path, key: str, value: object) -> None:
    """The file is named, with every question; the other host is answered for."""
    data = json.loads((folder / "alpha.json").read_text())
    data["reached"][0][key] = value
    (folder / "alpha.json").write_text(json.dumps(data))
    file = desk.write("all.toml", '[[never]]\nfrom = "outside"\nto = "jail:git"\nport = 80\n')
    for words in (("--port", "993"), ("--promises", str(file)), ("--from", "192.0.2.9")):
        assert "alpha.json: is not what `jailpf reach --json` prints" in desk.jailpf("fleet", str(folder), *words).err


def test_a_second_uplink_is_outside_too(desk: Desk, folder: Path) -> None:
    """Whoever comes by another card than the first, from an address, is outside; a jail on a bridge is not."""
    data = json.loads((folder / "beta.json").read_text())
    row = next(row for row in data["reached"] if row["origin"] == "outside" and "993" in row["ports"])
    data["reached"] = [row | {"origin": "em1"}, row | {"origin": "bridge0", "sources": ["git"], "ports": ["5"]}]
    (folder / "beta.json").write_text(json.dumps(data))
    assert hosts(desk, folder, "--port", "993", "--from", "outside") == ["alpha dovecot", "beta dovecot"]
    assert hosts(desk, folder, "--port", "5", "--from", "outside") == []
    file = desk.write("all.toml", '[[never]]\nfrom = "outside"\nto = "jail:dovecot"\nport = 993\n')
    assert "beta: never from outside" in desk.jailpf("fleet", str(folder), "--promises", str(file)).err


def test_a_promise_about_what_leaves(desk: Desk) -> None:
    """The host is named whose jails may send it; a file of an older reach is told."""
    folder = desk.root / "leaving"
    folder.mkdir()
    with open(desk.root / "jails/git.toml", "a") as opened:
        opened.write('[out.some]\nto = "198.51.100.0/24"\nproto = "tcp"\nport = 25\n')
    desk.jailpf("load", "git")
    (folder / "alpha.json").write_text(desk.jailpf("reach", "--json").out)
    for sender, to, port, broken in (
        ("jail:g*", "outside", 25, True),
        ("172.16.0.0/12", "198.51.100.7", 25, True),
        ("jail:dovecot", "any", 25, False),
        ("jail:*", "outside", 443, False),
        ("any", "192.0.2.0/24", 25, False),
    ):
        promise = f'[[never]]\nfrom = "{sender}"\nto = "{to}"\nport = {port}\n'
        answer = desk.jailpf("fleet", str(folder), "--promises", str(desk.write("all.toml", promise)))
        assert answer.status == int(broken), (sender, to, port)
        assert ("git reaches 198.51.100.0/24 tcp 25" in answer.err) == broken
    old = json.loads((folder / "alpha.json").read_text())
    (folder / "beta.json").write_text(json.dumps({name: old[name] for name in old if name != "leaving"}))
    assert "beta.json: is not what `jailpf reach --json` prints" in desk.jailpf("fleet", str(folder), "--port", "1").err
