"""sync: pf is what the declarations of the running jails say, and holds nothing else of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

from jailpf.lifecycle.sync import sync
from jailpf.pf.pfctl import Pfctl
from jailpf.state import records

if TYPE_CHECKING:
    from stand_ins.machine import Machine


def declare(machine: Machine, *names: str) -> None:
    for number, name in enumerate(names):
        machine.declare(name, web(1000 + number, f"172.16.1.{number + 1}"))


def test_missing_stale_and_leftover_jails_are_repaired_in_one_go(machine: Machine) -> None:
    """What runs is loaded, what changed is loaded again, what is gone is taken away; the foreign is not touched."""
    declare(machine, "new", "changed", "same", "dead")
    machine.running("new", "changed", "same", "dead")
    machine.jailpf("load", "changed", "same", "dead")
    (machine.state / "anchors" / "bastille%web").write_text("pass all\n")
    (machine.state / "anchors" / "jailpf%orphan").write_text("pass all\n")
    machine.declare("changed", web(2000, "172.16.1.2"))
    machine.running("new", "changed", "same")
    done = json.loads(machine.jailpf("sync", "--json").stdout)
    assert done["done"] == {"new": "load", "changed": "reload", "dead": "remove", "jailpf/orphan": "remove"}
    assert done["kept"] == ["same"]
    assert sorted(machine.anchors()) == ["bastille/web", "jailpf/changed", "jailpf/new", "jailpf/same"]
    assert "2000" in machine.anchors()["jailpf/changed"]
    machine.calls()
    assert "nothing to do" in machine.jailpf("sync").stdout
    assert machine.changes() == []


def test_many_jails_are_one_pfctl_where_that_works(machine: Machine) -> None:
    """From three jails on, 15 loads all in one transaction, which is read back."""
    names = [f"j{number}" for number in range(5)]
    declare(machine, *names)
    machine.running(*names)
    machine.jailpf("sync")
    calls = machine.calls()
    assert [call for call in calls if call.endswith("-f -")] == ["-a jailpf -n -v -P -f -", "-a jailpf -f -"]
    assert sorted(machine.anchors()) == [f"jailpf/{name}" for name in names]
    assert machine.records() == [f"{name}.json" for name in names]


@pytest.mark.parametrize("stale", [False, True], ids=["missing", "stale"])
def test_a_batch_that_did_nothing_is_found_out(machine: Machine, stale: bool) -> None:
    """A pfctl that takes a batch and loads nothing (13): every jail is loaded by itself, also where rules with the same
    labels are loaded already.
    """
    names = ["a", "b", "c"]
    declare(machine, *names)
    machine.running(*names)
    if stale:
        machine.jailpf("sync")
        for number, name in enumerate(names):
            machine.declare(name, web(3000 + number, f"172.16.1.{number + 1}"))
    (machine.state / "release").write_text("13")
    session = machine.session()
    session.pf = Pfctl(str(machine.bin / "pfctl"), release=13)
    assert not sync(session).problems
    held = machine.anchors()
    base = 3000 if stale else 1000
    assert [f"port {base + number} " in held[f"jailpf/{name}"] for number, name in enumerate(names)] == [True] * 3


def test_one_bad_jail_does_not_keep_the_others_out(machine: Machine) -> None:
    """The batch fails as a whole; one by one only the jail that pf refuses stays out, and it is named."""
    names = ["a", "b", "c"]
    declare(machine, *names)
    machine.running(*names)
    machine.mood("-a jailpf -f -", "refuses")
    machine.mood("-a jailpf/b -f -", "refuses")
    done = machine.jailpf("sync", status=65)
    assert "jailpf/b" in done.stderr
    assert sorted(machine.anchors()) == ["jailpf/a", "jailpf/c"]
    assert machine.records() == ["a.json", "c.json"]


def test_a_broken_declaration_of_a_running_jail_keeps_what_is_loaded(machine: Machine) -> None:
    """A typo must not cut off a running jail: it is reported, and the rules of before stay."""
    declare(machine, "web", "mail")
    machine.running("web", "mail")
    machine.jailpf("sync")
    held = machine.anchors()
    machine.declare("web", "= =")
    machine.jailpf("sync", status=65)
    assert machine.anchors() == held
    (machine.root / "etc/jails/web.toml").unlink()
    machine.jailpf("sync")
    assert list(machine.anchors()) == ["jailpf/mail"]


def test_only_the_named_jails(machine: Machine) -> None:
    """`sync NAME` touches no other jail; a name that nobody knows is 66."""
    declare(machine, "a", "b")
    machine.running("a", "b")
    machine.jailpf("sync", "a")
    assert list(machine.anchors()) == ["jailpf/a"]
    machine.jailpf("sync", "nobody", status=66)


def test_a_record_is_renewed_when_only_its_background_changed(machine: Machine) -> None:
    """Lines that moved, or plugins that were named: the rules stay untouched, the record tells the truth."""
    declare(machine, "web")
    machine.running("web")
    machine.jailpf("sync")
    before = (machine.run_dir / "records/web.json").read_bytes()
    machine.declare("web", "# moved\n" + web(1000, "172.16.1.1"))
    machine.calls()
    machine.jailpf("sync")
    assert machine.changes() == []
    assert (machine.run_dir / "records/web.json").read_bytes() != before


def test_after_pf_lost_everything(machine: Machine) -> None:
    """kldunload and kldload: no anchor is left, the records are; sync loads them again."""
    declare(machine, "web", "mail")
    machine.running("web", "mail")
    machine.jailpf("sync")
    held = machine.anchors()
    for file in (machine.state / "anchors").iterdir():
        file.unlink()
    machine.jailpf("status", status=1)
    machine.jailpf("sync")
    assert machine.anchors() == held


def test_two_running_jails_that_claim_one_port(machine: Machine) -> None:
    """The one that is loaded stays, else the first by name; the other is reported with both places."""
    machine.declare("b", web(80, "172.16.1.1"))
    machine.running("a", "b")
    machine.jailpf("sync")
    machine.declare("a", web(80, "172.16.1.2"))
    done = machine.jailpf("sync", status=65)
    assert "a.toml" in done.stderr
    assert "b.toml" in done.stderr
    assert list(machine.anchors()) == ["jailpf/b"]


def test_the_simulated_pf_asks_the_jls_that_the_settings_name(simulated: Machine) -> None:
    """With a jls of its own the simulated host has running jails; without one, what is loaded counts as running."""
    declare(simulated, "web")
    simulated.jailpf("load", "web")
    simulated.settings(programs=("pfctl",))
    assert "nothing to do" in simulated.jailpf("sync").stdout
    simulated.settings()
    assert "remove" in simulated.jailpf("sync").stdout
    assert not simulated.pf().read("jailpf/web")


def test_a_record_that_cannot_be_read_of_a_jail_that_stopped_is_repaired_and_no_error(machine: Machine) -> None:
    """All that is left of it goes, and sync ends 0."""
    declare(machine, "web")
    machine.jailpf("load", "web")
    (machine.run_dir / "records/web.json").write_text("{")
    machine.running()
    assert "remove" in machine.jailpf("sync").stdout
    assert (machine.anchors(), machine.records()) == ({}, [])


def test_what_an_unreadable_record_claimed_is_known_from_its_declaration(machine: Machine) -> None:
    """Nobody gets a port because the record of its owner was damaged; where nothing tells, that is said."""
    declare(machine, "web")
    machine.jailpf("load", "web")
    machine.declare("other", web(1000, "172.16.9.9"))
    (machine.run_dir / "records/web.json").write_text("{")
    assert "web.toml" in machine.jailpf("created", "other", status=65).stderr
    (machine.root / "etc/jails/web.toml").unlink()
    done = machine.jailpf("created", "other", status=65)
    assert "the ports of the jail web are not known" in done.stderr
    assert "jailpf sync" in done.stderr
    machine.running("other")
    machine.jailpf("sync")
    assert list(machine.anchors()) == ["jailpf/other"]


def test_sync_renews_the_jid(machine: Machine) -> None:
    """A jail that was loaded by hand is told from its next life, too."""
    declare(machine, "web")
    machine.jailpf("load", "web")
    machine.running("web", jid=7)
    machine.jailpf("sync")
    record = records.read(machine.session().directory, "web")[0]
    assert record is not None
    assert record.jid == 7


def test_the_index_of_claims_is_made_anew_where_it_is_in_doubt(machine: Machine) -> None:
    """Lost or damaged, it is built from the records; nobody gets a port for that."""
    machine.declare("free", web(2000, "172.16.9.8"))
    declare(machine, "web")
    machine.jailpf("load", "web")
    machine.declare("other", web(1000, "172.16.9.9"))
    index = machine.run_dir / "claims"
    whole = index.read_text()
    for content in (None, b"", b"x", whole.encode()[:-3], whole.replace("1000", "1001").encode()):
        index.unlink() if content is None else index.write_bytes(content)
        assert "web" in machine.jailpf("prestart", "other", status=65).stderr
        machine.jailpf("prestart", "free")
        assert "\n1000 tcp inet <ext_ip4> web\n" in index.read_text()
