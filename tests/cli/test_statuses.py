"""Every exit status, reached through the real entry points."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

if TYPE_CHECKING:
    from stand_ins.machine import Machine


@pytest.fixture
def host(machine: Machine) -> Machine:
    """One sound jail."""
    machine.declare("web")
    return machine


def test_0_when_all_is_well(host: Machine) -> None:
    """The whole life, and looking at it; nothing on stderr."""
    for words in (
        ["check"],
        ["prestart", "web"],
        ["created", "web"],
        ["status"],
        ["list"],
        ["render", "web"],
        ["plugins"],
        ["poststop", "web"],
    ):
        assert host.jailpf(*words).stderr == ""


def test_1_when_there_is_a_difference(host: Machine) -> None:
    """status of a running jail that is not loaded, sync -n with something to do."""
    host.running("web")
    host.jailpf("status", status=1)
    host.jailpf("sync", "-n", status=1)
    host.jailpf("load", "web")
    host.declare("web", web(81))
    host.jailpf("diff", "web", status=1)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["created"],
        ["created", "a", "b"],
        ["--pf", "ipfw", "status"],
        ["load"],
        ["load", "../x"],
        ["load", "*"],
        ["-c"],
        ["status", "--jsn"],
    ],
)
def test_64_for_a_wrong_command_line(host: Machine, words: list[str]) -> None:
    """One line that says what is wrong, and where help is; nothing is run."""
    done = host.jailpf(*words, status=64)
    assert done.stderr.strip()
    assert done.stdout == ""
    assert host.calls() == []


def test_65_for_a_wrong_declaration(host: Machine) -> None:
    """Every problem in one go, each with file, line and column; in prestart, check, load and render alike."""
    file = host.declare("bad", '[service.http]\nprot = "tcp"\nport = 70000\n')
    for words in (["prestart", "bad"], ["check"], ["load", "bad"], ["render", "bad"], ["created", "bad"]):
        done = host.jailpf(*words, status=65)
        assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [f"{file}:2:1:", f"{file}:3:8:"]
    assert host.anchors() == {}


def test_66_for_a_jail_that_nobody_knows(host: Machine) -> None:
    """No declaration, nothing loaded, or no addresses."""
    for words in (["load", "nobody"], ["render", "nobody"], ["unload", "web"], ["reload", "web"]):
        assert "nobody" in host.jailpf(*words, status=66).stderr or "web" in host.jailpf(*words, status=66).stderr


def test_69_when_pf_is_away(host: Machine) -> None:
    """No pf.ko, no pfctl, pf disabled, a main ruleset without our lines: each with its remedy."""
    (host.state / "running").write_text("Disabled")
    assert "pf_enable" in host.jailpf("prestart", "web", status=69).stderr
    (host.state / "running").unlink()
    (host.state / "main").write_text("pass\n")
    done = host.jailpf("prestart", "web", status=69)
    assert 'rdr-anchor "jailpf/*"' in done.stderr
    assert 'anchor "jailpf/*"' in done.stderr
    host.mood("", "missing")
    assert "kldload pf" in host.jailpf("prestart", "web", status=69).stderr
    (host.bin / "pfctl").unlink()
    assert "[programs]" in host.jailpf("created", "web", status=69).stderr


def test_71_when_pf_refuses(host: Machine) -> None:
    """What pf said, with its line."""
    host.mood("jailpf/web", "refuses")
    assert "line 1" in host.jailpf("prestart", "web", status=71).stderr
    assert "line 1" in host.jailpf("created", "web", status=71).stderr


def test_75_when_pf_is_busy(host: Machine) -> None:
    """Another program loads the same anchor all the time."""
    host.mood("jailpf/web", "busy")
    host.jailpf("created", "web", status=75)


def test_77_when_it_is_not_allowed(host: Machine) -> None:
    """Not root for pf, a file that others can write to, a run directory of others."""
    host.mood("", "denied")
    assert "root" in host.jailpf("created", "web", status=77).stderr
    host.calm()
    (host.root / "etc/jails/web.toml").chmod(0o666)
    assert "chmod go-w" in host.jailpf("created", "web", status=77).stderr
    (host.root / "etc/jails/web.toml").chmod(0o644)
    host.run_dir.mkdir(exist_ok=True)
    host.run_dir.chmod(0o777)
    host.jailpf("created", "web", status=77)


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("= =\n", ":1:"),
        ('layuot = "split"\n', "layout"),
        ('plugins = ["nobody"]\n', "nobody"),
        ('adapters = ["nobody"]\n', "nobody"),
    ],
)
def test_78_for_wrong_settings(host: Machine, top: str, said: str) -> None:
    """jailpf.toml with a mistake, or with a plugin or adapter that nobody brings."""
    host.settings(top)
    assert said in host.jailpf("prestart", "web", status=78).stderr
    host.toml.unlink()
    assert "init" in host.jailpf("prestart", "web", status=78).stderr


def test_70_for_a_bug_of_ours(host: Machine) -> None:
    """A traceback for the report, and 70, whatever the exception."""
    script = (
        "import sys, jailpf.cli.look as look\ndef bug(*a): raise ZeroDivisionError('a bug')\nlook.render = bug\n"
        "from jailpf.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, "render", "web"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr


def test_on_error_warn_lets_the_jail_start(host: Machine) -> None:
    """The hooks say what is wrong and end 0; by hand the status is what it is."""
    host.settings('on_error = "warn"\n')
    host.mood("jailpf/web", "refuses")
    for verb in ("prestart", "created"):
        assert host.jailpf(verb, "web").stderr.strip()
    host.jailpf("load", "web", status=71)


def test_the_installed_program_is_the_same(host: Machine) -> None:
    """The console script ends as `python -m jailpf` does."""
    script = Path(sys.executable).with_name("jailpf")
    if not script.exists():
        pytest.skip("jailpf is not installed as a program here")
    host.card()
    common = ["-c", str(host.toml), "--run", str(host.run_dir)]
    for words, status in (
        (["created", "web"], 0),
        (["poststop", "web"], 0),
        (["frobnicate"], 64),
        (["render", "nobody"], 66),
    ):
        assert subprocess.run([script, *common, *words], capture_output=True, check=False).returncode == status


def test_options_stand_before_or_after_the_command(host: Machine) -> None:
    """The same record either way."""
    host.card()
    subprocess.run(
        [sys.executable, "-I", "-m", "jailpf", "created", "web", "--run", str(host.run_dir), "-c", str(host.toml)],
        check=True,
    )
    assert host.records() == ["web.json"]


def test_verbose_shows_each_program_that_is_run(host: Machine) -> None:
    """`-v`: one line on stderr for every pfctl."""
    done = host.jailpf("-v", "created", "web")
    assert f"+ {host.bin}/pfctl -a jailpf/web -f -" in done.stderr


def test_a_reader_that_goes_away_is_no_error(host: Machine) -> None:
    """`jailpf render web | true`."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(host.arguments("render", "web"), stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_run_directory_is_private(host: Machine) -> None:
    """0700, and every file in it 0600, whatever the umask of the hook."""
    before = os.umask(0)
    try:
        host.jailpf("prestart", "web")
        host.jailpf("created", "web")
    finally:
        os.umask(before)
    assert host.run_dir.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in host.run_dir.rglob("*")} == {0}


def test_only_the_named_plugins_and_settings_count(host: Machine) -> None:
    """Variables of the environment change nothing: not PYTHONPATH, not the PATH."""
    (host.root / "evil").mkdir()
    (host.root / "evil/jailpf.py").write_text("raise SystemExit(99)")
    host.jailpf("created", "web", env={"PYTHONPATH": str(host.root / "evil"), "PATH": str(host.root / "evil")})


def test_69_when_created_is_the_first_to_look(host: Machine) -> None:
    """Where no prestart has looked, created does: its rules are loaded, and pf does not evaluate them."""
    (host.state / "main").write_text("block all\n")
    assert 'rdr-anchor "jailpf/*"' in host.jailpf("created", "web", status=69).stderr
    host.settings('on_error = "warn"\n')
    assert 'rdr-anchor "jailpf/*"' in host.jailpf("created", "web").stderr


def test_every_looking_command_answers_a_program(host: Machine) -> None:
    """render, diff and the actions of table under --json, and a table's names for completion."""
    host.declare("web", web() + '[service.x]\nport = 81\nfrom = "<f>"\n[table.f]\naddresses = "192.0.2.1"\n')
    assert json.loads(host.jailpf("render", "web", "--json").stdout)["anchors"][0]["anchor"] == "jailpf/web"
    host.jailpf("load", "web")
    assert json.loads(host.jailpf("diff", "web", "--json").stdout)["anchors"] == [{"anchor": "jailpf/web", "diff": []}]
    added = json.loads(host.jailpf("table", "web", "f", "add", "192.0.2.2", "--json").stdout)
    assert (added["changed"], added["loaded"]) == (1, True)
    assert json.loads(host.jailpf("table", "web", "f", "reload", "--json").stdout)["members"] == 2
    assert json.loads(host.jailpf("table", "web", "f", "expire", "9", "--json").stdout)["declared"] in (0, 2)
    assert host.jailpf("list", "--tables", "web").stdout == "f\n"


def test_plugins_are_listed_although_one_is_broken(host: Machine) -> None:
    """It is what one asks when a plugin cannot be loaded."""
    host.settings('plugins = ["nobody"]\n')
    done = host.jailpf("plugins", status=78)
    assert "rule type rdr" in done.stdout
    assert "'nobody' is not installed" in done.stderr
