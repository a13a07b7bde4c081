"""Whom the Bastille plugin refuses, and what check, remove and status do."""

from __future__ import annotations

import pytest
from bastille_plugin import HTTP, Bastille


def test_without_a_request_apply_says_so(host: Bastille) -> None:
    host.request.unlink()
    done = host("apply", "web")
    assert (done.returncode, "there is no request" in done.stderr) == (66, True)


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
@pytest.mark.parametrize("name", ["", "..", ".x", "-x", "a/b", "../web", "a;b", "a b", "7", "*", "web mail", "a\nb"])
def test_names_that_are_no_jail_names_are_refused(host: Bastille, command: str, name: str) -> None:
    assert host(command, name).returncode == 64
    assert host.untouched()


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
def test_a_jail_that_bastille_does_not_have_is_refused(host: Bastille, command: str) -> None:
    done = host(command, "nosuch")
    assert (done.returncode, "Bastille has no jail nosuch" in done.stderr) == (66, True)


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
@pytest.mark.parametrize("arguments", [[], ["web", "mail"], ["-x", "web"]])
def test_what_cannot_be_understood_shows_the_usage(host: Bastille, command: str, arguments: list[str]) -> None:
    assert host(command, *arguments).returncode == 64
    assert host.untouched()


@pytest.mark.parametrize("command", ["apply", "check", "remove", "status"])
def test_only_root_may(host: Bastille, command: str) -> None:
    host.standins.add("id", "echo 1001")
    assert host(command, "web").returncode == 77
    assert host.untouched()


def test_settings_that_keep_declarations_elsewhere_are_refused(host: Bastille) -> None:
    (host.etc / "jailpf.toml").write_text('services = "x/{jail}.toml"\n')
    done = host("apply", "-y", "web")
    assert (done.returncode, "by hand" in done.stderr) == (78, True)
    assert host.untouched()


def test_a_host_without_settings_is_told_to_make_some(host: Bastille) -> None:
    (host.etc / "jailpf.toml").unlink()
    done = host("apply", "-y", "web")
    assert (done.returncode, "jailpf init" in done.stderr) == (78, True)


def test_check_changes_nothing(host: Bastille) -> None:
    done = host("check", "web")
    assert (done.returncode, "port = 80" in done.stdout) == (0, True)
    assert host.untouched()


def test_check_without_a_request_checks_what_is_declared(host: Bastille) -> None:
    host.request.unlink()
    assert host("check", "web").returncode == 0
    assert host.calls == ["[check] [web]"]


def test_remove_takes_hooks_rules_and_declaration_away(host: Bastille) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    assert host("remove", "web", reply="y\n").returncode == 0
    assert host.calls == ["[detach] [web]", "[unload] [web]"]
    assert not host.declaration.exists()
    assert host.request.read_text() == HTTP


def test_remove_asks_first(host: Bastille) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    assert host("remove", "web").returncode == 1
    assert (host.calls, host.declaration.exists()) == ([], True)


@pytest.mark.parametrize("command", ["detach", "unload"])
def test_remove_tries_every_step_and_keeps_the_declaration_if_one_failed(host: Bastille, command: str) -> None:
    host("apply", "-y", "web")
    host.standins.forget()
    host.refuses(command)
    assert host("remove", "-y", "web").returncode == 71
    assert host.calls == ["[detach] [web]", "[unload] [web]"]
    assert host.declaration.exists()


def test_status_says_whether_the_jail_asks_for_something_new(host: Bastille) -> None:
    done = host("status", "web")
    assert (done.returncode, "request: not applied" in done.stdout) == (1, True)
    host("apply", "-y", "web")
    host.standins.forget()
    done = host("status", "web")
    assert (done.returncode, done.stdout) == (0, "request: applied\n")
    assert host.calls == ["[status] [web]"]
    host.request.unlink()
    assert host("status", "web").stdout == "request: none\n"
    host.request.symlink_to("/etc/passwd")
    done = host("status", "web")
    assert (done.returncode, "request: unusable" in done.stdout) == (1, True)
