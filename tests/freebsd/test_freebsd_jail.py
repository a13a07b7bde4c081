"""jail(8) as jailpf relies on it: facts.md, "What a running 15.1 showed" and section 8."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from freebsd import home
from freebsd.jails import running
from freebsd.net import remove_jail
from freebsd.tools import TOOLS, run

if TYPE_CHECKING:
    from pathlib import Path

    from freebsd.scene import Scene

HOOKS = ("prestart", "created", "poststart", "prestop", "poststop")


def _logging(tmp_path: Path, jail_hooks: list[tuple[str, str]]) -> Path:
    """Hooks that write down when they run, and in which environment."""
    log = tmp_path / "hooks.log"
    script = home.write(tmp_path / "note", f'#!/bin/sh\n{{ echo "== $1"; /usr/bin/env; }} >> {log}\n', 0o755)
    jail_hooks += [(f"exec.{hook}", f"{script} {hook}") for hook in HOOKS]
    return log


def _said(log: Path) -> list[tuple[str, dict[str, str]]]:
    """[(hook, its environment)] in the order in which they ran."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in log.read_text().splitlines() if log.exists() else ():
        if line.startswith("== "):
            found.append((line[3:], {}))
        else:
            name, _, value = line.partition("=")
            found[-1][1][name] = value
    return found


def test_the_order_and_environment_of_hooks(scene: Scene, tmp_path: Path, release: int) -> None:
    """facts.md: under exec.clean host hooks get the login class's PATH and HOME=/root; from 15 on JNAME and JPATH, and JID
    once the jail exists.
    """
    jail = scene.jail("a", form="")
    log = _logging(tmp_path, jail.hooks)
    scene.start(jail)
    scene.stop(jail)
    said = _said(log)
    assert [hook for hook, _ in said] == list(HOOKS)
    for _, environment in said:
        assert environment["HOME"] == "/root"
        assert {"/sbin", "/usr/sbin"} <= set(environment["PATH"].split(":"))
    if release >= 15:
        assert {environment["JNAME"] for _, environment in said} == {jail.name}
        assert {environment["JPATH"] for _, environment in said} == {"/"}
        assert dict(said)["created"]["JID"].isdigit()


def test_addresses_are_there_in_prestart(scene: Scene, tmp_path: Path) -> None:
    """facts.md section 8: address aliases exist from prestart on, until poststop included."""
    jail = scene.jail("a", form="")
    log = tmp_path / "lo.log"
    script = home.write(tmp_path / "note", f"#!/bin/sh\n{TOOLS['ifconfig']} {jail.interface} >> {log}\n", 0o755)
    jail.hooks += [("exec.prestart", str(script)), ("exec.poststop", str(script))]
    scene.start(jail)
    scene.stop(jail)
    assert log.read_text().count(f"inet {jail.ip4} ") == 2


def test_a_failed_created_runs_no_poststop(scene: Scene, tmp_path: Path) -> None:
    """facts.md: a jail whose `exec.created` list fails is removed without any poststop hook."""
    jail = scene.jail("a", form="")
    log = _logging(tmp_path, jail.hooks)
    jail.hooks.append(("exec.created", "/usr/bin/false"))
    said = scene.start(jail, fails=True)
    assert "/usr/bin/false: failed" in said.all
    assert [hook for hook, _ in _said(log)] == ["prestart", "created"]


def test_jail_capital_r_runs_no_hook(scene: Scene, tmp_path: Path) -> None:
    """facts.md: `jail -R` runs no hook at all."""
    jail = scene.jail("a", form="")
    log = _logging(tmp_path, jail.hooks)
    scene.start(jail)
    remove_jail(jail.name)
    assert jail.name not in running()
    assert [hook for hook, _ in _said(log)] == ["prestart", "created", "poststart"]


def test_equals_replaces_what_plus_equals_collected(tmp_path: Path) -> None:
    """facts.md: `=` in a jail's block replaces what a global `+=` had collected."""
    text = (
        'exec.prestart += "/usr/bin/true global";\njpta { exec.prestart = "/usr/bin/true own"; }\njptb { persist; }\n'
    )
    file = home.write(tmp_path / "jail.conf", text)
    lines = run("jail", "-f", str(file), "-e", "|").out.splitlines()
    found = {re.sub(r".*name=(\w+).*", r"\1", line): line for line in lines}
    assert "true own" in found["jpta"]
    assert "global" not in found["jpta"]
    assert "global" in found["jptb"]


def test_starting_a_running_jail_runs_no_hook(scene: Scene, tmp_path: Path) -> None:
    """facts.md section 8: `jail -c` of a running jail: `"x" already exists`, exit 1, no hooks."""
    jail = scene.jail("a", form="")
    log = _logging(tmp_path, jail.hooks)
    scene.start(jail)
    before = len(_said(log))
    said = run(*scene.begin(jail), must=False)
    assert said.status == 1
    assert "already exists" in said.all
    assert len(_said(log)) == before
