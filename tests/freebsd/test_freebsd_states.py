"""States: what is killed with a jail or a service, and what is not (facts.md, "What a running 15.1 showed", section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freebsd.net import CLIENT4, CLIENT6, EXT4, EXT6
from freebsd.probe import Probe
from freebsd.scene import INSIDE, OUTSIDE, SERVICE
from freebsd.tools import run, until

if TYPE_CHECKING:
    from freebsd.jails import Kind
    from freebsd.scene import Scene

OUT = "\n[out.all]\n"
SECOND = INSIDE + 1
TWO = f"""\
[service.http]
port = {INSIDE}
rdr = {{ port = {OUTSIDE} }}

[service.other]
port = {SECOND}
rdr = {{ port = {OUTSIDE + 1} }}
"""


@pytest.mark.parametrize("kind", ["lo", "alias", "vnet"])
def test_unload_cuts_what_is_established(scene: Scene, kind: Kind) -> None:
    """A connection that came in by a rdr is cut and its states are gone, although jail and listener go on."""
    scene.rules()
    jail = scene.up(scene.jail("web", kind))
    held = [scene.hold(to, OUTSIDE) for to in (EXT4, EXT6)]
    assert all(one.alive() for one in held)
    assert scene.states(*jail.addresses)
    scene.home.jailpf("unload", jail.name)
    assert not any(one.alive() for one in held)
    scene.nothing_left(jail)
    scene.reached(jail, gets=False)


@pytest.mark.parametrize("kind", ["lo", "vnet"])
def test_poststop_leaves_no_state(scene: Scene, kind: Kind) -> None:
    """By label, by NAT source and by id: incoming, NATed, un-NATed and direct connections, all gone with the jail."""
    scene.settings(nat=True, direct=True)
    scene.rules()
    jail = scene.up(scene.jail("web", kind), SERVICE + OUT)
    scene.listen_outside(19001)
    scene.hold(EXT4, OUTSIDE)
    scene.hold(EXT6, OUTSIDE)
    scene.hold(jail.ip4, INSIDE)
    scene.hold(CLIENT4, 19001, sender=jail.name)
    scene.hold(CLIENT6, 19001, sender=jail.name)
    assert len(scene.states(*jail.addresses)) >= 5
    scene.stop(jail)
    scene.nothing_left(jail)


def test_states_of_the_main_rulesets_nat_go_too(scene: Scene) -> None:
    """facts.md: a NATed outgoing connection that only the main ruleset made has no label of ours; it goes all the same."""
    ext = scene.net.ext
    scene.rules("none", translation=f"nat on {ext} inet from 10.213.7.0/24 to any -> ({ext}:0)", below="pass")
    jail = scene.up(scene.jail())
    scene.listen_outside(19001)
    scene.hold(CLIENT4, 19001, sender=jail.name)
    assert scene.states(jail.ip4)
    scene.home.jailpf("unload", jail.name)
    assert not scene.states(jail.ip4)


def test_what_kills_what(scene: Scene, release: int) -> None:
    """facts.md: `-k label` kills exactly the states of rules with that label, `-k JAILIP` none of the rdr'd or NATed ones,
    `-k nat -k JAILIP` the outgoing NATed ones.
    """
    scene.settings(nat=True)
    scene.rules()
    jail = scene.up(scene.jail(), SERVICE + OUT)
    scene.listen_outside(19001)
    incoming, outgoing = scene.hold(EXT4, OUTSIDE), scene.hold(CLIENT4, 19001, sender=jail.name)
    run("pfctl", "-k", jail.ip4)
    assert incoming.alive()
    assert outgoing.alive()
    if release >= 15:
        run("pfctl", "-k", "nat", "-k", jail.ip4)
        assert not outgoing.alive()
        assert incoming.alive()
    run("pfctl", "-k", "label", "-k", f"jailpf/{jail.name}")
    assert not incoming.alive()


def test_a_neighbours_connections_stay(scene: Scene) -> None:
    """What ends with one jail is that jail's: another jail's connection goes on."""
    scene.rules()
    one = scene.up(scene.jail("a"))
    other = scene.up(scene.jail("b"), SERVICE.replace(str(OUTSIDE), str(OUTSIDE + 1)))
    held = scene.hold(EXT4, OUTSIDE + 1)
    scene.hold(EXT4, OUTSIDE)
    scene.stop(one)
    scene.nothing_left(one)
    assert held.alive()
    scene.reached(other, OUTSIDE + 1)


def test_a_reload_cuts_the_service_that_is_gone_and_no_other(scene: Scene) -> None:
    """Issue 6, item 3: a reload that takes a service away kills that service's states and no others."""
    scene.rules()
    jail = scene.up(scene.jail(), TWO, INSIDE, SECOND)
    stays, goes = scene.hold(EXT4, OUTSIDE), scene.hold(EXT4, OUTSIDE + 1)
    scene.declare(jail, SERVICE)
    scene.home.jailpf("reload", jail.name)
    assert stays.alive()
    assert not goes.alive()
    scene.expect(Probe(EXT4, OUTSIDE + 1), "")
    scene.reached(jail)


def test_a_reload_keeps_connections_and_tables(scene: Scene) -> None:
    """A reload cuts nobody, and the addresses that `overload` has collected stay blocked."""
    scene.rules()
    jail = scene.up(scene.jail(), SERVICE + "allow = { max_src_conn = 50, overload = true }\n")
    held = scene.hold(EXT4, OUTSIDE)
    table = ("pfctl", "-a", f"jailpf/{jail.name}", "-t", "overload_http", "-T")
    run(*table, "add", "192.0.2.99")
    scene.home.jailpf("reload", jail.name)
    assert run(*table, "show").out.split() == ["192.0.2.99"]
    assert held.alive()


def test_a_table_file_is_reloaded_without_touching_rules(scene: Scene) -> None:
    """Who is in the table gets in, from `jailpf table ... reload` on; a connection that is open stays."""
    scene.rules()
    jail = scene.jail()
    members = scene.home.toml.parent / "jails/friends.table"
    members.write_text("192.0.2.1\n")
    members.chmod(0o644)
    service = f'{SERVICE}from = "<friends>"\n\n[table.friends]\nfile = "friends.table"\n'
    scene.up(jail, service)
    scene.expect(Probe(EXT4, OUTSIDE), "")
    members.write_text(f"192.0.2.1\n{CLIENT4}\n")
    scene.home.jailpf("table", jail.name, "friends", "reload")
    assert Probe(EXT4, OUTSIDE).real(expecting=True).who == jail.name
    held = scene.hold(EXT4, OUTSIDE)
    scene.home.jailpf("reload", jail.name)
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)
    assert held.alive()


def test_a_table_that_is_declared_no_more_is_gone(scene: Scene) -> None:
    """facts.md: a load keeps a `persist` table that it does not name, and a table of the anchor hides the main ruleset's of
    that name: so a reload has to remove it itself, or rules that mean pf.conf's table go on with the jail's old one.
    """
    scene.rules(translation=f"table <jptfriends> persist {{ {CLIENT4} }}")
    service = SERVICE + 'from = "<jptfriends>"\n'
    jail = scene.up(scene.jail(), service + '\n[table.jptfriends]\naddresses = ["192.0.2.1"]\n')
    scene.expect(Probe(EXT4, OUTSIDE), "")
    scene.settings(host='tables = ["jptfriends"]')
    scene.declare(jail, service)
    scene.home.jailpf("reload", jail.name)
    assert "jptfriends" not in run("pfctl", "-a", f"jailpf/{jail.name}", "-s", "Tables", must=False).out.split()
    scene.expect(Probe(EXT4, OUTSIDE), jail.name)


def test_a_stopped_jails_connections_are_cut(scene: Scene) -> None:
    """The client notices: what was established does not answer any more, and pf knows nothing of it."""
    scene.rules()
    jail = scene.up(scene.jail())
    held = scene.hold(EXT4, OUTSIDE)
    scene.stop(jail)
    assert not held.alive()
    until("no state is left", lambda: not scene.states(*jail.addresses))
    scene.nothing_left(jail)
