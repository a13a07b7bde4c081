"""What hooks do not see: jails that die, failed starts, pf restarted, many at once, loads that fail half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freebsd import home, ruleset
from freebsd.jails import running
from freebsd.net import EXT4, remove_jail
from freebsd.probe import Probe
from freebsd.scene import OUTSIDE, SERVICE
from freebsd.tools import TOOLS, run

if TYPE_CHECKING:
    from pathlib import Path

    from freebsd.jails import Kind
    from freebsd.scene import Scene

DOZEN = 12


def _service(number: int) -> str:
    return SERVICE.replace(str(OUTSIDE), str(OUTSIDE + number))


@pytest.mark.parametrize("kind", ["lo", "vnet"])
def test_after_jail_capital_r(scene: Scene, kind: Kind) -> None:
    """`jail -R` runs no hook: the rules stay until `sync`, which removes rules, states and record, and of that jail only."""
    scene.rules()
    jail, other = scene.up(scene.jail("a", kind)), scene.up(scene.jail("b"), _service(1))
    scene.hold(EXT4, OUTSIDE)
    remove_jail(jail.name)
    assert scene.loaded(f"jailpf/{jail.name}"), "nobody has told jailpf yet"
    assert scene.home.jailpf("sync", "-n", status=1).out.splitlines()[0].split() == [jail.name, "would", "remove"]
    scene.home.jailpf("sync")
    scene.nothing_left(jail)
    scene.reached(other, OUTSIDE + 1)
    scene.home.jailpf("sync", "-n")


def test_after_a_failed_start(scene: Scene) -> None:
    """A later command of exec.created fails: jail(8) removes the jail without poststop; after `sync` nothing is left."""
    scene.rules()
    jail = scene.jail()
    scene.declare(jail)
    jail.hooks.append(("exec.created", "/usr/bin/false"))
    scene.start(jail, fails=True)
    assert scene.loaded(f"jailpf/{jail.name}"), "facts.md: rules that a created hook loaded stay loaded"
    scene.home.jailpf("sync")
    scene.nothing_left(jail)
    jail.hooks.pop()
    scene.start(jail)
    assert scene.loaded(f"jailpf/{jail.name}")


def test_the_next_start_repairs_what_a_failed_one_left(scene: Scene) -> None:
    """A lifecycle verb also purges what its own jail left behind: start again, stop, nothing is left."""
    scene.rules()
    jail = scene.jail()
    scene.declare(jail)
    jail.hooks.append(("exec.created", "/usr/bin/false"))
    scene.start(jail, fails=True)
    jail.hooks.pop()
    scene.declare(jail, _service(1))
    scene.up(jail, _service(1))
    scene.reached(jail, OUTSIDE + 1)
    scene.expect(Probe(EXT4, OUTSIDE), "")
    scene.stop(jail)
    scene.nothing_left(jail)


def test_pf_restart(scene: Scene) -> None:
    """facts.md: anchors survive a restart of pf, the main ruleset's tables do not until pf.conf is loaded again."""
    scene.rules("none")
    jail = scene.up(scene.jail())
    run("pfctl", "-F", "all")
    run("pfctl", "-f", "-", text=ruleset.text(scene.net, "none", tables=False))
    assert not Probe(EXT4, OUTSIDE).real(expecting=False).who, "<ext_ip4> of the main ruleset is gone"
    ruleset.restart(scene.main)
    scene.reached(jail)
    scene.home.jailpf("sync", "-n")


def test_what_somebody_flushed_is_loaded_again(scene: Scene) -> None:
    """`pfctl -a jailpf/J -F all` by hand: `sync` finds the anchor missing and loads it."""
    scene.rules()
    jail = scene.up(scene.jail())
    run("pfctl", "-a", f"jailpf/{jail.name}", "-F", "all", must=False)
    scene.home.jailpf("sync", "-n", status=1)
    scene.home.jailpf("sync")
    scene.reached(jail)
    scene.home.jailpf("sync", "-n")


def test_a_jail_that_started_without_hooks_is_loaded(scene: Scene) -> None:
    """A running jail with a declaration and nothing loaded: at boot, or after an upgrade, `sync` loads it."""
    scene.rules()
    jail = scene.plain("a")
    scene.declare(jail)
    scene.home.jailpf("sync")
    scene.reached(jail)


def test_foreign_anchors_are_not_touched(scene: Scene) -> None:
    """`sync` removes what only jailpf makes, and nothing else: an orphan below jailpf/ goes, another tool's anchor stays."""
    scene.rules()
    scene.anchor("jailpf/jptorphan", "pass in quick inet proto tcp from any to 10.213.7.98 port 80\n")
    scene.anchor("jptforeign/x", "pass in quick inet proto tcp from any to 10.213.7.98 port 80\n")
    scene.home.jailpf("sync")
    assert not scene.loaded("jailpf/jptorphan")
    assert scene.loaded("jptforeign/x")


def test_a_dozen_jails_at_once(scene: Scene) -> None:
    """facts.md section 8: independent jails run their hooks in parallel. All start, each has its rules; all stop, nothing
    is left; and `sync` agrees in between.
    """
    scene.rules()
    jails = [scene.jail(f"m{number}", form=("console", "module")[number % 2]) for number in range(DOZEN)]
    for number, jail in enumerate(jails):
        scene.declare(jail, _service(number))
    scene.conf()
    for said in scene.together([scene.begin(jail) for jail in jails]):
        assert said.status == 0, said
    assert {jail.name for jail in jails} <= running()
    for jail in jails:
        assert scene.loaded(f"jailpf/{jail.name}"), f"{jail.name} has no rules"
    scene.home.jailpf("sync", "-n")
    for number in (0, DOZEN // 2, DOZEN - 1):
        scene.listen(jails[number].name, [f"tcp,{word},10080" for word in jails[number].addresses])
        scene.reached(jails[number], OUTSIDE + number)
    stops = [[TOOLS["jail"], "-f", str(scene.home.jail_conf), "-r", jail.name] for jail in jails]
    for said in scene.together(stops):
        assert said.status == 0, said
    for jail in jails:
        scene.nothing_left(jail)


def test_a_dozen_jails_by_one_sync(scene: Scene) -> None:
    """All jails of the single layout, loaded by one `sync`: in one pfctl on 15, one by one before."""
    scene.rules()
    jails = [scene.jail(f"m{number}", form="") for number in range(DOZEN)]
    for number, jail in enumerate(jails):
        scene.start(jail)
        scene.declare(jail, _service(number))
    scene.home.jailpf("sync")
    assert all(scene.loaded(f"jailpf/{jail.name}") for jail in jails)
    scene.home.jailpf("sync", "-n")
    remove_jail(jails[0].name)
    scene.home.jailpf("sync")
    scene.nothing_left(jails[0])
    assert all(scene.loaded(f"jailpf/{jail.name}") for jail in jails[1:])


@pytest.mark.parametrize("running_already", [True, False], ids=["reload", "load"])
def test_the_split_layout_is_put_back(scene: Scene, tmp_path: Path, running_already: bool) -> None:
    """Issue 6, item 1: pf refuses the last of several anchors: every one of them is put back to what was loaded before,
    and whoever was let in still is.
    """
    flag = tmp_path / "refuse"
    pfctl = home.write(
        tmp_path / "pfctl",
        f"#!/bin/sh\n"
        f'case "$*" in "-a rdr/jptweb -f -") [ ! -e {flag} ] || {{ echo "stdin:1: syntax error" >&2; exit 1; }};; esac\n'
        f'exec {TOOLS["pfctl"]} "$@"\n',
        0o755,
    )
    scene.settings("split", pfctl=str(pfctl))
    scene.rules()
    jail = scene.up(scene.jail()) if running_already else scene.plain("web")
    paths = [f"filter/{jail.name}", f"rdr/{jail.name}"]
    before = {path: scene.loaded(path) for path in paths}
    assert all(before.values()) == running_already
    scene.declare(jail, _service(1).replace("port = 10080", "port = 10081"))
    flag.touch()
    said = scene.home.jailpf("load", jail.name, status=None)
    assert said.status, f"pf refused, and jailpf ended with 0: {said}"
    assert {path: scene.loaded(path) for path in paths} == before
    scene.reached(jail, gets=running_already)
    flag.unlink()
    scene.home.jailpf("load", jail.name)
    scene.expect(Probe(EXT4, OUTSIDE), "")
    assert "10081" in scene.loaded(f"filter/{jail.name}")


def test_what_jailpf_says_of_itself(scene: Scene) -> None:
    """diff, status and check end with 0 on a host where all is well; trace says what the real pf does."""
    scene.rules()
    jail = scene.up(scene.jail())
    scene.home.jailpf("diff", jail.name)
    scene.home.jailpf("status")
    scene.home.jailpf("check")
    said = scene.home.jailpf("trace", "tcp", "from", "203.0.113.7", "to", "ext_ip4", "port", str(OUTSIDE), status=None)
    assert (said.status, jail.name in said.out) == (0, True), said
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)
    run("pfctl", "-a", f"jailpf/{jail.name}", "-f", "-", text="pass\n")
    scene.home.jailpf("diff", jail.name, status=1)
