"""Jails: where their declarations may lie, and where they are looked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from managed import KNOWN, WEB, Manager

from jailpf.compile.whole import compile_jail
from jailpf.errors import (
    ConfigError,
    PermissionDeniedError,
)
from jailpf.system.running import Running

if TYPE_CHECKING:
    from pathlib import Path

    from jailpf.lifecycle.jails import Jails


@pytest.fixture
def root(jails: Jails, tmp_path: Path) -> Path:
    """The root of `web` as its manager knows it, with a declaration and a table file in it."""
    root = tmp_path / "roots/web"
    (root / "in").mkdir(parents=True)
    (root / "in/web.toml").write_text(WEB + '[jail]\nip4 = "10.0.0.2"\n')
    (root / "in/f.table").write_text("192.0.2.1\n")
    (tmp_path / "etc/jails").mkdir(parents=True)
    first = jails.adapters[0]
    assert isinstance(first, Manager)
    first.jails["web"] = replace(KNOWN, path=str(root))
    jails.settings = replace(jails.settings, file=str(tmp_path / "etc/jailpf.toml"), pf="simulated")
    return root


@pytest.mark.parametrize("name", ["web", "db"])
def test_a_declaration_in_the_root_of_any_jail_is_that_jail_s_word(jails: Jails, root: Path, name: str) -> None:
    """By link too, whatever its [jail] says, and also for the lookup of a target."""
    (root.parent.parent / f"etc/jails/{name}.toml").symlink_to(root / "in/web.toml")
    for given in ((jails.services(name),), ()):
        with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
            jails.find(name, *given)


def test_a_way_through_a_jail_is_refused(jails: Jails, root: Path) -> None:
    """A link inside the jail leads where the jail pleases, from one moment to the next."""
    beside = root.parent / "good.toml"
    beside.write_text(WEB)
    (root / "in/out").symlink_to(beside)
    (root.parent.parent / "etc/jails/web.toml").symlink_to(root / "in/out")
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        jails.find("web", jails.services("web"))


@pytest.mark.parametrize("name", ["web", "db"])
@pytest.mark.parametrize("by", ["path", "link"])
def test_a_table_in_the_root_of_any_jail_is_that_jail_s_word(jails: Jails, root: Path, name: str, by: str) -> None:
    """Also where [jail] has all that rules need."""
    (root.parent.parent / "etc/jails/f.table").symlink_to(root / "in/f.table")
    file = str(root / "in/f.table") if by == "path" else "f.table"
    text = f'{WEB}from = "<f>"\n[table.f]\nfile = "{file}"\n[jail]\nip4 = "10.0.0.2"\n'
    (root.parent.parent / f"etc/jails/{name}.toml").write_text(text)
    services = jails.services(name)
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        compile_jail(jails.find(name, services), services, jails)


def test_the_roots_of_running_jails_count(jails: Jails, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jail that no manager knows has a root too."""
    (root.parent / "alien").mkdir()
    (root.parent / "alien/f").write_text("")
    jails.settings = replace(jails.settings, pf="pfctl")
    answer = {"alien": Running(name="alien", path=str(root.parent / "alien"))}
    monkeypatch.setattr("jailpf.system.running.running", lambda settings: answer)
    with pytest.raises(PermissionDeniedError, match="inside the jail's root"):
        jails.must_be_outside(str(root.parent / "alien/f"))


def test_the_declared_jails(jails: Jails, tmp_path: Path) -> None:
    """Files in the folder whose names are those of jails, sorted."""
    for name in ("b.toml", "a.toml", ".hidden.toml", "x.toml~", "notes.txt", "parent.child.toml", "a b.toml"):
        (tmp_path / "jails" / name).write_text("")
    assert jails.declared() == ["a", "b", "parent.child", "web"]


@pytest.mark.parametrize("template", ["{jail}/pf.toml", "x-{jail}.toml"])
def test_the_declared_jails_of_another_place(jails: Jails, tmp_path: Path, template: str) -> None:
    """Where a folder cannot be listed for them, those of the managers that have a file."""
    jails.settings = replace(jails.settings, services=template)
    (tmp_path / "db").mkdir()
    (tmp_path / template.replace("{jail}", "db")).write_text(WEB)
    assert jails.declared() == ["db"]


def somewhere(tmp_path: Path, what: str) -> None:
    """The folder of declarations as it is when it is away."""
    folder = tmp_path / "jails"
    folder.rename(tmp_path / "away")
    if what == "file":
        folder.write_text("")
    elif what == "link":
        folder.symlink_to(tmp_path / "nowhere")
    elif what == "loop":
        folder.symlink_to(folder)


@pytest.mark.parametrize("what", ["missing", "file", "link", "loop"])
def test_a_folder_that_is_away_is_not_jails_without_declarations(jails: Jails, tmp_path: Path, what: str) -> None:
    """A data set that is not mounted takes no jail's rules away: an error, with what to do."""
    somewhere(tmp_path, what)
    for ask in (
        jails.declared,
        lambda: jails.declares("web"),
        lambda: jails.services("web"),
        lambda: jails.find("web"),
    ):
        with pytest.raises(ConfigError, match=r"cannot be read: .*mount it"):
            ask()


def test_a_file_that_is_missing_in_its_folder_is_no_declaration(jails: Jails) -> None:
    """In a folder for each jail, the folder of the jail may be missing too; a link that leads nowhere is one that is broken."""
    assert (jails.declares("web"), jails.declares("db")) == (True, False)
    jails.settings = replace(jails.settings, services="{jail}/pf.toml")
    assert not jails.declares("db")
    jails.settings = replace(jails.settings, services="none/{jail}/pf.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        jails.declares("db")
