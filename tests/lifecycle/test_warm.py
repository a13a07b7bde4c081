"""The warm `created`: the same as the cold one, refused as soon as anything changed, and as small as promised."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from jailpf import warm
from jailpf.state import records
from jailpf.system import spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stand_ins.machine import Machine


def warm_hook(machine: Machine, verb: str, jail: str = "web") -> bool:
    """Ask the fast way only: whether it did it."""
    done = warm.hook(machine.arguments(verb, jail)[4:]) is not None
    spawn.budget = spawn.until = 0.0
    return done


def is_warm(machine: Machine) -> bool:
    return warm_hook(machine, "created")


def touch(path: Path) -> None:
    """The same text with another time."""
    path.write_text(path.read_text())
    os.utime(path, ns=(1, 1))


def append(path: Path) -> None:
    """A byte more than was written."""
    path.write_bytes(path.read_bytes() + b" ")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


# What `created` and `prestart` must see of what they go by.
CHANGES: dict[str, Callable[[Machine], object]] = {
    "the settings": lambda machine: touch(machine.toml),
    "the jail's file": lambda machine: touch(machine.root / "etc/jails/web.toml"),
    "a table file": lambda machine: (machine.root / "etc/jails/friends.table").write_text("192.0.2.2\n"),
    "the jail's file is gone": lambda machine: (machine.root / "etc/jails/web.toml").unlink(),
    "pfctl": lambda machine: touch(machine.bin / "pfctl"),
    "the version of jailpf": lambda machine: edit_plan(machine, "jailpf ", "jailpf 0"),
    "other settings": lambda machine: edit_plan(machine, "settings /", "settings /x"),
    "an edited plan": lambda machine: edit_plan(machine, "load ", "load  "),
    "half a plan": lambda machine: cut(machine.run_dir / "plans/web/plan"),
    "no plan": lambda machine: (machine.run_dir / "plans/web/plan").unlink(),
    "no record": lambda machine: (machine.run_dir / "plans/web/record").unlink(),
    "an edited record": lambda machine: append(machine.run_dir / "plans/web/record"),
    "an empty record": lambda machine: (machine.run_dir / "plans/web/record").write_bytes(b""),
    "edited rules": lambda machine: (machine.run_dir / "plans/web/0.pf").write_text("pass all\n"),
    "empty rules": lambda machine: (machine.run_dir / "plans/web/0.pf").write_text(""),
    "rules that are a link": lambda machine: relink(machine.run_dir / "plans/web/0.pf"),
    "a folder of plans that others may write to": lambda machine: (machine.run_dir / "plans/web").chmod(0o777),
    "a jail that is loaded already": lambda machine: machine.jailpf("load", "web"),
    "a load that was cut short": lambda machine: (machine.run_dir / "records/web.json.new").write_text("{}"),
    "a run directory that others may write to": lambda machine: machine.run_dir.chmod(0o777),
}


def relink(path: Path) -> None:
    path.rename(path.with_suffix(".else"))
    path.symlink_to(path.with_suffix(".else"))


def edit_plan(machine: Machine, old: str, new: str) -> None:
    plan = machine.run_dir / "plans/web/plan"
    text = plan.read_text()
    assert old in text
    plan.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("change", CHANGES)
def test_the_warm_way_is_refused_after_a_change(ready: Machine, change: str) -> None:
    """Whatever the compiled ruleset was made of, a change of it means that everything is read again, and nothing is loaded."""
    CHANGES[change](ready)
    ready.calls()
    assert not is_warm(ready)
    assert not warm_hook(ready, "prestart")
    assert ready.changes() == []


def test_the_warm_way_is_taken_when_nothing_changed(ready: Machine) -> None:
    """One pfctl, and the record that prestart prepared."""
    prepared = (ready.run_dir / "plans/web/record").read_bytes()
    assert is_warm(ready)
    assert ready.calls() == ["-a jailpf/web -f -"]
    assert (ready.run_dir / "records/web.json").read_bytes().endswith(prepared)
    assert ready.records() == ["web.json"]
    assert records.read(ready.session().directory, "web")[0]
    assert os.listdir(ready.run_dir / "starting") == []


def test_a_manager_that_comes_to_know_the_jail_is_a_change(machine: Machine) -> None:
    """Plans outlive the boot: that no jail.conf was there is an input as well."""
    from stand_ins.machine import HOST

    conf = machine.root / "etc/jail.conf"
    machine.settings('adapters = ["jail.conf"]\n', HOST + f'[managers.jail_conf]\nfile = "{conf}"\n')
    machine.declare("web")
    machine.jailpf("prestart", "web")
    assert warm_hook(machine, "prestart")
    conf.write_text("web { }\n")
    assert not warm_hook(machine, "prestart")


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
    plan = (machine.run_dir / "plans/web/plan").read_text()
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


def test_how_long_hooks_took_is_kept(ready: Machine) -> None:
    """A line for each, of the warm way and of the whole one, in a file that is bounded."""
    assert is_warm(ready)
    ready.jailpf("poststop", "web")
    lines = [line.split(" ") for line in (ready.run_dir / "took").read_text().splitlines()]
    assert [(verb, jail) for verb, _, jail in lines] == [("prestart", "web"), ("created", "web"), ("poststop", "web")]
    assert all(0 <= float(seconds) < 25 for _, seconds, _ in lines)


@pytest.mark.parametrize("there", ["a folder", "a link"])
def test_a_hook_does_not_mind_when_that_cannot_be_kept(ready: Machine, there: str) -> None:
    """Nor is anything written elsewhere."""
    took, other = ready.run_dir / "took", ready.root / "other"
    took.unlink()
    took.mkdir() if there == "a folder" else took.symlink_to(other)
    assert is_warm(ready)
    ready.jailpf("poststop", "web")
    assert not other.exists()
    assert ready.records() == []
