from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stand_ins.host import HERE

from jailpf.declare.foreign import guarded
from jailpf.errors import ConfigError, PermissionDeniedError, PluginError, UsageError
from jailpf.managers.attach import attach, detach
from jailpf.managers.attach.new import new, write_new
from jailpf.plugin import Adapter, FileHooks, HookFile, Jail
from jailpf.system import itself

if TYPE_CHECKING:
    from stand_ins.host import Host

BASTILLE = """web {
  enforce_statfs = 2;
  exec.start = '/bin/sh /etc/rc';
  host.hostname = web;
  path = /usr/local/bastille/jails/web/root;

  vnet;
  vnet.interface = e0b_web;
  exec.prestart += "jib addm web em0";
  exec.poststop += "ifconfig e0a_web destroy";
}
"""


def command(host: Host, verb: str, name: str) -> str:
    return f"{shlex.join(itself.command())} -c {host.root}/jailpf/jailpf.toml --run {host.root}/run {verb} {name}"


def test_a_jail_conf_of_its_own_gets_one_include_below_the_block(host: Host) -> None:
    """The lines stand in a file of jailpf's; what edits the jail's own file has nothing of them to lose."""
    host.bastille({"web": BASTILLE})
    (result,) = attach(host.adapters, ["web"])
    path = f"{host.root}/jailpf/hooks-vnet.conf"
    assert Path(result.file).read_text() == f'{BASTILLE}.include "{path}";\n'
    lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in lines] == ["exec.prepare", "exec.poststart", "exec.poststop"]
    assert all(" += " in line and line.endswith(' $name";') for line in lines)
    assert path in result.diff
    assert not attach(host.adapters, ["web"])[0].changed
    detach(host.adapters, ["web"])
    assert Path(result.file).read_text() == BASTILLE
    assert sorted(os.listdir(host.root / "bastille/jails/web")) == ["jail.conf"]
    assert Path(path).exists(), "another jail may include it"


def test_an_included_file_that_is_gone_is_written_again(host: Host) -> None:
    """jail(8) reads no jail.conf whose include is missing: attach mends that too."""
    host.bastille({"web": BASTILLE})
    attach(host.adapters, ["web"])
    path = host.root / "jailpf/hooks-vnet.conf"
    path.unlink()
    with pytest.raises(ConfigError, match=r"hooks-vnet\.conf: No such file"):
        attach(host.adapters, ["web"], dry_run=True)
    (result,) = attach(host.adapters, ["web"])
    assert result.wrong == ()
    assert path.exists()


def test_where_jail_8_knows_no_include_the_lines_stay_in_the_block(host: Host) -> None:
    """FreeBSD 13."""
    host.bastille({"web": BASTILLE})
    host.program("jail", HERE / "jail.py", "-13")
    host.programs["jail"] = host.file("bin/jail13", (host.root / "bin/jail").read_text())
    os.chmod(host.programs["jail"], 0o755)
    (result,) = attach(host.adapters, ["web"])
    text = Path(result.file).read_text()
    added = [line for line in text.splitlines() if "jailpf" in line]
    assert text == BASTILLE[:-2] + "".join(f"{line}\n" for line in added) + "}\n", "inside the one block, at its end"
    assert [line.split()[0] for line in added] == ["exec.prepare", "exec.poststart", "exec.poststop"]
    detach(host.adapters, ["web"])
    assert Path(result.file).read_text() == BASTILLE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"prestart": "{prestart}", "created": "{created}", "poststop": "{poststop}"}),
        (
            {"exec_prestart": "/usr/bin/true", "exec_poststop": "none"},
            {"prestart": "{prestart}", "created": "{created}", "poststop": "{poststop}"},
        ),
        (
            {"exec_created": "/root/a -x && /root/b", "exec_poststop": "/root/c"},
            {
                "prestart": "{prestart}",
                "created": "/root/a -x && /root/b && {created}",
                "poststop": "{poststop} && /root/c",
            },
        ),
    ],
)
def test_iocages_properties_are_chained_and_given_back(host: Host, before, after) -> None:
    host.iocage({"w.w": {"ip4_addr": "10.0.0.2", "host_hostname": "wéb", **before}})
    file = host.root / "iocage/jails/w.w/config.json"
    old = file.read_text()
    (result,) = attach(host.adapters, ["w.w"])
    config = json.loads(file.read_text())
    verbs = {verb: command(host, verb, "w.w") for verb in ("prestart", "created", "poststop")}
    assert {hook: config[f"exec_{hook}"] for hook in after} == {
        hook: text.format(**verbs) for hook, text in after.items()
    }
    assert "exec_poststart" not in config
    assert {key: value for key, value in config.items() if not key.startswith("exec_")} == {
        "ip4_addr": "10.0.0.2", "host_hostname": "wéb",
    }  # fmt: skip
    assert result.diff.startswith(f"--- {file}")
    assert not attach(host.adapters, ["w.w"])[0].changed
    detach(host.adapters, ["w.w"])
    assert json.loads(file.read_text()) == json.loads(old.replace('"none"', '"/usr/bin/true"'))
    assert not detach(host.adapters, ["w.w"])[0].changed


def test_properties_of_the_defaults_are_chained_too_and_come_back(host: Host) -> None:
    host.iocage({"w": {"ip4_addr": "10.0.0.2"}}, defaults={"exec_created": "/root/all"})
    file = host.root / "iocage/jails/w/config.json"
    old = file.read_text()
    attach(host.adapters, ["w"])
    assert json.loads(file.read_text())["exec_created"] == f"/root/all && {command(host, 'created', 'w')}"
    detach(host.adapters, ["w"])
    assert file.read_text() == old
    assert os.listdir(file.parent) == ["config.json"]


def test_an_iocage_jail_with_dhcp_calls_created_from_poststart(host: Host) -> None:
    host.iocage({"w": {"vnet": 1, "ip4_addr": "vnet0|DHCP"}})
    file = host.root / "iocage/jails/w/config.json"
    attach(host.adapters, ["w"])
    config = json.loads(file.read_text())
    assert config["exec_poststart"] == command(host, "created", "w")
    assert config.get("exec_created", "/usr/bin/true") == "/usr/bin/true", "its address is not known yet"
    config.update(vnet=0, ip4_addr="10.0.0.2")
    file.write_text(json.dumps(config) + "\n")
    attach(host.adapters, ["w"])
    assert json.loads(file.read_text())["exec_poststart"] == "/usr/bin/true", "no longer needed"
    assert file.read_text().count("\n") == 1, "the layout of the file is kept"


def test_without_the_backup_iocages_own_nothing_stands_there_again(host: Host) -> None:
    host.iocage({"w": {"ip4_addr": "10.0.0.2"}})
    folder = host.root / "iocage/jails/w"
    attach(host.adapters, ["w"])
    (folder / ".config.json.jailpf-backup").write_text("broken")
    detach(host.adapters, ["w"])
    assert json.loads((folder / "config.json").read_text())["exec_created"] == "/usr/bin/true"
    assert (folder / ".config.json.jailpf-backup").exists()


@pytest.mark.parametrize("value", ["/root/a 'b c'", "/root/a # b", "/root/a &", "/root/a ;"])
def test_a_command_that_nothing_can_be_chained_to_is_refused(host: Host, value) -> None:
    host.iocage({"w": {"ip4_addr": "10.0.0.2", "exec_prestart": value}})
    with pytest.raises(ConfigError, match=r"jailpf cannot chain to exec_prestart = .*; put that command in a script"):
        attach(host.adapters, ["w"])


def test_a_dry_run_of_iocage_changes_nothing(host: Host) -> None:
    host.iocage({"w": {"ip4_addr": "10.0.0.2"}})
    file = host.root / "iocage/jails/w/config.json"
    old = file.read_text()
    assert attach(host.adapters, ["w"], dry_run=True)[0].changed
    assert file.read_text() == old


def test_jails_of_several_managers_are_attached_together(host: Host) -> None:
    host.bastille({"web": BASTILLE})
    host.iocage({"db": {"ip4_addr": "10.0.0.2"}})
    host.jail_conf("mail { ip4.addr = 10.0.0.3; }\n")
    assert [one.manager for one in attach(host.adapters, ["mail", "db", "web"])] == ["jail.conf", "iocage", "bastille"]


def test_new_writes_a_declaration_that_is_all_comments_but_valid(host: Host) -> None:
    import tomllib

    host.jail_conf("mail { ip4.addr = 10.0.0.3; }\nvn { vnet; }\n")
    assert tomllib.loads(new(host.adapters, "mail")) == {}
    assert "from jail.conf: 10.0.0.3" in new(host.adapters, "mail")
    assert "jail.conf does not know its addresses before it runs" in new(host.adapters, "vn")
    assert "no jail manager knows it yet" in new(host.adapters, "nosuch")
    uncommented = "\n".join(
        line.removeprefix("#") for line in new(host.adapters, "nosuch").splitlines() if not line.startswith("# ")
    )
    assert set(tomllib.loads(uncommented)) == {"service", "table", "nat", "out", "jail"}
    file = Path(write_new(host.settings, host.adapters, "mail"))
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o644, 0o755)
    assert file == host.root / "jailpf/jails/mail.toml"


def test_new_never_overwrites(host: Host) -> None:
    write_new(host.settings, host.adapters, "mail")
    with pytest.raises(ConfigError, match="already exists; run `jailpf check mail`"):
        write_new(host.settings, host.adapters, "mail")


def test_new_refuses_what_is_no_name(host: Host) -> None:
    with pytest.raises(UsageError, match="is not the name of a jail"):
        new(host.adapters, "../x")


@pytest.mark.parametrize(
    ("wrong", "error"), [(PermissionError(13, "no"), PermissionDeniedError), (OSError(28, "full"), ConfigError)]
)
def test_new_says_why_it_cannot_write(host: Host, monkeypatch, wrong, error) -> None:
    def failing(*_args: object, **_more: object) -> None:
        raise wrong

    monkeypatch.setattr("jailpf.managers.attach.new.os.makedirs", failing)
    with pytest.raises(error, match="cannot be written"):
        write_new(host.settings, host.adapters, "mail")


class Broken(Adapter):
    """A third party's, whose hook lines fail."""

    name = "broken"

    def find(self, name: str) -> Jail | None:
        return Jail(name=name)

    def hooks(self, jail: Jail) -> FileHooks:
        return FileHooks(files=(HookFile(path="/nonexistent", attached=lambda _: 1 / 0, detached=lambda *_: None),))


def test_a_third_partys_hook_lines_fail_by_the_plugins_name(host: Host) -> None:
    """Not as a bug of jailpf."""
    with pytest.raises(PluginError, match=r"'shop'.*division by zero"):
        attach([guarded(Broken(host.settings), "shop")], ["web"])
