"""contrib/pfrule/pfrule.sh: the command line of Mail Toaster's pfrule.sh, answered by jailpf.

The cases follow test/contrib/pfrule.bats of Mail Toaster, as facts about its behaviour.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from contrib_standins import CONTRIB, Standins, run

if TYPE_CHECKING:
    from pathlib import Path

PFRULE = CONTRIB / "pfrule" / "pfrule.sh"
Done = subprocess.CompletedProcess[str]


class Host:
    """A Mail Toaster host: its own copy of pfrule.sh, rule directories, and copies inside jails."""

    def __init__(self, root: Path, standins: Standins) -> None:
        self.root, self.standins = root, standins
        self.declarations = root / "declarations"
        self.declarations.mkdir()
        standins.add("jailpf")
        self.own = self.install(root / "mail-toaster")

    def install(self, folder: Path) -> Path:
        return self.standins.copy(
            PFRULE,
            folder / "pfrule.sh",
            {
                "JAILPF": str(self.standins.bin / "jailpf"),
                "JAILS": str(self.declarations),
                "PFCTL": str(self.standins.bin / "pfctl"),
            },
        )

    def rules(self, jail: str) -> Path:
        folder = self.root / "mail-toaster" / jail / "pf.conf.d"
        folder.mkdir(parents=True)
        return folder

    def inside(self, jail: str) -> Path:
        return self.install(self.root / "data" / jail / "etc" / "pf.conf.d")


@pytest.fixture
def host(tmp_path: Path, standins: Standins) -> Host:
    return Host(tmp_path, standins)


def refused(done: Done, host: Host, text: str) -> None:
    assert done.returncode == 1
    assert text in done.stderr
    assert host.standins.calls == []


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["load", "web"], "jailpf [created] [web]"),
        (["unload", "web"], "jailpf [poststop] [web]"),
        (["load", "web", "-n"], "jailpf [load] [-n] [web]"),
        (["load", "-n", "web"], "jailpf [load] [-n] [web]"),
        (["unload", "web", "-n"], "jailpf [unload] [-n] [web]"),
    ],
)
def test_each_command_is_one_call_of_jailpf(host: Host, arguments: list[str], call: str) -> None:
    host.rules("web")
    assert run(host.own, *arguments).returncode == 0
    assert host.standins.calls == [call]


@pytest.mark.parametrize("operation", ["load", "unload"])
def test_the_name_comes_from_the_path_of_a_copy_inside_a_jail(host: Host, operation: str) -> None:
    done = run(host.inside("dovecot"), operation, "-n")
    assert done.returncode == 0
    assert host.standins.calls == [f"jailpf [{operation}] [-n] [dovecot]"]


def test_a_copy_inside_a_jail_says_that_the_jail_can_rewrite_it(host: Host) -> None:
    assert "the jail can rewrite this file" in run(host.inside("dovecot"), "load").stderr


def test_a_copy_inside_a_jail_answers_to_its_own_name(host: Host) -> None:
    assert run(host.inside("dovecot"), "load", "dovecot").returncode == 0


@pytest.mark.parametrize("operation", ["load", "unload"])
def test_a_copy_inside_a_jail_has_no_say_over_another(host: Host, operation: str) -> None:
    (host.declarations / "haraka.toml").touch()
    refused(run(host.inside("dovecot"), operation, "haraka"), host, "no rule directory for jail 'haraka'")


def test_the_path_is_the_resolved_one(host: Host) -> None:
    copy = host.inside("dovecot")
    link = host.root / "link.sh"
    link.symlink_to(copy)
    assert run(link, "load").returncode == 0
    assert host.standins.calls == ["jailpf [created] [dovecot]"]


def test_a_copy_that_is_not_inside_a_jail_needs_a_name(host: Host) -> None:
    refused(run(host.own, "load"), host, "cannot determine the jail name")


@pytest.mark.parametrize("name", ["-n", "--help", "two words", "x;id"])
def test_a_name_from_the_path_is_held_to_the_same_rules(host: Host, name: str) -> None:
    copy = host.install(host.root / "data" / name / "etc" / "pf.conf.d")
    refused(run(copy, "load"), host, "invalid jail name")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bogus"],
        ["load", "web", "-x"],
        ["load", "web", "mail"],
        ["load", "web", "mail", "-n"],
        ["-n", "load", "web"],
        ["load", "--", "web"],
    ],
)
def test_unknown_words_flags_and_second_names_show_the_usage(host: Host, arguments: list[str]) -> None:
    host.rules("web")
    refused(run(host.own, *arguments), host, "usage:")


INVALID = ["web;id", "two words", "a/b", "../web", "..", ".", "w\u00e9b", "$(id)", "*", "a\nb"]


@pytest.mark.parametrize("name", INVALID)
def test_invalid_names_are_refused(host: Host, name: str) -> None:
    refused(run(host.own, "load", name), host, "invalid jail name")


@pytest.mark.parametrize("name", ["mail_dmarc", "bhyve-ubuntu", "php7", "bsd_cache", "a.b"])
def test_names_that_mail_toaster_uses_are_accepted(host: Host, name: str) -> None:
    host.rules(name)
    assert run(host.own, "unload", name).returncode == 0


def test_a_missing_directory_is_an_error(host: Host) -> None:
    refused(run(host.own, "load", "web"), host, "no rule directory for jail 'web'")


def test_an_empty_directory_is_none(host: Host) -> None:
    host.rules("quiet")
    assert run(host.own, "load", "quiet").returncode == 0


def test_a_declaration_stands_for_a_directory(host: Host) -> None:
    (host.declarations / "web.toml").touch()
    assert run(host.own, "load", "web").returncode == 0


def test_unload_takes_the_rules_away_even_when_the_directory_went_first(host: Host) -> None:
    done = run(host.own, "unload", "web")
    assert (done.returncode, host.standins.calls) == (1, ["jailpf [poststop] [web]"])
    assert "no rule directory" in done.stderr


def test_pfrule_etc_names_the_directory(host: Host) -> None:
    elsewhere = host.root / "elsewhere"
    elsewhere.mkdir()
    assert run(host.inside("dovecot"), "load", "mail_dmarc", PFRULE_ETC=str(elsewhere)).returncode == 0


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_pfrule_etc_must_be_a_directory(host: Host, name: str) -> None:
    host.rules("web")
    (host.root / "file").touch()
    done = run(host.own, "load", "web", PFRULE_ETC=str(host.root / name))
    refused(done, host, "PFRULE_ETC is not a directory")


def test_mt6_etc_names_the_root_of_the_directories(host: Host) -> None:
    (host.root / "etc" / "web" / "pf.conf.d").mkdir(parents=True)
    assert run(host.own, "load", "web", MT6_ETC=str(host.root / "etc")).returncode == 0


def test_the_environment_cannot_name_another_program(host: Host) -> None:
    host.rules("web")
    evil = host.standins.add("evil")
    for name in ("readlink", "jailpf2"):
        host.standins.add(name)
    run(host.own, "load", "web", JAILPF=str(evil), PATH=f"{host.standins.bin}:/usr/bin:/bin")
    assert host.standins.calls == ["jailpf [created] [web]"]


def test_nothing_in_a_rule_directory_is_read_changed_or_run(host: Host) -> None:
    folder = host.inside("dovecot").parent
    for name in ("rdr.conf", "allow.conf", "x$(touch pwned).table", "x;touch pwned;.table", "jailpf"):
        (folder / name).write_text("#!/bin/sh\ntouch pwned\n")
        (folder / name).chmod(0o755)
    before = sorted(path.name for path in folder.iterdir())
    done = run(folder / "pfrule.sh", "load", cwd=folder)
    assert done.returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == before
    assert host.standins.calls == ["jailpf [created] [dovecot]"]


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (66, 66), (71, 71), (75, 75)])
def test_what_jailpf_ends_with_is_what_load_ends_with(host: Host, status: int, expected: int) -> None:
    host.rules("web")
    host.standins.add("jailpf", f"exit {status}")
    assert run(host.own, "load", "web").returncode == expected


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (66, 0), (71, 71)])
def test_a_preview_of_a_jail_that_declares_nothing_does_not_fail(host: Host, status: int, expected: int) -> None:
    host.rules("web")
    host.standins.add("jailpf", f"exit {status}")
    assert run(host.own, "load", "web", "-n").returncode == expected


def test_an_edited_table_takes_effect_with_load(host: Host) -> None:
    """The one beside the declarations follows the newer file, before jailpf reads it; an older file changes nothing."""
    edited = host.rules("dovecot") / "insecure_mua.table"
    kept = host.declarations / "insecure_mua.table"
    for file, text, when in ((kept, "192.0.2.1\n", 1000), (edited, "192.0.2.2\n", 2000)):
        file.write_text(text)
        os.utime(file, (when, when))
    host.standins.add("jailpf", f'cat "{kept}" > "{host.root}/seen"')
    assert run(host.own, "load", "dovecot").returncode == 0
    assert (host.root / "seen").read_text() == "192.0.2.2\n"
    edited.write_text("192.0.2.3\n")
    os.utime(edited, (500, 500))
    run(host.own, "load", "dovecot")
    assert kept.read_text() == "192.0.2.2\n"
    run(host.own, "load", "dovecot", "-n")
    assert kept.read_text() == "192.0.2.2\n"


def test_a_table_that_pf_conf_owns_is_filled(host: Host) -> None:
    """As pfrule.sh did, with `-T replace`, and from the folder that PFRULE_ETC or MT6_ETC names; no new table is made."""
    folder = host.root / "elsewhere/dovecot/pf.conf.d"
    folder.mkdir(parents=True)
    for name in ("office", "unknown"):
        (folder / f"{name}.table").write_text("192.0.2.0/24\n")
    host.standins.add("pfctl", 'case "$*" in *unknown*) exit 1 ;; esac')
    calls = [
        "pfctl [-q] [-t] [office] [-T] [show]",
        f"pfctl [-q] [-t] [office] [-T] [replace] [-f] [{folder}/office.table]",
        "pfctl [-q] [-t] [unknown] [-T] [show]",
    ]
    for name, value in (("PFRULE_ETC", folder), ("MT6_ETC", host.root / "elsewhere")):
        host.standins.forget()
        assert run(host.own, "load", "dovecot", **{name: str(value)}).returncode == 0
        assert host.standins.calls == [*calls, "jailpf [created] [dovecot]"]
    host.standins.forget()
    run(host.own, "unload", "dovecot", MT6_ETC=str(host.root / "elsewhere"))
    assert host.standins.calls == ["jailpf [poststop] [dovecot]"]
