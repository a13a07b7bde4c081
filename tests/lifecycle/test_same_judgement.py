"""What speaks against a declaration speaks against it whoever loads it: prestart, created, load, reload, sync, alone or with many."""

from __future__ import annotations

import pytest
from stand_ins.machine import HOST, MAIN, Machine, web

GENERAL = "nat on em0 inet from 172.16.0.0/12 to any -> 203.0.113.1\n"
BEATEN = "the main ruleset's `nat on em0 inet from 172.16.0.0/12 to any -> 203.0.113.1` overrides this nat rule"
VERBS = [["prestart", "web"], ["created", "web"], ["load", "web"], ["load", "a", "b", "web", "c"], ["sync"], ["sync", "web"]]  # fmt: skip
AGAIN = [["reload", "web"], ["reload", "a", "b", "web", "c"], ["sync"], ["load", "web"]]


@pytest.fixture
def host(machine: Machine) -> Machine:
    """Four jails that run, one of which leaves by a nat of its own."""
    for number, name in enumerate("abc"):
        machine.declare(name, web(1000 + number, f"10.0.0.{number + 1}"))
    machine.declare("web", web(80) + '[nat.own]\naddress = "203.0.113.7"\n')
    machine.running("a", "b", "c", "web")
    return machine


def beaten(machine: Machine) -> None:
    (machine.state / "main").write_text(GENERAL + MAIN)


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_nat_that_pf_conf_beats_is_refused(host: Machine, words: list[str]) -> None:
    """Nothing of the jail is loaded, the others are."""
    beaten(host)
    done = host.jailpf(*words, status=None)
    assert done.returncode in (65, 69)
    assert BEATEN in done.stderr
    assert "jailpf/web" not in host.anchors()
    assert ("jailpf/a" in host.anchors()) == (words in (["sync"], ["load", "a", "b", "web", "c"]))


@pytest.mark.parametrize("words", AGAIN, ids=" ".join)
def test_what_was_loaded_before_stays(host: Machine, words: list[str]) -> None:
    """A running jail is not cut off for a line of pf.conf, and is not loaded anew with what would not hold."""
    host.jailpf("load", "a", "b", "c", "web")
    held = host.anchors()["jailpf/web"]
    beaten(host)
    host.declare("web", web(81) + '[nat.own]\naddress = "203.0.113.7"\n')
    done = host.jailpf(*words, status=None)
    assert done.returncode in (65, 69)
    assert BEATEN in done.stderr
    assert host.anchors()["jailpf/web"] == held
    assert "web.json" in host.records()


def test_sync_of_one_jail_looks_at_what_the_others_have(host: Machine) -> None:
    """Also at those that it was not asked about, and at what a jail keeps that is refused."""
    host.jailpf("load", "a", "b")
    host.declare("c", web(1000, "10.0.0.3"))
    assert "which a http has" in host.jailpf("sync", "c", status=65).stderr
    host.declare("a", web(1001, "10.0.0.1"))  # b has that: a keeps port 1000, which c may not have either
    done = host.jailpf("sync", status=65)
    assert "which b http has" in done.stderr
    assert "which a http has" in done.stderr
    assert sorted(host.anchors()) == ["jailpf/a", "jailpf/b", "jailpf/web"]
    dry = host.jailpf("sync", "-n", status=65)
    assert "which a http has" in dry.stderr
    assert "c  failed" in dry.stdout


def test_two_jails_that_change_places_do_so_at_once(host: Machine) -> None:
    """One after the other, each would meet what the other has."""
    host.jailpf("load", "a", "b", "c")
    host.declare("a", web(1001, "10.0.0.1"))
    host.declare("b", web(1000, "10.0.0.2"))
    host.jailpf("reload", "a", "b")
    assert "port 1001" in host.anchors()["jailpf/a"]
    host.jailpf("reload", "a", "b", "c")


def test_sync_says_what_makes_all_idle(host: Machine) -> None:
    """pf that is disabled, or lines that pf.conf lacks; what can be loaded is."""
    (host.state / "running").write_text("Disabled")
    assert "pf is disabled" in host.jailpf("sync", status=65).stderr
    (host.state / "running").write_text("Enabled")
    (host.state / "main").write_text("pass all\n")
    assert "never evaluates what jailpf loads" in host.jailpf("sync", status=65).stderr
    assert "jailpf/web" in host.anchors()


def test_a_running_jail_without_a_record_keeps_its_rules_while_it_is_refused(host: Machine) -> None:
    """The run directory was emptied, and the declaration is broken just now."""
    host.declare("web", web(80) + "[deny.smtp]\nport = 25\n")
    host.jailpf("load", "web")
    held = host.anchors()
    assert sorted(held) == ["jailpf/-deny.web", "jailpf/web"]
    (host.run_dir / "records/web.json").unlink()
    host.declare("web", "= =")
    host.jailpf("sync", status=65)
    assert {path: text for path, text in host.anchors().items() if path in held} == held


def test_deny_that_pf_conf_would_open_is_refused_by_all(machine: Machine) -> None:
    """As a nat that it beats."""
    machine.settings("", HOST)
    machine.declare("web", web(80) + '[deny.smtp]\nport = 25\n')  # fmt: skip
    machine.running("web")
    beaten(machine)
    for words in (["prestart", "web"], ["load", "web"], ["sync"]):
        done = machine.jailpf(*words, status=None)
        assert done.returncode in (65, 69), words
        assert "would not block them" in done.stderr
    assert machine.anchors() == {}
