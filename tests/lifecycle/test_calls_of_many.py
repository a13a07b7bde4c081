"""How many pfctl it takes for many jails: as many as for a few, on 15."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import HOST, SPLIT, web

if TYPE_CHECKING:
    from stand_ins.machine import Machine

NAMES = [f"j{number}" for number in range(8)]
LOOK = ["-P -v -s Anchors", "-P -s nat", "-P -s rules", "-a * -P -s nat", "-a * -P -s rules", "-s Running"]
"""What `sync` asks of pf: the anchors, the main ruleset, all rulesets below it, whether it filters."""
LOADED = ["-a jailpf -n -v -P -f -", "-a jailpf -f -", "-a * -P -s nat", "-a * -P -s rules"]
"""What a batch does: what pf would print of it, the load, and whether pf holds just that."""


@pytest.fixture
def many(machine: Machine) -> Machine:
    """Eight jails that run."""
    declare(machine, 1000)
    machine.running(*NAMES)
    return machine


def declare(machine: Machine, port: int) -> None:
    for number, name in enumerate(NAMES):
        machine.declare(name, web(port + number, f"172.16.1.{number + 1}"))


def test_a_sync_that_finds_all_as_declared_is_six(many: Machine) -> None:
    """Whatever has loaded them, and also where nobody knows yet what pf prints of their rules."""
    many.jailpf("sync")
    many.calls()
    assert "nothing to do: 8 jails are as declared" in many.jailpf("sync").stdout
    assert sorted(many.calls()) == sorted(LOOK)
    for file in (many.run_dir / "records").iterdir():
        file.unlink()
    for name in NAMES:
        many.jailpf("created", name)
    many.calls()
    many.jailpf("sync")
    assert sorted(many.calls()) == sorted([*LOOK, "-a jailpf -n -v -P -f -"])
    many.jailpf("sync")
    assert sorted(many.calls()) == sorted(LOOK)


def test_a_table_costs_one_more(many: Machine) -> None:
    """Its members are compared; that it is there shows in that."""
    many.declare("j0", '[table.bad]\naddresses = ["192.0.2.1"]\n' + web(1000, "172.16.1.1"))
    many.jailpf("sync")
    many.calls()
    many.jailpf("sync")
    assert sorted(many.calls()) == sorted([*LOOK, "-a jailpf/j0 -t bad -T show"])


def test_a_sync_that_loads_all_of_them_anew_is_as_cheap(many: Machine) -> None:
    """Missing ones and stale ones: one load, one look behind it."""
    many.jailpf("sync")
    assert [call for call in many.calls() if call not in LOOK] == LOADED[:2]
    declare(many, 2000)
    many.jailpf("sync")
    assert sorted(many.calls()) == sorted([*LOOK, *LOADED[:2]])


def test_load_and_reload_of_many_are_as_cheap(many: Machine) -> None:
    """The main ruleset before, and whether it filters; what refuses one jail keeps no other out."""
    many.jailpf("load", *NAMES)
    assert len(many.calls()) == 2 + len(LOADED) + 3
    declare(many, 2000)
    many.declare("j3", "= =")
    done = many.jailpf("reload", *NAMES, "nobody", status=65)
    assert len(many.calls()) == 2 + len(LOADED) + 3
    assert done.stdout.count("reloaded") == 7
    assert "j3.toml:1:1" in done.stderr
    assert "nobody is not loaded" in done.stderr
    held = many.anchors()
    assert ["port 200" in held[f"jailpf/{name}"] for name in NAMES] == [name != "j3" for name in NAMES]


def test_what_another_program_changed_is_read_by_itself(many: Machine) -> None:
    """What was read at once is taken for agreement only."""
    many.jailpf("sync")
    (many.state / "anchors/jailpf%j5").write_text("pass all\n")
    many.calls()
    assert "j5  reload" in many.jailpf("sync").stdout
    assert [call for call in many.calls() if "jailpf/j5" in call][:2] == [
        "-a jailpf/j5 -P -s nat",
        "-a jailpf/j5 -P -s rules",
    ]
    assert "172.16.1.6" in many.anchors()["jailpf/j5"]


@pytest.mark.parametrize("what", ["breaks off", "13", "not called"])
def test_where_all_cannot_be_read_at_once_each_is(many: Machine, what: str) -> None:
    """Another pfctl loads meanwhile, which ends with 0 and a part; 13; a main ruleset that does not call them."""
    many.jailpf("sync")
    if what == "breaks off":
        many.mood(r"-a \* -P", "torn")
    elif what == "13":
        many.mood(r"-a \* -P", "refuses")
    else:
        (many.state / "main").write_text('rdr-anchor "jailpf/*"\nblock all\n')
    done = many.jailpf("sync", status=65 if what == "not called" else 0)
    assert "nothing to do: 8 jails are as declared" in done.stdout


def test_split_anchors_are_read_half_each(machine: Machine) -> None:
    """Of the anchors in which only rdr rules count, the filter rules are read by themselves: none may lie there."""
    (machine.state / "main").write_text(SPLIT)
    machine.settings('layout = "split"\n', HOST)
    declare(machine, 1000)
    machine.running(*NAMES)
    machine.jailpf("sync")
    machine.calls()
    machine.jailpf("sync")
    calls = machine.calls()
    assert len(calls) == len(LOOK) + 2 * len(NAMES)
    assert "-a rdr/j0 -P -s rules" in calls
    (machine.state / "anchors/filter%j1").write_text("pass all\n")
    assert "j1  reload" in machine.jailpf("sync").stdout


def test_those_that_name_others_follow_all_of_them_once(many: Machine) -> None:
    """Addresses that change of several jails: who names them is loaded anew, also when it is among them."""
    for name in ("j1", "other"):
        many.declare(
            name,
            web(4000 + len(name), f"172.16.9.{len(name)}").replace(
                "port = 4", 'from = ["jail:j2", "jail:j3"]\nport = 4'
            ),
        )
    many.running(*NAMES, "other")
    many.jailpf("load", *NAMES, "other")
    assert all("172.16.1.3" in many.anchors()[f"jailpf/{name}"] for name in ("j1", "other"))
    many.declare("j2", web(1002, "172.16.8.2"))
    many.declare("j3", web(1003, "172.16.8.3"))
    many.calls()
    many.jailpf("reload", "j1", "j2", "j3")
    for name in ("j1", "other"):
        assert "172.16.8.2" in many.anchors()[f"jailpf/{name}"]
        assert "172.16.8.3" in many.anchors()[f"jailpf/{name}"]
    assert many.calls().count("-a jailpf/other -f -") == 1
