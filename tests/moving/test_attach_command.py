"""`jailpf attach`, `detach` and `new` as an administrator uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Run
    from stand_ins.host import Host


def test_a_jail_is_declared_connected_and_disconnected_without_a_trace(host: Host, jailpf: Run) -> None:
    """new, attach -n, attach, detach: jail.conf ends as it began."""
    file = Path(host.managers["jail_conf"]["file"])
    before = file.read_bytes()
    status, out, _ = jailpf("new", "web")
    assert status == 0
    assert f"{host.root}/jailpf/jails/web.toml; edit it" in out
    status, out, _ = jailpf("attach", "web", "-n")
    assert status == 0
    assert '+\texec.created += "' in out or "exec.created += " in out
    assert file.read_bytes() == before
    assert jailpf("attach", "web")[0] == 0
    assert b"jailpf" in file.read_bytes()
    assert "already attached" in jailpf("attach", "web")[1]
    assert jailpf("detach", "--all")[0] == 0
    assert file.read_bytes() == before


def test_attach_all_means_every_declared_jail(host: Host, jailpf: Run) -> None:
    """A jail without a declaration is left alone."""
    jailpf("new", "mail")
    jailpf("attach", "--all")
    text = Path(host.managers["jail_conf"]["file"]).read_text()
    assert "jailpf" not in text.partition("mail")[0]
    assert text.count(" -c ") == 3


def test_which_jails_has_to_be_said_once(jailpf: Run) -> None:
    """Neither nothing nor both."""
    assert jailpf("attach")[0] == 64
    assert jailpf("detach", "web", "--all")[0] == 64


def test_mistakes_are_one_error(jailpf: Run) -> None:
    """A jail that no manager has, a declaration that is there, a name that is none."""
    assert jailpf("attach", "nosuch")[0] == 66
    assert jailpf("new", "web")[0] == 0
    status, _, err = jailpf("new", "web")
    assert (status, len(err.splitlines())) == (78, 1)
    assert jailpf("new", "a/b")[0] == 64


def test_attach_does_not_guess_where_declarations_cannot_be_seen(host: Host, jailpf: Run) -> None:
    """Which hook lines a jail needs hangs on its [jail]: a folder that is away is an error, not a jail without one. detach goes on."""
    file = Path(host.managers["jail_conf"]["file"])
    jailpf("new", "web")
    assert jailpf("attach", "web")[0] == 0
    jails, before = host.root / "jailpf/jails", file.read_bytes()
    jails.rename(host.root / "away")
    status, _, err = jailpf("attach", "web")
    assert (status, file.read_bytes()) == (78, before)
    assert "cannot be read" in err
    assert jailpf("detach", "web")[0] == 0
    assert b"jailpf" not in file.read_bytes()


def test_attach_writes_nothing_before_it_fails(host: Host, jailpf: Run) -> None:
    """Without the folder of the declarations no hook line is written, and the error says how to make the folder."""
    before = Path(host.managers["jail_conf"]["file"]).read_text()
    (host.root / "jailpf/jails").rename(host.root / "away")
    status, out, err = jailpf("attach", "web")
    assert (status, out, f"`mkdir -p {host.root}/jailpf/jails`" in err) == (78, "", True)
    assert Path(host.managers["jail_conf"]["file"]).read_text() == before


def test_attach_all_goes_past_a_jail_that_nobody_knows(host: Host, jailpf: Run) -> None:
    """The others are attached; the status says that one is not."""
    for name in ("web", "wbe"):
        host.file(f"jailpf/jails/{name}.toml", "[service.http]\nport = 80\n")
    status, out, err = jailpf("attach", "--all")
    assert status == 66
    assert "web: attached" in out
    assert err.startswith("no jail manager knows wbe")
    status, out, _ = jailpf("attach", "--all", "--json")
    assert (status, json.loads(out)["problems"][0]["message"].split(",")[0]) == (66, "no jail manager knows wbe")


def test_a_new_file_for_a_name_that_is_near_another(jailpf: Run) -> None:
    """The file is written, and the name that was meant is offered."""
    assert "did you mean web? `mv " in jailpf("new", "wbe")[2]
    jailpf("new", "web")
    assert "it already has a file" in jailpf("new", "wbx")[2]


def test_attaching_a_jail_whose_file_is_broken_says_that_it_will_not_start(host: Host, jailpf: Run) -> None:
    """With -n and without, in words and as JSON; the line of its file is told."""
    host.file("jailpf/jails/web.toml", "[service.http]\nprot = 80\n")
    for words in (("attach", "-n", "web"), ("attach", "web")):
        status, _, err = jailpf(*words)
        assert status == 1
        assert "web.toml:2:1: the next start of web will be refused: " in err
    status, out, _ = jailpf("attach", "--json", "web")
    assert (status, len(json.loads(out)["problems"])) == (1, 1)


def test_a_pf_that_the_hooks_will_not_have_is_told(jailpf: Run) -> None:
    """They are for the pf of jailpf.toml; the same is no news."""
    jailpf("new", "web")
    assert "not --pf pfctl; if you mean it, write pf = " in jailpf("--pf", "pfctl", "attach", "-n", "web")[2]
    assert "--pf" not in jailpf("attach", "-n", "web")[2]
    assert "--pf" not in jailpf("--pf", "simulated", "attach", "-n", "web")[2]


def test_reload_n_ends_1_where_other_rules_are_declared(host: Host, jailpf: Run) -> None:
    """As sync -n does, whether or not the ways in change."""
    file = Path(host.file("jailpf/jails/web.toml", "[service.http]\nport = 80\n"))
    assert jailpf("load", "web")[0] == 0
    assert jailpf("reload", "-n", "web")[0] == 0
    file.write_text('[service.http]\nport = 80\n[out.any]\nto = "any"\n')
    status, out, _ = jailpf("reload", "-n", "web")
    assert status == 1
    assert "web: the declared rules differ from the loaded ones; `jailpf diff web` shows how" in out


def test_a_jail_that_its_manager_calls_otherwise_is_attached_by_either_name(host: Host, jailpf: Run) -> None:
    """rc.d/jail gives my.web to jail(8) as my_web: --all and `new` know it as well."""
    file = Path(host.file("etc/jail.conf.d/my_web.conf", "my_web { ip4.addr = 172.16.15.31; }\n"))
    status, _, err = jailpf("new", "my.web")
    assert (status, err) == (0, "")
    assert jailpf("attach", "--all")[0] == 0
    assert "jailpf" in file.read_text()
    assert jailpf("detach", "--all")[0] == 0
    assert file.read_text() == "my_web { ip4.addr = 172.16.15.31; }\n"
