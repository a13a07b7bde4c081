"""load, reload, unload: what pf holds afterwards, also when something fails on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import SPLIT, web

from jailpf.errors import JailpfError, PfInterruptedError, PfRefusedError
from jailpf.lifecycle import change, load
from jailpf.state import records

if TYPE_CHECKING:
    from stand_ins.machine import Machine

TWO = '[service.http]\nport = 80\n[service.imap]\nport = 143\n[jail]\nip4 = "172.16.15.16"\n'


@pytest.fixture
def split(machine: Machine) -> Machine:
    """The split layout, where a jail with nat needs three anchors."""
    machine.settings('layout = "split"\n')
    (machine.state / "main").write_text(SPLIT)
    machine.declare(
        "web", '[service.http]\nport = 80\n[nat.own]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.16"\n'
    )
    return machine


def test_a_reload_that_takes_a_service_away_kills_its_states_only(machine: Machine) -> None:
    """The states of the service that stays are left alone."""
    machine.declare("web", TWO)
    load.load(machine.session(), "web")
    machine.states("1|jailpf/web jailpf/web/http|-|all tcp a", "2|jailpf/web jailpf/web/imap|-|all tcp b")
    machine.declare("web")
    load.load(machine.session(), "web")
    assert machine.state_ids() == ["1"]


def test_a_refused_reload_changes_nothing(machine: Machine) -> None:
    """One pfctl is one transaction: anchor and record are what they were, and nothing is loaded back."""
    machine.declare("web")
    load.load(machine.session(), "web")
    before = machine.anchors(), machine.records(), records.read(machine.session().directory, "web")
    machine.calls()
    machine.declare("web", TWO)
    machine.mood("-a jailpf/web -f -", "refuses")
    with pytest.raises(PfRefusedError):
        load.load(machine.session(), "web")
    assert machine.changes() == ["-a jailpf/web -f -"]
    assert (machine.anchors(), machine.records(), records.read(machine.session().directory, "web")) == before


@pytest.mark.parametrize("first", [True, False], ids=["not loaded before", "loaded before"])
def test_a_load_that_was_killed_is_put_back(machine: Machine, first: bool) -> None:
    """A pfctl that was killed may have done its work: what is on record is loaded again, or the anchor emptied."""
    machine.declare("web")
    if not first:
        load.load(machine.session(), "web")
    before = machine.anchors(), machine.records()
    machine.declare("web", TWO)
    machine.mood("-a jailpf/web -f -", "killed after", 1)
    with pytest.raises(PfInterruptedError):
        load.load(machine.session(), "web")
    assert (machine.anchors(), machine.records()) == before


def test_what_cannot_be_put_back_is_said_and_stays_on_record(machine: Machine) -> None:
    """When also the way back fails, the unfinished record tells the next verb, and sync mends it."""
    machine.declare("web")
    machine.running("web")
    machine.mood("-a jailpf/web -f -", "killed after", 1)
    machine.mood("-a jailpf/web -f /dev/null", "busy", 100)
    with pytest.raises(PfInterruptedError) as raised:
        load.load(machine.session(), "web")
    assert any("could not be restored" in problem.message for problem in raised.value.problems)
    assert machine.records() == ["web.json.new"]
    machine.calm()
    machine.jailpf("sync")
    assert machine.records() == ["web.json"]
    assert list(machine.anchors()) == ["jailpf/web"]


@pytest.mark.parametrize("loaded", [False, True], ids=["first load", "reload"])
@pytest.mark.parametrize("anchor", ["filter/web", "nat/web", "rdr/web"])
@pytest.mark.parametrize("mood", ["refuses", "killed after", "silent"])
def test_split_is_put_back_whole(split: Machine, loaded: bool, anchor: str, mood: str) -> None:
    """Whichever anchor fails, and however, all of them hold again what they held before."""
    if loaded:
        load.load(split.session(), "web")
        split.declare("web", TWO + '[nat.own]\naddress = "203.0.113.2"\n')
    before = split.anchors(), split.records()
    split.mood(f"-a {anchor} -f -", mood, 1)
    session = split.session()
    with pytest.raises(JailpfError):
        load.load(session, "web")
    assert (split.anchors(), split.records()) == before


def test_split_lets_in_before_it_redirects(split: Machine) -> None:
    """Loaded filter, nat, rdr; taken away the other way round."""
    load.load(split.session(), "web")
    loads = [call.split()[1] for call in split.calls() if call.endswith("-f -") and " -n " not in call]
    assert loads == ["filter/web", "nat/web", "rdr/web"]
    split.jailpf("poststop", "web")
    flushes = [call.split()[1] for call in split.calls() if call.endswith("/dev/null")]
    assert flushes == ["rdr/web", "nat/web", "filter/web"]
    assert split.anchors() == {}


def test_a_warm_split_that_fails_halfway_leaves_nothing(split: Machine) -> None:
    """The first anchor was loaded the short way, the second is refused: none is left, and the hook says why."""
    split.jailpf("prestart", "web")
    split.mood("-a nat/web -f -", "refuses")
    split.jailpf("created", "web", status=71)
    assert split.anchors() == {}
    assert split.records() == []


def test_another_layout_takes_the_old_anchors_away(machine: Machine) -> None:
    """After a change of the layout a reload leaves no anchor of the old one."""
    machine.declare("web")
    load.load(machine.session(), "web")
    machine.settings('layout = "split"\n')
    load.load(machine.session(), "web")
    assert sorted(machine.anchors()) == ["filter/web", "rdr/web"]


def test_an_unfinished_load_of_another_layout_is_not_lost(machine: Machine) -> None:
    """What only the unfinished record names is taken away before that record is replaced."""
    machine.declare("web")
    machine.settings('layout = "split"\n')
    session = machine.session()
    prepared = load.prepared_for(session, "web")
    with session.lock():
        change.begin(session, prepared.record)
    for anchor in prepared.record.anchors:
        session.pf.load(anchor.path, anchor.text)
    machine.settings()
    load.load(machine.session(), "web")
    assert list(machine.anchors()) == ["jailpf/web"]
    assert machine.records() == ["web.json"]


def test_a_declaration_that_changed_while_waiting_for_the_lock_is_read_again(machine: Machine) -> None:
    """Two at once: whoever gets the lock last loads what the file says then, not what it said before."""
    file = machine.declare("web")
    session = machine.session()

    class Waiting:
        def __enter__(self) -> None:
            file.write_text(web(81))

        def __exit__(self, *what: object) -> None: ...

    session.lock = Waiting  # type: ignore[method-assign]
    session.directory.make()
    load.load(session, "web")
    assert "port 81" in machine.anchors()["jailpf/web"]


def test_dry_runs_change_nothing(machine: Machine) -> None:
    """`-n` of load, reload, unload and sync leaves every file and every anchor as it was."""
    machine.declare("web")
    machine.declare("mail", web(25, "172.16.15.17"))
    machine.running("web", "mail")
    machine.jailpf("load", "web")
    machine.declare("web", TWO)
    before = machine.tree()
    machine.jailpf("load", "-n", "mail")
    machine.jailpf("reload", "-n", "web", status=1)
    machine.jailpf("unload", "-n", "web")
    done = machine.jailpf("sync", "-n", status=1)
    assert "would load" in done.stdout
    assert "would reload" in done.stdout
    assert machine.tree() == before


def test_by_hand_and_by_hook_end_the_same(machine: Machine) -> None:
    """load is created, unload is poststop; reload of what is not loaded is refused."""
    machine.declare("web")
    machine.jailpf("created", "web")
    hook = machine.anchors(), (machine.run_dir / "records/web.json").read_bytes()
    machine.jailpf("unload", "web")
    assert machine.anchors() == {}
    machine.jailpf("reload", "web", status=66)
    machine.jailpf("load", "--verify", "web")
    assert (machine.anchors(), (machine.run_dir / "records/web.json").read_bytes()) == hook
    machine.jailpf("reload", "web")
    assert machine.anchors() == hook[0]


def test_verify_finds_a_load_that_did_nothing(machine: Machine) -> None:
    """A pfctl that says yes and does nothing is believed without --verify, and found out with it."""
    machine.declare("web")
    machine.mood("-a jailpf/web -f -", "silent")
    machine.jailpf("load", "--verify", "web", status=71)
    assert machine.records() == []


def test_each_jail_of_a_command_is_tried(machine: Machine) -> None:
    """A jail that cannot be loaded does not keep the next from it; the status is the first error's."""
    machine.declare("bad", "[service.http]\nprot = 80\n")
    machine.declare("web")
    done = machine.jailpf("load", "bad", "nobody", "web", status=65)
    assert len(done.stderr.splitlines()) >= 2
    assert list(machine.anchors()) == ["jailpf/web"]


def test_split_takes_the_word_that_pf_conf_calls(machine: Machine) -> None:
    """Mail Toaster said allow until November 2024: where pf.conf calls only that, rules go there; a reload follows pf.conf."""
    machine.settings('layout = "split"\nmain = "pf.conf"\n')
    conf = machine.root / "etc/pf.conf"
    conf.write_text('rdr-anchor "rdr/*"\nanchor "allow/*"\n')
    machine.declare("web")
    load.load(machine.session(), "web")
    assert sorted(machine.anchors()) == ["allow/web", "rdr/web"]
    conf.write_text('rdr-anchor "rdr/*"\nanchor "allow/*"\nanchor "filter/*"\n')
    load.load(machine.session(), "web")
    assert sorted(machine.anchors()) == ["filter/web", "rdr/web"]


def test_sync_empties_the_older_words_anchor(machine: Machine) -> None:
    """Rules that pfrule.sh left in allow/JAIL go; those of an anchor of nobody stay."""
    machine.settings('layout = "split"\n')
    (machine.state / "main").write_text(SPLIT)
    machine.declare("web")
    machine.running("web")
    load.load(machine.session(), "web")
    for path in ("allow/web", "allow/other"):
        machine.session().pf.load(path, "pass in proto tcp to 10.0.0.2 port 25\n")
    machine.jailpf("sync")
    assert sorted(machine.anchors()) == ["allow/other", "filter/web", "rdr/web"]
