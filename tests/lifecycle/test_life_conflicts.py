"""Conflicts over the life of jails: who was there first, who is just starting, and who is told what."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

from jailpf.errors import ConflictError
from jailpf.lifecycle import load, prestart
from jailpf.lifecycle.checks import conflicts
from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.sync import sync
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine


@pytest.fixture
def two(machine: Machine) -> Machine:
    """Two jails that claim port 80."""
    machine.declare("a", web(80, "172.16.1.1"))
    machine.declare("b", "# another line\n" + web("[79, 80]".replace('"', ""), "172.16.1.2"))
    return machine


def refused(action: object) -> str:
    assert callable(action)
    with pytest.raises(ConflictError) as raised:
        action()
    return str(raised.value)


def test_both_places_are_named(two: Machine) -> None:
    """prestart and created of the second jail name file and line of both declarations."""
    load.load(two.session(), "a")
    for verb in (prestart.prestart, load.created, load.load):
        said = refused(lambda verb=verb: verb(two.session(), "b"))
        assert re.search(r"b\.toml:\d+:\d+", said)
        assert re.search(r"a\.toml:\d+:\d+", said)
        assert "80" in said
    assert list(two.anchors()) == ["jailpf/a"]
    assert two.records() == ["a.json"]


def test_a_jail_that_is_just_starting_counts(two: Machine) -> None:
    """Between its prestart and its created a jail holds its claims, for a while."""
    prestart.prestart(two.session(), "a")
    assert "just starting" in refused(lambda: prestart.prestart(two.session(), "b"))
    assert "just starting" in refused(lambda: load.load(two.session(), "b"))


def test_a_jail_that_never_started_gives_up_its_claims(two: Machine) -> None:
    """Long after its prestart another jail may have the port; then the first one is checked again, and refused."""
    prestart.prestart(two.session(), "a")
    os.utime(two.run_dir / "starting/a", (1, 1))
    prestart.prestart(two.session(), "b")
    load.created(two.session(), "b")
    assert "a.toml" in refused(lambda: load.created(two.session(), "a"))
    two.jailpf("created", "a", status=65)
    assert list(two.anchors()) == ["jailpf/b"]


def test_a_stopped_jail_holds_nothing(two: Machine) -> None:
    """After poststop the port is free."""
    load.load(two.session(), "a")
    two.jailpf("poststop", "a")
    load.load(two.session(), "b")


def test_sync_takes_the_claims_of_a_starting_jail_seriously(two: Machine) -> None:
    """What sync loads while another jail is between its hooks: that jail is not loaded beside it afterwards."""
    prestart.prestart(two.session(), "a")
    two.running("b")
    sync(two.session())
    two.jailpf("created", "a", status=None)
    assert len(two.anchors()) == 1


def test_check_looks_at_all_declarations(two: Machine) -> None:
    """Nothing is loaded, and `check` names the pair; `check a` alone does too."""
    for words in (["check"], ["check", "a"], ["check", "b"]):
        done = two.jailpf(*words, status=65)
        assert "a.toml" in done.stderr
        assert "b.toml" in done.stderr


def test_an_outside_address_that_is_another_jails_own(machine: Machine) -> None:
    """Publishing on an address that another jail holds is refused, in either order."""
    machine.declare("holder", web(25, "203.0.113.9"))
    machine.declare("taker", web().replace("port = 80\n", 'port = 80\nrdr = { to = "203.0.113.9" }\n'))
    load.load(machine.session(), "holder")
    assert "203.0.113.9" in refused(lambda: load.load(machine.session(), "taker"))
    machine.jailpf("poststop", "holder")
    load.load(machine.session(), "taker")
    assert "203.0.113.9" in refused(lambda: load.load(machine.session(), "holder"))


def test_the_table_of_the_host_is_asked(machine: Machine) -> None:
    """<ext_ip4> and the address in it are one and the same."""
    machine.declare("a", web(80, "172.16.1.1"))
    machine.declare("b", web(80, "172.16.1.2").replace("port = 80\n", 'port = 80\nrdr = { to = "203.0.113.1" }\n'))
    machine.declare("c", web(80, "172.16.1.3").replace("port = 80\n", 'port = 80\nrdr = { to = "203.0.113.2" }\n'))
    load.load(machine.session(), "a")
    refused(lambda: load.load(machine.session(), "b"))
    load.load(machine.session(), "c")


def test_a_reload_does_not_collide_with_itself(machine: Machine) -> None:
    """A jail's own record, and its own plan, are no conflict."""
    machine.declare("a")
    prestart.prestart(machine.session(), "a")
    load.load(machine.session(), "a")
    prestart.prestart(machine.session(), "a")
    load.load(machine.session(), "a")


def test_all_pairs_are_found_among_many(machine: Machine) -> None:
    """Of 60 jails those, and only those, that share a port."""
    for number in range(60):
        machine.declare(f"j{number}", web(1000 + number % 50, f"172.16.2.{number + 1}"))
    session = machine.session()
    wanted = [
        prepared.record for name in session.jails.declared() if (prepared := prepare(session, name, created=False))
    ]
    found = conflicts.check_all(session, wanted)
    assert len(found) == 10


@pytest.mark.parametrize(
    ("other", "collides"), [("203.0.113.1", True), ("(em0)", True), ("203.0.113.7", False), ("(em7)", None)]
)
def test_interface_and_address_meet_on_the_simulated_host(tmp_path: Path, other: str, collides: bool | None) -> None:
    """An address that em0 has is what "(em0:0)" claims; of an interface that is not there it is said that nobody can tell."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\n')
    host.start("[service.a]\nport = 81\n", "a", ip6="")
    toml = f'[service.b]\nport = 81\nrdr = {{ to = "{other}" }}\n'
    if collides:
        with pytest.raises(ConflictError, match="port 81"):
            host.start(toml, "b", ip6="")
        return
    host.start(toml, "b", ip6="")
    session = host.session()
    records = [prepare(session, name, created=True).record for name in ("a", "b")]
    assert conflicts.check_all(session, records) == []
    told = conflicts.doubts(session, [claim for record in records for claim in record.claims])
    assert ["no interface em7" in one.message for one in told] == ([True] if collides is None else [])


def test_a_conflict_of_both_address_families_is_one_line(tmp_path: Path) -> None:
    """Two services of one jail by one port outside."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\n')
    said = host.problems("[service.a]\nport = 80\n[service.b]\nport = 81\nrdr = { port = 80 }\n")
    assert len(said) == len(set(said)) == 1
