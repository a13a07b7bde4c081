"""sync compares what pf holds, rule by rule and member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine


def declare(machine: Machine, *names: str) -> None:
    for number, name in enumerate(names):
        machine.declare(name, web(1000 + number, f"172.16.1.{number + 1}"))


def anchor(machine: Machine, name: str) -> Path:
    return machine.state / "anchors" / f"jailpf%{name}"


@pytest.mark.parametrize("warmly", [False, True])
def test_rules_that_somebody_changed_are_found_behind_the_same_labels(machine: Machine, warmly: bool) -> None:
    """What pf holds is compared, not that it holds something: status tells, sync mends, and a second sync has nothing to do."""
    declare(machine, "web")
    for verb in ("prestart", "created") if warmly else ("created",):
        machine.jailpf(verb, "web")
    machine.running("web")
    machine.jailpf("status")
    held = machine.anchors()
    file = anchor(machine, "web")
    file.write_text(file.read_text().replace("proto tcp from any to 172", "proto { tcp udp } from any to 172"))
    assert "stale" in machine.jailpf("status", status=1).stdout
    assert "reload" in machine.jailpf("sync").stdout
    assert machine.anchors() == held
    assert "nothing to do" in machine.jailpf("sync").stdout


def test_a_pf_that_prints_rules_otherwise_than_before_loading_is_not_reloaded_for_ever(machine: Machine) -> None:
    """Where `-n -v` prints something else, what decides is how pf prints the rules that it holds."""
    declare(machine, "web")
    machine.running("web")
    (machine.state / "prints").write_text("pass quick\tpass  really quick\n")
    machine.jailpf("sync")
    machine.calls()
    assert "nothing to do" in machine.jailpf("sync").stdout
    assert not [call for call in machine.changes() if "jailpf.print" not in call]
    machine.jailpf("status")
    machine.calls()
    machine.jailpf("sync")
    assert machine.changes() == []  # it is on record now
    file = anchor(machine, "web")
    file.write_text(file.read_text().replace("from any to 172", "from 192.0.2.1 to 172"))
    assert "reload" in machine.jailpf("sync").stdout
    assert list(machine.anchors()) == ["jailpf/web"]


FILED = '[service.http]\nport = 80\nfrom = "<f>"\n[table.f]\nfile = "f.table"\n[jail]\nip4 = "172.16.15.16"\n'


def test_members_of_a_file_table_are_compared(machine: Machine) -> None:
    """A file that was changed and never loaded, by hand or by a `table replace` that was killed: sync finishes it."""
    table = machine.root / "etc/jails/f.table"
    table.write_text("192.0.2.1\n198.51.100.0/24 # office\n!198.51.100.7\n")
    machine.declare("web", FILED)
    machine.running("web")
    machine.jailpf("sync")
    assert "nothing to do" in machine.jailpf("sync").stdout
    table.write_text("192.0.2.99\n")
    assert "stale" in machine.jailpf("status", status=1).stdout
    machine.jailpf("sync")
    assert machine.pf().table("jailpf/web", "f", "show") == ["192.0.2.99"]
    machine.pf().table("jailpf/web", "f", "add", ["203.0.113.66"])
    machine.jailpf("sync")
    assert machine.pf().table("jailpf/web", "f", "show") == ["192.0.2.99"]
    assert "nothing to do" in machine.jailpf("sync").stdout


def test_a_table_that_pf_fills_is_left_alone(machine: Machine) -> None:
    """What a rule has put into an overload table is no difference."""
    machine.declare(
        "web",
        '[service.http]\nport = 80\nallow = { max_src_conn = 2, overload = true }\n[jail]\nip4 = "172.16.15.16"\n',
    )
    machine.running("web")
    machine.jailpf("sync")
    machine.pf().table("jailpf/web", "overload_http", "add", ["192.0.2.66"])
    assert "nothing to do" in machine.jailpf("sync").stdout
    assert machine.pf().table("jailpf/web", "overload_http", "show") == ["192.0.2.66"]


def test_a_batch_that_did_nothing_is_not_believed_for_its_labels(machine: Machine) -> None:
    """pfctl of 15 that takes a batch of changed jails and loads nothing: each is loaded by itself."""
    names = ["a", "b", "c", "d"]
    declare(machine, *names)
    machine.running(*names)
    machine.jailpf("sync")
    for number, name in enumerate(names):
        machine.declare(name, web(3000 + number, f"172.16.1.{number + 1}"))
    machine.mood("-a jailpf -f -", "silent")
    machine.jailpf("sync")
    assert [f"port {3000 + number} " in machine.anchors()[f"jailpf/{name}"] for number, name in enumerate(names)] == [
        True
    ] * 4
    assert "nothing to do" in machine.jailpf("sync").stdout
