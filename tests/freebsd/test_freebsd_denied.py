"""The forms of `deny` and of the host as a sender: an anchor that is asked before all jails, and what no block may take with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freebsd.probe import Probe
from freebsd.scene import INSIDE
from freebsd.tools import run, until

if TYPE_CHECKING:
    from freebsd.jails import Jail, Kind
    from freebsd.scene import Scene

FAMILIES = ("inet", "inet6")


def _each(form: str, source: tuple[str, ...], to: tuple[str, ...]) -> str:
    """One rule for each address family."""
    return "".join(
        form.format(family=family, source=one, to=two) + "\n"
        for family, one, two in zip(FAMILIES, source, to, strict=True)
    )


def _addresses(jail: Jail) -> tuple[str, str]:
    return jail.ip4, jail.ip6


@pytest.mark.parametrize("kind", ["lo", "vnet"])
def test_an_anchor_of_denies_is_asked_before_those_of_all_jails(scene: Scene, kind: Kind) -> None:
    """facts.md section 3: children are asked in strcmp() order; what begins with "-" comes before any jail's name."""
    scene.rules()
    other, jail = scene.plain("a"), scene.plain("b", kind)
    asked = [Probe(word, INSIDE, sender=other.name) for word in jail.addresses]
    passes = "pass quick {family} proto tcp from {source} to {to}"
    scene.anchor(f"jailpf/{other.name}", _each(passes, _addresses(other), _addresses(jail)))
    for question in asked:
        scene.expect(question, jail.name)
    scene.anchor(
        f"jailpf/{jail.name}",
        _each("block drop quick {family} from {source} to {to}", _addresses(other), _addresses(jail)),
    )
    for question in asked:
        scene.expect(question, jail.name)  # too late: the other's name comes first
    denied = _each("block drop quick {family} from {source} to {to}", _addresses(other), _addresses(jail))
    scene.anchor(f"jailpf/-deny.{jail.name}", denied)
    for question in asked:
        scene.expect(question, "")


@pytest.mark.parametrize("kind", ["lo", "alias", "vnet"])
def test_the_host_is_let_in_and_no_other_jail(scene: Scene, kind: Kind) -> None:
    """facts-2.md: the host asks a jail of its own stack from the address that it asks, a vnet jail from the bridge's."""
    scene.rules()
    other, jail = scene.plain("a"), scene.plain("b", kind)
    bridge = scene.net.bridge
    on, source = (
        (f"out quick on {bridge}", (f"({bridge})",) * 2) if kind == "vnet" else ("quick on lo", _addresses(jail))
    )
    rule = f"pass {on} {{family}} proto tcp from {{source}} to {{to}} port {INSIDE}"
    scene.anchor(f"jailpf/{jail.name}", _each(rule, source, _addresses(jail)))
    for word in jail.addresses:
        scene.expect(Probe(word, INSIDE, sender="host"), jail.name)
        for sender in (other.name, "outside"):
            scene.expect(Probe(word, INSIDE, sender=sender), "")


def test_a_block_of_all_that_a_vnet_jail_sends_takes_neighbour_discovery_with_it(scene: Scene) -> None:
    """IPv6 alone, once the host has forgotten the jail; a pass for the two types of icmp6 above it keeps it alive."""
    bridge = scene.net.bridge
    scene.rules("none", icmp6=False)
    jail = scene.plain("vn", "vnet")
    block = f"block in quick on {bridge} inet from {jail.ip4} to any\nblock in quick on {bridge} inet6 from {jail.ip6} to any\n"
    types = (
        f"pass in quick on {bridge} inet6 proto icmp6 from {jail.ip6} to any icmp6-type {{ neighbrsol neighbradv }}\n"
    )

    def forget() -> bool:
        run("pfctl", "-F", "states")
        run("ndp", "-d", jail.ip6, must=False)
        return not any(line.split()[:1] == [jail.ip6] for line in run("ndp", "-an").out.splitlines())

    lets_in = f"pass out quick on {bridge} proto tcp from any to {{ {jail.ip4} {jail.ip6} }}\n"
    for rules, six in ((lets_in + block, False), (lets_in + types + block, True)):
        scene.anchor(f"jailpf/{jail.name}", rules)
        until("the neighbour cache has forgotten the jail", forget)
        assert (Probe(jail.ip6, INSIDE, sender="host").real(expecting=six).who == jail.name) is six
        assert Probe(jail.ip4, INSIDE, sender="host").real(expecting=True).who == jail.name
