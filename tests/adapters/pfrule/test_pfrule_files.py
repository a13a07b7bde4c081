"""Which files of which folder are read, and what is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError, PermissionDeniedError, UsageError
from jailpf_adapters.pfrule.folder import jail_of

if TYPE_CHECKING:
    from stand_ins.host import Host


from folder_rules import J4, SEED_RDR, imported, imported_by, rules


def test_a_missing_table_file_begins_empty(host: Host) -> None:
    one = imported(host, rdr__conf=SEED_RDR)
    assert one.copies[0].content == ""
    said = one.warnings[0]
    assert str(said.place).endswith("/rdr.conf:2:30")
    assert "does not exist, so the table starts empty" in said.message
    assert said.remedy.endswith("/insecure_mua.table, or create it and import again")


def test_a_link_in_a_folder_that_the_jail_can_write_is_not_followed(host: Host) -> None:
    folder = rules(host, rdr__conf=SEED_RDR)
    os.symlink("/etc/passwd", f"{folder}/passwd.table")
    with pytest.raises(ConfigError, match=r"passwd\.table: is not a plain file; links are not followed"):
        imported_by(host, "pfrule", [folder])
    os.unlink(f"{folder}/passwd.table")
    os.mkfifo(f"{folder}/nat.conf")
    with pytest.raises(ConfigError, match=r"nat\.conf: is not a plain file"):
        imported_by(host, "pfrule", [folder])


def test_a_file_without_end_is_refused(host: Host, monkeypatch) -> None:
    monkeypatch.setattr("jailpf.managers.importing.language.reading.MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="is larger than"):
        imported(host, rdr__conf=SEED_RDR)


def test_closed_files_and_folders_say_run_as_root(host: Host, monkeypatch) -> None:
    folder = rules(host, rdr__conf=SEED_RDR)

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jailpf.managers.importing.language.reading.os.open", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        imported_by(host, "pfrule", [folder])
    monkeypatch.undo()
    monkeypatch.setattr("jailpf_adapters.pfrule.folder.os.listdir", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        imported_by(host, "pfrule", [folder])


@pytest.mark.parametrize(
    ("folder", "jail"),
    [("/data/dovecot/etc/pf.conf.d", "dovecot"), ("/etc/mail-toaster/web/pf.conf.d/", "web"), ("/srv/rules/db", "db")],
)
def test_the_folder_tells_the_jail(folder, jail) -> None:
    assert jail_of(folder) == jail


@pytest.mark.parametrize("folder", ["/etc/pf.conf.d", "/", "/a b"])
def test_a_folder_that_tells_no_jail_is_refused(folder) -> None:
    with pytest.raises(UsageError, match="does not show which jail"):
        jail_of(folder)


def test_no_folder_and_no_such_folder_are_errors(host: Host) -> None:
    with pytest.raises(UsageError, match="the folders to import"):
        imported_by(host, "pfrule", [])
    with pytest.raises(ConfigError, match="/nonexistent: no such folder"):
        imported_by(host, "pfrule", ["/nonexistent"])


def test_a_manager_that_is_broken_is_a_warning(host: Host) -> None:
    host.jail_conf("broken {")
    one = imported(host, rdr__conf=SEED_RDR)
    assert "unexpected EOF" in str(one.warnings[0])


def test_nothing_is_overwritten_and_nothing_half_written(host: Host, monkeypatch) -> None:
    one = imported(host, rdr__conf=SEED_RDR, insecure_mua="192.0.2.1\n")
    beside = host.root / "jailpf/jails"
    host.file("jailpf/jails/insecure_mua.table", "198.51.100.1\n")
    with pytest.raises(ConfigError, match=r"insecure_mua\.table: already exists; rename or remove it"):
        one.write()
    assert os.listdir(beside) == ["insecure_mua.table"]
    host.file("jailpf/jails/insecure_mua.table", "192.0.2.1\n")
    assert one.write() == [f"wrote {one.file}"]
    with pytest.raises(ConfigError, match=r"dovecot\.toml: already exists; `jailpf import -n`"):
        one.write()
    for name in os.listdir(beside):
        (beside / name).unlink()
    (beside / "insecure_mua.table").mkdir()
    with pytest.raises(ConfigError, match="already exists"):
        one.write()
    (beside / "insecure_mua.table").rmdir()

    for wrong, error in ((PermissionError(13, "no"), PermissionDeniedError), (OSError(28, "full"), ConfigError)):
        opened = os.open

        def failing(path: str, *more: int, wrong: OSError = wrong, opened=opened) -> int:
            if path.endswith("dovecot.toml"):
                raise wrong
            return opened(path, *more)

        with monkeypatch.context() as patch:
            patch.setattr("jailpf.managers.imported.os.open", failing)
            with pytest.raises(error, match="cannot be written"):
                one.write()
        assert os.listdir(beside) == []


def test_one_empty_folder_of_several_keeps_nothing_of_the_others(host: Host) -> None:
    """It is named, and the rest is imported."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; }}\n")
    good = rules(host, filter__conf=f"pass in quick proto tcp to {J4} port 25\n")
    empty = host.root / "data/web/etc/pf.conf.d"
    empty.mkdir(parents=True)
    found = imported_by(host, "pfrule", [str(empty), good])
    assert [(one.jail, bool(one.text), len(one.problems)) for one in found] == [("web", False, 1), ("dovecot", True, 0)]
