"""contrib/bastille/plugin: what is shown, what is installed, and what it looks like."""

from __future__ import annotations

import re

import pytest
from bastille_plugin import HTTP, PLUGIN, Bastille


def test_apply_shows_asks_installs_attaches_and_loads(host: Bastille) -> None:
    done = host("apply", "web", reply="y\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "port = 80" in done.stdout
    assert "Publish this for web? [y/N]" in done.stdout
    assert host.declaration.read_text() == HTTP
    assert host.calls == ["[attach] [web]", "[load] [web]"]


@pytest.mark.parametrize("reply", ["", "\n", "n\n", "maybe\n", "N\ny\n"])
def test_without_consent_nothing_happens(host: Bastille, reply: str) -> None:
    assert host("apply", "web", reply=reply).returncode == 1
    assert host.untouched()


def test_y_does_not_ask(host: Bastille) -> None:
    done = host("apply", "-y", "web")
    assert (done.returncode, "y/N" in done.stdout) == (0, False)
    assert host.declaration.exists()


def test_n_shows_and_stops(host: Bastille) -> None:
    done = host("apply", "-n", "web")
    assert (done.returncode, "port = 80" in done.stdout) == (0, True)
    assert host.untouched()


def test_the_rules_of_a_jail_that_does_not_run_wait_for_its_start(host: Bastille) -> None:
    host.is_running(False)
    assert host("apply", "-y", "web").returncode == 0
    assert host.calls == ["[attach] [web]"]


def test_the_request_is_checked_beside_the_other_declarations_before_anything_is_installed(
    host: Bastille,
) -> None:
    host.declaration.write_text("# old\n")
    host("apply", "-n", "web")
    staged = host.root / "staged.check"
    assert (staged / "jails" / "web.toml").read_text() == HTTP
    assert sorted(path.name for path in (staged / "jails").iterdir()) == ["mail.toml", "web.toml"]
    assert host.declaration.read_text() == "# old\n"


@pytest.mark.parametrize("command", ["check", "render"])
def test_a_request_that_jailpf_refuses_is_not_installed(host: Bastille, command: str) -> None:
    host.refuses(command)
    done = host("apply", "-y", "web")
    assert (done.returncode, "nothing was changed" in done.stderr) == (71, True)
    assert host.untouched()


@pytest.mark.parametrize("before", ["", "# old\n"])
@pytest.mark.parametrize("command", ["attach", "load"])
def test_if_the_hooks_or_pf_refuse_the_declaration_is_what_it_was(host: Bastille, command: str, before: str) -> None:
    if before:
        host.declaration.write_text(before)
    host.refuses(command)
    assert host("apply", "-y", "web").returncode == 71
    assert (host.declaration.read_text() if before else host.declaration.exists()) == (before or False)
    assert ("[detach] [web]" in host.calls) is (not before)


def test_a_changed_request_shows_what_changes(host: Bastille) -> None:
    host.declaration.write_text("[service.http]\nport = 8080\n")
    done = host("apply", "-n", "web")
    assert {"-port = 8080", "+port = 80"} <= set(done.stdout.splitlines())


def test_apply_twice_is_apply_once(host: Bastille) -> None:
    host("apply", "-y", "web")
    done = host("apply", "-y", "web")
    assert (done.returncode, "says already" in done.stdout) == (0, True)
    assert sorted(path.name for path in host.declaration.parent.iterdir()) == ["mail.toml", "web.toml"]


def test_the_declaration_is_a_new_file_that_others_can_read_and_nobody_else_can_write(host: Bastille) -> None:
    target = host.root / "elsewhere"
    target.write_text("untouched")
    host.declaration.symlink_to(target)
    host("apply", "-y", "web")
    assert target.read_text() == "untouched"
    assert not host.declaration.is_symlink()
    assert host.declaration.stat().st_mode & 0o777 == 0o644


def test_nothing_temporary_stays(host: Bastille) -> None:
    for arguments in (["apply", "-y", "web"], ["apply", "web"], ["check", "web"], ["status", "web"]):
        host(*arguments)
    assert list(host.work.iterdir()) == []


@pytest.mark.parametrize(
    ("port", "status", "text"),
    [
        ('["80", "443"]', 0, "rdr on em0 inet proto tcp from any to (em0:0) port { 80 443 }"),
        ("25", 65, "jails/mail.toml:"),
        ('"smtp"', 65, "request:4:"),
    ],
)
def test_jailpf_itself_refuses_mistakes_and_conflicts_and_shows_the_rules(
    real: Bastille, port: str, status: int, text: str
) -> None:
    real.request.write_text(f'[jail]\nip4 = "10.0.0.5"\n[service.http]\nport = {port}\n')
    done = real("apply", "-n", "web")
    assert done.returncode == status, done.stdout + done.stderr
    assert text in " ".join(done.stdout.split())
    assert "jailpf-request." not in done.stdout


def test_the_plugin_is_laid_out_as_bastille_wants_it() -> None:
    keys = dict(re.findall(r'(?m)^(\w+)="(.*)"$', (PLUGIN / "plugin.conf").read_text()))
    assert set(keys) == {"name", "min_version", "depends_kmods", "depends_pkgs"}
    assert keys["name"] == "jailpf"
    assert {path.stem for path in PLUGIN.glob("*.sh")} == {"apply", "check", "remove", "status"}
