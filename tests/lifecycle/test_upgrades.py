"""jailpf is upgraded, or its settings are changed, while jails run: what was loaded before is known, and goes with its jail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import MAIN, SPLIT, web

if TYPE_CHECKING:
    from stand_ins.machine import Machine

STATE = "1|jailpf/web jailpf/web/http|172.16.15.16|em0 tcp 203.0.113.1:40000 (172.16.15.16:40000) -> 198.51.100.7:443       ESTABLISHED:ESTABLISHED"


@pytest.fixture
def loaded(machine: Machine) -> Machine:
    """A jail that runs, loaded by its hooks."""
    machine.declare("web", web())
    machine.running("web")
    machine.jailpf("prestart", "web")
    machine.jailpf("created", "web")
    return machine


def older(machine: Machine) -> None:
    """All that is kept was written by another version, of the same form."""
    for file in (
        *(machine.run_dir / "records").iterdir(),
        machine.run_dir / "claims",
        *machine.run_dir.glob("plans/*/plan"),
    ):
        file.write_bytes(file.read_bytes().replace(b"jailpf 0.", b"jailpf 9.", 1))


@pytest.mark.parametrize("warm", [True, False])
def test_what_an_older_version_loaded_is_taken_away_whole(loaded: Machine, warm: bool) -> None:
    """Rules, states of any kind, record: without a word, from the record alone."""
    older(loaded)
    loaded.states(STATE)
    loaded.running()
    if not warm:
        (loaded.root / "etc/jails/web.toml").unlink()
    done = loaded.jailpf("poststop", "web")
    assert (done.stdout, done.stderr) == ("", "")
    assert (loaded.anchors(), loaded.records(), loaded.state_ids()) == ({}, [], [])


def test_its_plans_are_not_believed(loaded: Machine) -> None:
    """Another version may compile otherwise: the next start looks at everything again."""
    loaded.running()
    loaded.jailpf("poststop", "web")
    older(loaded)
    loaded.calls()
    loaded.jailpf("prestart", "web")
    assert "-a jailpf/web -n -v -P -f -" in loaded.calls()
    loaded.running("web")
    loaded.jailpf("created", "web")
    assert "jailpf/web" in loaded.anchors()


def test_its_claims_count(loaded: Machine) -> None:
    """A jail that wants the same port is refused."""
    older(loaded)
    loaded.declare("other", web(80, "172.16.15.17"))
    assert "which web http has" in loaded.jailpf("prestart", "other", status=65).stderr
    assert "nothing to do: 1 jail is as declared" in loaded.jailpf("sync").stdout


def test_another_layout_while_jails_run(loaded: Machine) -> None:
    """sync moves them, and nothing of the old stays; a jail that stops before that is taken away from where it is."""
    loaded.declare("db", web(81, "172.16.15.17"))
    loaded.running("web", "db")
    loaded.jailpf("load", "db")
    loaded.settings('layout = "split"\n')
    (loaded.state / "main").write_text(SPLIT)
    loaded.running("web")
    loaded.jailpf("poststop", "db")
    assert sorted(loaded.anchors()) == ["jailpf/web"]
    loaded.jailpf("sync")
    assert sorted(loaded.anchors()) == ["filter/web", "rdr/web"]
    loaded.settings("")
    (loaded.state / "main").write_text(MAIN)
    loaded.jailpf("reload", "web")
    assert sorted(loaded.anchors()) == ["jailpf/web"]
    loaded.running()
    loaded.jailpf("poststop", "web")
    assert (loaded.anchors(), loaded.records()) == ({}, [])


def test_a_declaration_that_goes_while_its_jail_runs(loaded: Machine) -> None:
    """poststop takes all away; sync does while the jail runs: it is declared no more."""
    (loaded.root / "etc/jails/web.toml").unlink()
    loaded.running()
    loaded.jailpf("poststop", "web")
    assert (loaded.anchors(), loaded.records()) == ({}, [])


def test_pf_that_was_unloaded_and_loaded_again(loaded: Machine) -> None:
    """All anchors are gone: sync loads what runs, and a poststop that finds nothing is content."""
    (loaded.state / "anchors/jailpf%web").unlink()
    assert "web  load" in loaded.jailpf("sync").stdout
    (loaded.state / "anchors/jailpf%web").unlink()
    loaded.running()
    assert loaded.jailpf("poststop", "web").stderr == ""
    assert loaded.records() == []


def test_a_run_directory_that_a_boot_or_an_admin_emptied(loaded: Machine) -> None:
    """What runs is known again after a sync, and stops as clean as ever."""
    for file in loaded.run_dir.rglob("*"):
        if file.is_file():
            file.unlink()
    loaded.jailpf("sync")
    assert loaded.records() == ["web.json"]
    loaded.running()
    loaded.jailpf("poststop", "web")
    assert (loaded.anchors(), loaded.records()) == ({}, [])


@pytest.mark.parametrize("by", [-7200.0, 7200.0])
def test_a_clock_that_jumps_between_the_hooks(machine: Machine, monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """created looks again, and loads; nobody gets the port meanwhile."""
    import time

    machine.declare("web", web())
    machine.declare("other", web(80, "172.16.15.17"))
    machine.jailpf("prestart", "web")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + by)
    machine.running("web")
    machine.jailpf("created", "web")
    assert list(machine.anchors()) == ["jailpf/web"]
    assert "which web http has" in machine.jailpf("prestart", "other", status=65).stderr
    machine.running()
    machine.jailpf("poststop", "web")
    assert (machine.anchors(), machine.records()) == ({}, [])


def test_a_jail_that_was_renamed_keeps_its_rules(loaded: Machine) -> None:
    """`jail -m name=www` runs no hook: the same root under the same jid is the same jail, and no other jail is."""
    from dataclasses import replace

    from jailpf.lifecycle.change import replace_record
    from jailpf.state import records

    session = loaded.session()
    record = records.read(session.directory, "web")[0]
    assert record
    replace_record(session, replace(record, jid=7, path="/jails/web"))
    for jid, root, stays in ((7, "/jails/web", True), (8, "/jails/web", False)):
        listing = {"jail-information": {"jail": [{"name": "www", "jid": str(jid), "path": root}]}}
        (loaded.bin / "jls.out").write_text(json.dumps(listing))
        loaded.jailpf("sync")
        assert ("jailpf/web" in loaded.anchors()) is stays
