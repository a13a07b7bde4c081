"""contrib/rc.d/jailpf and contrib/periodic/: under stand-ins for rc.subr and periodic.conf."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from contrib_standins import CONTRIB, Standins, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

RC = CONTRIB / "rc.d" / "jailpf"
DAILY = CONTRIB / "periodic" / "daily" / "490.jailpf"

# What rc.subr(8) documents of these two functions, and no more.
RC_SUBR = """
load_rc_config() { . RC_CONF; }
run_rc_command() {
    case " start stop restart status rcvar $extra_commands " in *" $1 "*) ;; *) exit 64 ;; esac
    eval "enabled=\\$$rcvar"
    case "$enabled" in [Yy][Ee][Ss]) ;; *) [ "$1" = status ] || exit 0 ;; esac
    eval "\\$${1}_cmd"
}
"""


@pytest.fixture
def service(tmp_path: Path, standins: Standins) -> Service:
    return Service(tmp_path, standins)


class Service:
    def __init__(self, root: Path, standins: Standins) -> None:
        self.root, self.standins = root, standins
        standins.add("jailpf")
        (root / "rc.subr").write_text(RC_SUBR.replace("RC_CONF", str(root / "rc.conf")))
        self.script = standins.copy(RC, root / "rc.d" / "jailpf", {"/etc/rc.subr": str(root / "rc.subr")})
        self.configure("jailpf_enable=YES")

    def configure(self, *lines: str) -> None:
        program = f"jailpf_program={self.standins.bin}/jailpf"
        (self.root / "rc.conf").write_text("\n".join([*lines, program, ""]))

    def __call__(self, verb: str) -> subprocess.CompletedProcess[str]:
        return run("/bin/sh", self.script, verb)


@pytest.mark.parametrize(
    ("verb", "call"),
    [("start", "sync"), ("reload", "sync"), ("restart", "sync"), ("status", "status"), ("check", "check")],
)
def test_each_verb_of_the_service_is_one_call(service: Service, verb: str, call: str) -> None:
    assert service(verb).returncode == 0
    assert service.standins.calls == [f"jailpf [{call}]"]


def test_stop_leaves_the_rules_of_running_jails_alone(service: Service) -> None:
    assert "jailpf unload" in service("stop").stdout
    assert service.standins.calls == []


def test_a_service_that_is_not_enabled_does_nothing(service: Service) -> None:
    service.configure()
    assert service("start").returncode == 0
    assert service.standins.calls == []


def test_flags_stand_before_the_command(service: Service) -> None:
    service.configure("jailpf_enable=YES", "jailpf_flags='-v -c /etc/x.toml'")
    service("start")
    assert service.standins.calls == ["jailpf [-v] [-c] [/etc/x.toml] [sync]"]


@pytest.mark.parametrize("status", [1, 69, 75])
def test_the_service_fails_when_jailpf_does(service: Service, status: int) -> None:
    service.standins.add("jailpf", f"exit {status}")
    assert service("start").returncode == status


def test_it_runs_after_pf_and_before_whatever_starts_jails() -> None:
    order = dict(re.findall(r"(?m)^# (PROVIDE|REQUIRE|BEFORE|KEYWORD): (.*)$", RC.read_text()))
    assert order["PROVIDE"] == "jailpf"
    assert {"pf", "FILESYSTEMS", "cleanvar"} <= set(order["REQUIRE"].split())
    assert {"jail", "LOGIN"} <= set(order["BEFORE"].split())
    assert "shutdown" not in order["KEYWORD"].split()


def test_it_never_runs_in_a_service_jail() -> None:
    assert re.search(r"(?m)^jailpf_svcj=NO$", RC.read_text())


class Daily:
    def __init__(self, root: Path, standins: Standins) -> None:
        self.root, self.standins = root, standins
        replaced = {"/etc/defaults/periodic.conf": str(root / "defaults")}
        self.script = standins.copy(DAILY, root / "490.jailpf", replaced)

    def __call__(self, *settings: str, **answers: int) -> subprocess.CompletedProcess[str]:
        """Run it; ANSWERS are the exit statuses of jailpf's commands (`sync_n` for `sync -n`)."""
        said = {word.replace("_n", " -n"): status for word, status in answers.items()}
        cases = "".join(f'"{words}") exit {status} ;; ' for words, status in said.items())
        self.standins.add("jailpf", f'echo "out $*"; case "$*" in {cases} *) exit 0 ;; esac')
        program = f"daily_jailpf_program={self.standins.bin}/jailpf"
        lines = "\n".join([program, *(f"daily_jailpf_{setting}" for setting in settings)])
        (self.root / "defaults").write_text(f"source_periodic_confs() {{\n{lines}\n}}\n")
        return run(self.script)


@pytest.fixture
def daily(tmp_path: Path, standins: Standins) -> Daily:
    return Daily(tmp_path, standins)


def test_the_daily_look_is_off_until_it_is_enabled(daily: Daily) -> None:
    done = daily()
    assert (done.returncode, done.stdout, daily.standins.calls) == (0, "", [])


def test_a_firewall_as_declared_is_nothing_to_note(daily: Daily) -> None:
    assert daily("enable=YES").returncode == 0
    assert daily.standins.calls == ["jailpf [status]"]


@pytest.mark.parametrize("answer", [0, 1])
def test_a_difference_is_reported_and_nothing_is_changed(daily: Daily, answer: int) -> None:
    done = daily("enable=YES", status=1, sync_n=answer)
    assert (done.returncode, daily.standins.calls) == (1, ["jailpf [status]", "jailpf [sync] [-n]"])
    assert "out sync -n" in done.stdout


def test_a_difference_is_mended_where_that_is_wanted(daily: Daily) -> None:
    done = daily("enable=YES", "sync=YES", status=1)
    assert (done.returncode, daily.standins.calls) == (1, ["jailpf [status]", "jailpf [sync]"])


@pytest.mark.parametrize(
    ("settings", "answers"),
    [((), {"status": 69}), ((), {"status": 1, "sync_n": 78}), (("sync=YES",), {"status": 1, "sync": 71})],
)
def test_a_failure_is_an_error_of_the_daily_run(
    daily: Daily, settings: tuple[str, ...], answers: dict[str, int]
) -> None:
    assert daily("enable=YES", *settings, **answers).returncode == 3


@pytest.mark.parametrize("setting", ["enable=maybe", "enable=YES daily_jailpf_program=/nowhere/jailpf"])
def test_settings_that_make_no_sense_are_said_to(daily: Daily, setting: str) -> None:
    assert daily(setting).returncode == 2


def test_flags_of_the_daily_look_stand_before_the_command(daily: Daily) -> None:
    daily("enable=YES", "flags='-c /etc/x.toml'")
    assert daily.standins.calls == ["jailpf [-c] [/etc/x.toml] [status]"]
