"""The life of a jail: jail(8) starts and stops it, its hooks call jailpf, and the firewall follows."""

from __future__ import annotations

import pytest

from freebsd import ruleset
from freebsd.jails import Kind, running
from freebsd.net import CLIENT4, EXT4, OTHER4
from freebsd.probe import Probe
from freebsd.scene import INSIDE, OUTSIDE, SERVICE, Scene
from freebsd.tools import run

KINDS: tuple[Kind, ...] = ("lo", "alias", "vnet")
LAYOUTS = {
    "single": ["jailpf/{}"],
    "split": ["filter/{}", "rdr/{}"],
    "bastille": ["bastille/jailpf.{}", "rdr/jailpf.{}"],
}


@pytest.mark.parametrize("form", ["console", "module"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_life(scene: Scene, kind: Kind, form: str) -> None:
    """With both documented forms of the hook lines: published while it runs, nothing before and nothing after."""
    scene.rules()
    jail = scene.up(scene.jail("web", kind, form))
    scene.reached(jail)
    for word in jail.addresses:
        scene.expect(Probe(word, INSIDE), "")
    scene.home.jailpf("diff", jail.name)
    scene.home.jailpf("status", jail.name)
    scene.stop(jail)
    scene.nothing_left(jail)
    scene.start(jail)
    assert scene.loaded(f"jailpf/{jail.name}")
    scene.stop(jail)
    scene.nothing_left(jail)


@pytest.mark.parametrize("policy", list(ruleset.POLICIES))
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_layouts_and_policies(scene: Scene, layout: str, policy: str) -> None:
    """All three layouts under all three host policies, with the anchor lines that `jailpf init` prints: the published port
    leads to the jail, another does not, and what is not published is the policy's business.
    """
    scene.settings(layout)
    scene.rules(policy)
    jail = scene.up(scene.jail(), SERVICE, INSIDE, INSIDE + 1)
    for path in LAYOUTS[layout]:
        assert scene.loaded(path.format(jail.name)), f"{path.format(jail.name)} is empty"
    scene.reached(jail)
    scene.expect(Probe(EXT4, OUTSIDE + 1), "")
    scene.expect(Probe(jail.ip4, INSIDE + 1), jail.name if policy == "none" else "")
    scene.stop(jail)
    scene.nothing_left(jail)


@pytest.mark.parametrize("layout", ["single", "split"])
@pytest.mark.parametrize("kind", KINDS)
def test_nat_and_out(scene: Scene, layout: str, kind: Kind) -> None:
    """Under `block all`, [host] nat and [out.*] let the jail out by the host's address (one on the external interface by its
    own), and nobody without [out.*].
    """
    scene.settings(layout, nat=True)
    scene.rules()
    scene.listen_outside(19001)
    jail = scene.up(scene.jail("a", kind), SERVICE + '\n[out.web]\nproto = "tcp"\nport = 19001\n')
    other = scene.up(scene.jail("b"), SERVICE.replace(str(OUTSIDE), str(OUTSIDE + 1)))
    assert scene.expect(Probe(CLIENT4, 19001, sender=jail.name), "outside").peer == (
        jail.ip4 if kind == "alias" else EXT4
    )
    scene.expect(Probe(CLIENT4, 19002, sender=jail.name), "")
    scene.expect(Probe(CLIENT4, 19001, sender=other.name), "")


def test_udp_and_several_ports(scene: Scene) -> None:
    """A service with tcp+udp and a list of ports: each of them leads to the jail, by both protocols and families."""
    scene.rules()
    jail = scene.jail()
    scene.declare(jail, f'[service.dns]\nproto = "tcp+udp"\nport = [{INSIDE}, {INSIDE + 1}]\n')
    scene.start(jail)
    places = [
        f"{proto},{word},{port}" for proto in ("tcp", "udp") for word in jail.addresses for port in (INSIDE, INSIDE + 1)
    ]
    scene.listen(jail.name, places)
    for proto in ("tcp", "udp"):
        for port in (INSIDE, INSIDE + 1):
            for to in (EXT4, "2001:db8:113::1"):
                scene.expect(Probe(to, port, proto=proto), jail.name)


def test_from_a_table(scene: Scene) -> None:
    """`from` lets in whom it names and nobody else."""
    scene.rules()
    table = f'from = "<friends>"\n\n[table.friends]\naddresses = ["{OTHER4}"]\n'
    jail = scene.up(scene.jail(), SERVICE + table)
    scene.expect(Probe(EXT4, OUTSIDE, source=OTHER4), jail.name)
    scene.expect(Probe(EXT4, OUTSIDE), "")


def test_hairpin_as_declared(scene: Scene) -> None:
    """`hairpin = true`: another jail, the jail itself and the host reach the service by the outside address."""
    scene.rules()
    jail = scene.up(scene.jail(), SERVICE.replace(" }", ", hairpin = true }"))
    other = scene.plain("b")
    scene.reached(jail)
    for sender in (other.name, jail.name, "host"):
        scene.expect(Probe(EXT4, OUTSIDE, sender=sender), jail.name)


def test_limits_as_declared(scene: Scene) -> None:
    """`max_src_conn` with `overload`: the third connection of one source is cut, and the source blocked; others are not."""
    scene.rules()
    jail = scene.up(scene.jail(), SERVICE + "allow = { max_src_conn = 2, overload = true }\n")
    held = [scene.hold(EXT4, OUTSIDE) for _ in range(2)]
    assert all(one.alive() for one in held)
    assert not Probe(EXT4, OUTSIDE).real(expecting=False).who
    assert not Probe(EXT4, OUTSIDE).real(expecting=False).who
    assert Probe(EXT4, OUTSIDE, source=OTHER4).real(expecting=True).who == jail.name


def test_a_vnet_jail_that_configures_itself(scene: Scene, release: int) -> None:
    """Addresses that only the running jail knows: `created` in exec.poststart finds them with `ifconfig -j`."""
    if release < 14:
        pytest.skip("ifconfig of 13 has no -j; jailpf then asks for [jail] ip4 in the declaration")
    scene.rules()
    jail = scene.up(scene.jail("vn", "vnet", created="poststart"))
    scene.reached(jail)
    scene.stop(jail)
    scene.nothing_left(jail)


def test_created_is_warm_after_prestart(scene: Scene) -> None:
    """DESIGN.md section 5: `created` after `prestart` with nothing changed is one pfctl, without argparse; after a change
    it is not, and loads the change.
    """
    scene.rules()
    jail = scene.plain("web")
    for long_way in (False, True):
        scene.declare(jail)
        scene.home.jailpf("prestart", jail.name)
        assert not scene.loaded(f"jailpf/{jail.name}"), "prestart loads nothing"
        if long_way:
            scene.declare(jail, SERVICE + "\n# changed\n")
        said = scene.home.warm(jail.name)
        assert said.out.split()[-1:] == [str(long_way)], said
        scene.reached(jail)
        scene.home.jailpf("unload", jail.name)


def test_a_conflict_keeps_the_second_jail_from_starting(scene: Scene) -> None:
    """Two jails that claim one port: jail(8) does not start the second, both are named, and the first is as it was."""
    scene.rules()
    first = scene.up(scene.jail("a"))
    second = scene.jail("b")
    scene.declare(second)
    said = scene.start(second, fails=True)
    assert second.name not in running()
    assert first.name in said.all
    assert str(OUTSIDE) in said.all
    scene.reached(first)
    scene.nothing_left(second)


@pytest.mark.parametrize("broken", ["[service.http]\nprot = 80\n", "[service.http]\nport = 99999\n", "[service.http\n"])
def test_a_mistake_keeps_the_jail_from_starting(scene: Scene, broken: str) -> None:
    """A declaration with a mistake: one line with file and line number, no jail, no rules."""
    scene.rules()
    jail = scene.jail()
    file = scene.declare(jail, broken)
    said = scene.start(jail, fails=True)
    assert f"{file}:" in said.all
    scene.nothing_left(jail)


def test_pf_off_keeps_the_jail_from_starting(scene: Scene) -> None:
    """Issue 6, item 7: pf disabled, or without our anchor lines: noticed, named, with the remedy."""
    scene.rules()
    jail = scene.jail()
    scene.declare(jail)
    run("pfctl", "-d")
    try:
        assert "disabled" in scene.start(jail, fails=True).all
    finally:
        run("pfctl", "-e")
    scene.rules(calls=('nat-anchor "jailpf/*"',))
    assert 'rdr-anchor "jailpf/*"' in scene.start(jail, fails=True).all
    scene.rules()
    scene.start(jail)


def test_a_general_nat_is_named(scene: Scene) -> None:
    """facts.md: a general nat line of pf.conf beats [host] nat; prestart refuses and names the line."""
    ext = scene.net.ext
    scene.settings(nat=True)
    scene.rules(translation=f"nat on {ext} inet from 10.213.0.0/16 to any -> ({ext}:0)")
    jail = scene.jail()
    scene.declare(jail)
    assert f"nat on {ext} inet from 10.213.0.0/16 to any" in scene.start(jail, fails=True).all


def test_a_jail_without_a_declaration_is_none_of_ours(scene: Scene) -> None:
    """Its hooks do nothing and end with 0; the jail starts and stops."""
    scene.rules()
    jail = scene.jail()
    scene.start(jail)
    assert not scene.loaded(f"jailpf/{jail.name}")
    scene.stop(jail)
    scene.nothing_left(jail)
