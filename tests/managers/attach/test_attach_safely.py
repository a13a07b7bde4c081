"""What attach does not touch: files that change, that cannot be written, that jail(8) refuses or that we do not understand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hook_lines import COMMENTED, command

from jailpf.errors import ConfigError, NoJailError, PermissionDeniedError, TryAgainError
from jailpf.managers.attach import attach, detach, replacing
from jailpf.managers.jailconf_text import Block
from jailpf.system import itself

if TYPE_CHECKING:
    from stand_ins.host import Host


def test_what_jail_8_refuses_never_arrives(host: Host, monkeypatch) -> None:
    text = "web { path = /; }\n"
    file = host.jail_conf(text)
    monkeypatch.setattr("jailpf.managers.attach.jailconf_plan.applied", lambda *_: "web { path = /; exec.created = \n")
    with pytest.raises(ConfigError, match=f"jail: {file}: unexpected EOF"):
        attach(host.adapters, ["web"])
    monkeypatch.setattr("jailpf.managers.attach.jailconf_plan.applied", lambda *_: "web { path = /; } other { }\n")
    with pytest.raises(ConfigError, match="would read other jails: web, other"):
        attach(host.adapters, ["web"])
    assert Path(file).read_text() == text


def test_an_unknown_jail_stops_all_before_anything_is_written(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    with pytest.raises(NoJailError, match=r"no jail manager knows nosuch \(asked: bastille, iocage, jail.conf\)"):
        attach(host.adapters, ["web", "nosuch"])
    assert Path(file).read_text() == COMMENTED


def test_a_block_that_jail_8_knows_and_we_do_not_find_is_left_to_the_user(host: Host, monkeypatch) -> None:
    host.jail_conf(COMMENTED)
    monkeypatch.setattr("jailpf.managers.attach.jailconf_plan.outline", lambda _: Block(""))
    with pytest.raises(ConfigError, match="there is no block for web; write the hook lines by hand"):
        attach(host.adapters, ["web"])


def test_two_blocks_of_one_jail_are_refused(host: Host) -> None:
    host.jail_conf("web { path = /; }\nweb { path = /; }\n")
    with pytest.raises(ConfigError, match="the jail web is defined twice"):
        attach(host.adapters, ["web"])


def test_a_file_that_changes_meanwhile_stays(host: Host, monkeypatch) -> None:
    file = host.jail_conf(COMMENTED)
    real = os.path.realpath(file)
    stage = replacing._stage

    def slow(path: str, content: bytes) -> str:
        Path(real).write_text(COMMENTED + "# mine\n")
        return stage(path, content)

    monkeypatch.setattr("jailpf.managers.attach.replacing._stage", slow)
    with pytest.raises(TryAgainError, match="another program changed it meanwhile"):
        attach(host.adapters, ["web"])
    assert Path(file).read_text() == COMMENTED + "# mine\n"


@pytest.mark.parametrize(
    ("wrong", "error"), [(PermissionError(13, "no"), PermissionDeniedError), (OSError(28, "full"), ConfigError)]
)
def test_when_one_file_cannot_be_written_those_before_it_are_put_back(host: Host, monkeypatch, wrong, error) -> None:
    main = host.jail_conf("a { path = /; }\n")
    other = host.file("etc/jail.b.conf", "b { path = /; }\n")
    rename = os.rename

    def failing(source: str, target: str) -> None:
        if target == os.path.realpath(other):
            raise wrong
        rename(source, target)

    monkeypatch.setattr("jailpf.managers.attach.replacing.os.rename", failing)
    with pytest.raises(error, match="cannot be written"):
        attach(host.adapters, ["a", "b"])
    assert Path(main).read_text() == "a { path = /; }\n"
    assert Path(other).read_text() == "b { path = /; }\n"
    assert not [name for name in os.listdir(host.root / "etc") if name.endswith(".new")]


def test_a_file_reached_by_a_link_is_replaced_where_it_is(host: Host) -> None:
    real = host.file("real/jail.conf", COMMENTED)
    (host.root / "etc").mkdir()
    (host.root / "etc/jail.conf").symlink_to(real)
    attach(host.adapters, ["web"])
    assert (host.root / "etc/jail.conf").is_symlink()
    assert command(host, "prestart") in Path(real).read_text()


def test_a_path_that_cannot_stand_in_a_hook_line_is_refused(host: Host, monkeypatch) -> None:
    host.jail_conf(COMMENTED)
    monkeypatch.setattr(itself, "command", lambda: ["/opt/my python/bin/jailpf-hook"])
    with pytest.raises(ConfigError, match="cannot be part of a hook line; use a path without spaces"):
        attach(host.adapters, ["web"])


def test_detach_knows_its_backup_when_other_jails_of_the_file_were_attached_too(host: Host) -> None:
    file = host.jail_conf(COMMENTED)
    attach(host.adapters, ["web"])
    attach(host.adapters, ["db"])
    Path(file).write_text(Path(file).read_text().replace("10.0.0.3", "10.0.0.4"))
    detach(host.adapters, ["web", "db"])
    assert Path(file).read_text() == COMMENTED.replace("10.0.0.3", "10.0.0.4")
    assert (host.root / "etc/.jail.conf.jailpf-backup").exists(), "the backup tells what the user changed since"


def test_another_file_of_the_host_stays_when_a_closed_folder_stops_the_backup(host: Host, monkeypatch) -> None:
    file = host.jail_conf(COMMENTED)

    def closed(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("jailpf.state.writes.os.geteuid", lambda: 4711)
    monkeypatch.setattr("jailpf.state.writes.os.fchown", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        attach(host.adapters, ["web"])
    assert os.listdir(host.root / "etc") == ["jail.conf"]
    assert Path(file).read_text() == COMMENTED
