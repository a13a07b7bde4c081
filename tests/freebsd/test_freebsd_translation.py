"""Which translation counts: facts.md, "What a running 15.1 showed", with real connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freebsd.net import CLIENT4, EXT4
from freebsd.probe import Probe
from freebsd.scene import INSIDE, OUTSIDE
from freebsd.tools import run

if TYPE_CHECKING:
    from freebsd.jails import Jail
    from freebsd.scene import Scene

NAT_LINES = ('nat-anchor "jailpf/*"', 'binat-anchor "jailpf/*"')
LAST_LINES = ('rdr-anchor "jailpf/*"', 'anchor "jailpf/*"')


def _rdr(scene: Scene, jail: Jail, more: str = "") -> str:
    return (
        f"rdr on {scene.net.ext} inet proto tcp from any to {EXT4} port {OUTSIDE} -> {jail.ip4} port {INSIDE}\n{more}"
        f"pass quick inet proto tcp from any to {jail.ip4} port {INSIDE}\n"
    )


@pytest.fixture
def _seen_on_15(release: int) -> None:
    if release < 15:
        pytest.skip(f"seen on 15; 13 takes the first match (facts.md section 3), {release} was not looked at")


def test_one_anchor_is_enough(scene: Scene) -> None:
    """facts.md: one path called by nat-anchor, rdr-anchor and anchor lines: a connection reaches the jail through it."""
    scene.rules()
    jail = scene.plain("a")
    scene.anchor(f"jailpf/{jail.name}", _rdr(scene, jail))
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)
    scene.flush(f"jailpf/{jail.name}")
    scene.expect(Probe(EXT4, OUTSIDE), "")


def test_inside_one_anchor_the_first_match_counts(scene: Scene) -> None:
    """facts.md: inside one anchor the first match."""
    scene.rules()
    one, other = scene.plain("a"), scene.plain("b")
    both = [line for jail in (one, other) for line in _rdr(scene, jail).splitlines()]
    scene.anchor("jailpf/jptboth", "\n".join(sorted(both, key=lambda line: line.startswith("pass"))) + "\n")
    scene.expect(Probe(EXT4, OUTSIDE), one.name)


@pytest.mark.usefixtures("_seen_on_15")
def test_across_siblings_the_last_match_counts(scene: Scene) -> None:
    """facts.md: a, b, c claimed one port: c got it; with c flushed, b. So no two jails may claim one port."""
    scene.rules()
    jails = [scene.plain(name) for name in "abc"]
    for jail in jails:
        scene.anchor(f"jailpf/{jail.name}", _rdr(scene, jail))
    while jails:
        scene.expect(Probe(EXT4, OUTSIDE), jails[-1].name)
        scene.flush(f"jailpf/{jails.pop().name}")
    scene.expect(Probe(EXT4, OUTSIDE), "")


@pytest.mark.usefixtures("_seen_on_15")
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_main_nat_beats_an_anchor(scene: Scene, first: bool) -> None:
    """facts.md: a nat rule of the main ruleset beats every anchor, whether it stands before or after the anchor line."""
    other = scene.plain("alias", "alias")  # its address is a second one to leave by
    jail = scene.plain("a")
    general = f"nat on {scene.net.ext} inet from 10.213.7.0/24 to any -> ({scene.net.ext}:0)"
    calls = (general, *NAT_LINES) if first else (*NAT_LINES, general)
    scene.rules("none", calls=(*calls, *LAST_LINES))
    scene.listen_outside(19001)
    scene.anchor(f"jailpf/{jail.name}", f"nat on {scene.net.ext} inet from {jail.ip4} to any -> {other.ip4}\n")
    answer = scene.expect(Probe(CLIENT4, 19001, sender=jail.name), "outside")
    assert answer.peer == EXT4


def test_an_anchors_nat_counts_without_a_general_one(scene: Scene) -> None:
    """facts.md: a jail's own nat needs a pf.conf without a general nat that covers it; `!addr` takes the jail out."""
    other = scene.plain("alias", "alias")
    jail = scene.plain("a")
    general = f"nat on {scene.net.ext} inet from !{jail.ip4} to {CLIENT4} -> ({scene.net.ext}:0)"
    scene.rules("none", calls=(*NAT_LINES, general, *LAST_LINES))
    scene.listen_outside(19001)
    scene.anchor(f"jailpf/{jail.name}", f"nat on {scene.net.ext} inet from {jail.ip4} to any -> {other.ip4}\n")
    assert scene.expect(Probe(CLIENT4, 19001, sender=jail.name), "outside").peer == other.ip4


@pytest.mark.usefixtures("_seen_on_15")
def test_a_binat_of_an_anchor_beats_a_general_nat(scene: Scene) -> None:
    """facts.md: binat in an anchor beats a general nat."""
    other = scene.plain("alias", "alias")
    jail = scene.plain("a")
    general = f"nat on {scene.net.ext} inet from 10.213.7.0/24 to any -> ({scene.net.ext}:0)"
    scene.rules("none", calls=(*NAT_LINES, general, *LAST_LINES))
    scene.listen_outside(19001)
    scene.anchor(f"jailpf/{jail.name}", f"binat on {scene.net.ext} inet from {jail.ip4} to any -> {other.ip4}\n")
    assert scene.expect(Probe(CLIENT4, 19001, sender=jail.name), "outside").peer == other.ip4
    scene.expect(Probe(other.ip4, INSIDE), jail.name)


def test_alias_addresses_belong_to_em0_but_not_to_em0_0(scene: Scene) -> None:
    """facts.md: `to (em0)` takes the alias addresses that other jails own on em0; `to (em0:0)` does not."""
    ext = scene.net.ext
    owner = scene.plain("alias", "alias", OUTSIDE)
    thief = scene.plain("a")
    rules = f"rdr on {ext} inet proto tcp from any to (%s) port {OUTSIDE} -> {thief.ip4} port {INSIDE}\n"
    scene.rules("none")
    scene.anchor(f"jailpf/{thief.name}", rules % ext)
    scene.expect(Probe(owner.ip4, OUTSIDE), thief.name)
    scene.anchor(f"jailpf/{thief.name}", rules % f"{ext}:0")
    scene.expect(Probe(owner.ip4, OUTSIDE), owner.name)
    scene.expect(Probe(EXT4, OUTSIDE), thief.name)


@pytest.mark.parametrize(("target", "arrives"), [("17000:*", 17003), ("17000", 17000)])
def test_ranges(scene: Scene, target: str, arrives: int) -> None:
    """facts.md: `port 6000:6010 -> J port 7000:*` maps 6003 to 7003; `-> J port 7000` sends the whole range to 7000."""
    scene.rules()
    jail = scene.plain("a", "lo", 17000, 17003)
    scene.anchor(
        f"jailpf/{jail.name}",
        f"rdr on {scene.net.ext} inet proto tcp from any to {EXT4} port 16000:16010 -> {jail.ip4} port {target}\n"
        f"pass quick inet proto tcp from any to {jail.ip4} port 17000:17010\n",
    )
    assert scene.expect(Probe(EXT4, 16003), jail.name).port == arrives


def test_reload_and_restart_with_a_connection(scene: Scene) -> None:
    """facts.md: anchors survive `service pf reload` and `restart`: the published port leads to the jail after both."""
    scene.rules()
    jail = scene.plain("a")
    scene.anchor(f"jailpf/{jail.name}", _rdr(scene, jail))
    run("pfctl", "-f", "-", text=scene.main)
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)
    run("pfctl", "-F", "all")
    run("pfctl", "-f", "-", text=scene.main)
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)
