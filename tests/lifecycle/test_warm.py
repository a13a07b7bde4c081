"""The warm `created`: the same as the cold one, refused as soon as anything changed, and as small as promised."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jailpf
from jailpf import warm
from jailpf.cli import parser

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_ins.machine import Machine

# What the interpreter loads by itself, and what `-m` costs (runpy and what it imports), is no doing of ours.
BUDGET = 50


def table_file(machine: Machine) -> Path:
    return machine.root / "etc/jails/friends.table"


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A jail with a table file that passed prestart."""
    machine.declare(
        "web",
        '[service.http]\nport = 80\nfrom = "<friends>"\n[table.friends]\nfile = "friends.table"\n[jail]\nip4 = "172.16.15.16"\n',
    )
    table_file(machine).write_text("192.0.2.1\n")
    machine.jailpf("prestart", "web")
    machine.calls()
    return machine


def is_warm(machine: Machine) -> bool:
    """Ask the fast way only."""
    return warm.created(str(machine.toml), str(machine.run_dir), "web") is not None


def touch(path: Path) -> None:
    """The same text with another time."""
    path.write_text(path.read_text())
    os.utime(path, ns=(1, 1))


CHANGES: dict[str, Callable[[Machine], object]] = {
    "the settings": lambda machine: touch(machine.toml),
    "the jail's file": lambda machine: touch(machine.root / "etc/jails/web.toml"),
    "a table file": lambda machine: table_file(machine).write_text("192.0.2.2\n"),
    "the jail's file is gone": lambda machine: (machine.root / "etc/jails/web.toml").unlink(),
    "the version of jailpf": lambda machine: edit_plan(machine, "jailpf ", "jailpf 0"),
    "other settings": lambda machine: edit_plan(machine, "settings /", "settings /x"),
    "half a plan": lambda machine: edit_plan(machine, "\nend\n", "\n"),
    "no plan": lambda machine: (machine.run_dir / "compiled/web/plan").unlink(),
    "no record": lambda machine: (machine.run_dir / "compiled/web/record").unlink(),
    "a jail that is loaded already": lambda machine: machine.jailpf("load", "web"),
    "a load that was cut short": lambda machine: (machine.run_dir / "records/web.json.new").write_text("{}"),
    "a run directory that others may write to": lambda machine: machine.run_dir.chmod(0o777),
}


def edit_plan(machine: Machine, old: str, new: str) -> None:
    plan = machine.run_dir / "compiled/web/plan"
    text = plan.read_text()
    assert old in text
    plan.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("change", CHANGES)
def test_the_warm_way_is_refused_after_a_change(ready: Machine, change: str) -> None:
    """Whatever the compiled ruleset was made of, a change of it means that everything is read again."""
    CHANGES[change](ready)
    ready.calls()
    assert not is_warm(ready)
    assert ready.calls() == []


def test_the_warm_way_is_taken_when_nothing_changed(ready: Machine) -> None:
    """One pfctl, and the record that prestart prepared."""
    prepared = (ready.run_dir / "compiled/web/record").read_bytes()
    assert is_warm(ready)
    assert ready.calls() == ["-a jailpf/web -f -"]
    assert (ready.run_dir / "records/web.json").read_bytes() == prepared
    assert ready.records() == ["web.json"]


def test_a_new_file_in_a_folder_that_counts_is_a_change(machine: Machine) -> None:
    """jail.conf with an `.include` of a glob: a file that appears in that folder is seen."""
    from stand_ins.machine import HOST

    conf = machine.root / "etc/jail.conf"
    (machine.root / "etc/jail.conf.d").mkdir()
    conf.write_text('.include "jail.conf.d/*.conf";\nweb { ip4.addr = 172.16.15.16; }\n')
    machine.jail()
    machine.settings(
        'adapters = ["jail.conf"]\n', HOST + f'[managers.jail_conf]\nfile = "{conf}"\n', ("pfctl", "jls", "jail")
    )
    machine.declare("web", "[service.http]\nport = 80\n")
    machine.jailpf("prestart", "web")
    plan = (machine.run_dir / "compiled/web/plan").read_text()
    assert f"{conf}\n" in plan
    (machine.root / "etc/jail.conf.d/more.conf").write_text("other { }\n")
    assert not is_warm(machine)


@pytest.mark.parametrize(
    ("mood", "left"),
    [
        ("refuses", []),
        ("busy", []),
        ("silent", ["web.json"]),
        ("killed", ["web.json.new"]),
        ("killed after", ["web.json.new"]),
    ],
)
def test_a_pfctl_that_fails_leaves_what_is_true(ready: Machine, mood: str, left: list[str]) -> None:
    """Refused: nothing is loaded and no record says so. Killed: it may be loaded, and the unfinished record stays."""
    ready.mood("-a jailpf/web -f -", mood, 1)
    assert is_warm(ready) is (mood == "silent")
    assert ready.records() == left


def test_the_whole_created_follows_where_the_warm_way_gives_up(ready: Machine) -> None:
    """A busy pf once: the hook still ends with everything loaded and a whole record."""
    ready.mood("-a jailpf/web -f -", "busy", 1)
    ready.jailpf("created", "web")
    assert ready.records() == ["web.json"]
    assert list(ready.anchors()) == ["jailpf/web"]


def test_a_listener_or_the_simulated_pf_keep_created_from_being_warm(simulated: Machine) -> None:
    """Only the real pf is driven the short way."""
    simulated.declare("web")
    simulated.jailpf("prestart", "web")
    assert not is_warm(simulated)
    simulated.jailpf("created", "web")
    assert simulated.records() == ["web.json"]


@pytest.mark.parametrize(
    "words",
    [
        ["created", "web"], ["-c", "F", "created", "web"], ["--run", "D", "created", "web"], ["-c", "F", "--run", "D", "created", "web"],
        ["--run", "D", "-c", "F", "created", "a.b-c"], ["-c", "created", "created", "created"], ["-c", "F", "-c", "G", "created", "web"],
    ],
)  # fmt: skip
def test_the_fast_form_means_what_argparse_says(words: list[str]) -> None:
    """Where the fast reading takes a command line, argparse reads the same settings, run directory and jail from it."""
    form = warm.parse(words)
    options = parser.parse(words)
    assert form == (os.path.abspath(options.file), os.path.abspath(options.run), options.jail)
    assert (options.command, options.pf, options.verbose) == ("created", "", False)


@pytest.mark.parametrize(
    "words",
    [
        [], ["created"], ["created", "-n"], ["created", "--help"], ["-v", "created", "web"], ["--pf", "simulated", "created", "web"],
        ["created", "web", "-v"], ["created", "-c", "F", "web"], ["prestart", "web"], ["-c", "created", "web"], ["--run", "-v", "created", "web"],
        ["-cF", "created", "web"], ["--run=D", "created", "web"], ["created", "created", "web"],
    ],
)  # fmt: skip
def test_every_other_form_is_left_to_argparse(words: list[str]) -> None:
    """The fast reading claims nothing that it does not fully understand."""
    assert warm.parse(words) is None


def modules(machine: Machine, *words: str) -> set[str]:
    """What the interpreter has imported when the hook ends."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-I", *words, "-c", str(machine.toml), "--run", str(machine.run_dir), "created", "web"],
        capture_output=True, text=True, check=True, env={"PATH": "/bin"},
    )  # fmt: skip
    assert machine.records() == ["web.json"]
    (machine.run_dir / "records/web.json").unlink()
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()[1:]}


def test_the_warm_way_imports_next_to_nothing(ready: Machine) -> None:
    """At most 50 modules with the interpreter's own, and by `-m` nothing beyond that but runpy's."""
    main = str(Path(jailpf.__file__).with_name("__main__.py"))
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True, env={"PATH": "/bin"}
    )  # fmt: skip
    runpy = subprocess.run(
        [sys.executable, "-I", "-c", "import sys, runpy; print(*sys.modules)"], capture_output=True, text=True, check=True, env={"PATH": "/bin"}
    )  # fmt: skip
    by_path = modules(ready, main)
    ours = by_path - set(bare.stdout.split())
    assert len(set(bare.stdout.split()) | ours) <= BUDGET
    assert modules(ready, "-m", "jailpf") - set(runpy.stdout.split()) <= ours
    assert not ours & {
        "argparse",
        "json",
        "dataclasses",
        "subprocess",
        "re",
        "typing",
        "enum",
        "tempfile",
        "shutil",
        "pluggy",
    }


def test_syslog_does_not_matter(ready: Machine) -> None:
    """Without a syslogd, and on a host without /dev/log, the hooks work as ever."""
    ready.jailpf("created", "web")
    ready.jailpf("poststop", "web")
    assert ready.records() == []
