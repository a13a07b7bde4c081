"""The adapter, on a blackship.toml."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from jailpf_blackship import PHASES, PLACE, Blackship

from jailpf.plugin import FileHooks, Host, Interface, Settings

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """# my jails
[[jails]]
name = "web"

[jails.network]
ip = "10.0.1.10"

[[jails.hooks]]
phase = "post_start"
command = "/root/mine"  # stays

[[jails]]
name = "pool"

[jails.network]
vnet = true
"""
ANCHOR = "rdr proto tcp from any to any port = 8080 -> 10.0.1.10 port 80\nno rdr\n"


@pytest.fixture
def blackship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blackship:
    """On a host with two jails."""
    (tmp_path / "blackship.toml").write_text(TEXT)
    (tmp_path / "blackship.toml").chmod(0o644)
    monkeypatch.setattr("jailpf.plugin.run_program", lambda *_words: ANCHOR)
    managers = {"blackship": {"file": str(tmp_path / "blackship.toml")}}
    return Blackship(
        Settings(file=str(tmp_path / "jailpf.toml"), managers=managers, host=Host(ext_if=(Interface("em0"),)))
    )


def test_a_jail_is_found_with_its_address(blackship: Blackship) -> None:
    """One that draws its address is not settled."""
    web, pool = blackship.find("web"), blackship.find("pool")
    assert web is not None
    assert pool is not None
    assert (list(map(str, web.addresses)), web.vnet, web.settled) == (["10.0.1.10"], False, True)
    assert (pool.addresses, pool.vnet, pool.settled) == ((), True, False)
    assert blackship.find("nosuch") is None


def test_hooks_are_written_once_and_taken_out_whole(blackship: Blackship) -> None:
    """Comments and the hooks of others stay."""
    web = blackship.find("web")
    assert web is not None
    hooks = blackship.hooks(web)
    assert isinstance(hooks, FileHooks)
    (file,) = hooks.files
    new = file.attached(TEXT)
    assert new is not None
    assert file.attached(new) == new
    written = tomllib.loads(new)["jails"][0]["hooks"]
    assert [hook["phase"] for hook in written] == ["post_start", *PHASES]
    assert "# stays" in new
    assert tomllib.loads(file.detached(new, None) or "") == tomllib.loads(TEXT)


def test_what_is_exposed_becomes_a_declaration(blackship: Blackship) -> None:
    """A line of another form is shown, not passed over."""
    (one,) = blackship.import_(["web"])
    assert tomllib.loads(one.text) == {"service": {"http": {"port": 80, "rdr": {"port": 8080, "to": "any"}}}}
    assert [found.problem.place for found in blackship.claims() if hasattr(found, "problem")] == [PLACE]
