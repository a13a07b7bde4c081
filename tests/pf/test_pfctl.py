"""The pfctl driver against a pfctl that answers as facts.md section 5 and the transcript say."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import MAIN

from jailpf.errors import (
    PfRefusedError,
)
from jailpf.pf.pfctl import Pfctl
from jailpf.system import spawn

if TYPE_CHECKING:
    from stand_ins.machine import Machine


TEXT = """\
table <friends> persist { 192.0.2.0/24 }
rdr on em0 inet proto tcp from any to <ext_ip4> port 80 -> 172.16.15.16
pass quick inet proto tcp from any to 172.16.15.16 port 80 label "jailpf/web" label "jailpf/web/http"
"""


@pytest.fixture
def pf(machine: Machine) -> Pfctl:
    return Pfctl(str(machine.bin / "pfctl"), release=15)


def test_load_read_and_unload(pf: Pfctl, machine: Machine) -> None:
    """What was loaded is read back by section; after unload nothing is, and unloading again is fine."""
    pf.load("jailpf/web", TEXT)
    loaded = pf.read("jailpf/web")
    lines = TEXT.splitlines()
    assert loaded.nat == (lines[1],)
    assert loaded.rules == (lines[2],)
    assert dict(loaded.tables) == {"friends": ("192.0.2.0/24",)}
    assert pf.anchors() == ["jailpf", "jailpf/web"]
    assert pf.anchors("jailpf") == ["jailpf/web"]
    pf.unload("jailpf/web")
    assert not pf.read("jailpf/web")
    pf.unload("jailpf/web")
    assert all("-P" in call for call in machine.calls() if " -s " in call and "Running" not in call)


def test_what_is_missing_is_empty(pf: Pfctl) -> None:
    """A missing anchor has no rules, no tables, no labels and no children; a missing table is an error."""
    assert not pf.read("jailpf/nobody")
    assert pf.labels(["jailpf/nobody"]) == []
    assert pf.anchors("jailpf/nobody") == []
    with pytest.raises(PfRefusedError, match="Table does not exist"):
        pf.table("jailpf/nobody", "t", "show")


def test_check_loads_nothing(pf: Pfctl, machine: Machine) -> None:
    """`-n`, with the text on standard input."""
    pf.check("jailpf/web", TEXT)
    assert machine.calls() == ["-a jailpf/web -n -f -"]
    assert machine.anchors() == {}


def test_a_batch_is_one_transaction(pf: Pfctl, machine: Machine) -> None:
    """All jails in one run on 15; a wrong one keeps all out; before 15 it is not tried."""
    pf.load_children("jailpf", {"a": TEXT, "b": TEXT})
    assert [call.split()[1] for call in machine.calls()] == ["jailpf"]
    assert list(machine.anchors()) == ["jailpf/a", "jailpf/b"]
    with pytest.raises(PfRefusedError):
        pf.load_children("jailpf", {"c": TEXT, "d": "pas\n"})
    assert list(machine.anchors()) == ["jailpf/a", "jailpf/b"]
    with pytest.raises(PfRefusedError):
        Pfctl(pf.program, release=13).load_children("jailpf", {"c": TEXT})


def test_labels_are_read_from_the_right(pf: Pfctl, machine: Machine) -> None:
    """Two labels on a line, one process for all anchors on 15, one for each on 13."""
    pf.load("jailpf/a", TEXT)
    pf.load("jailpf/b", TEXT.replace("/web", "/b"))
    machine.calls()
    found = pf.labels(["jailpf/a", "jailpf/b"])
    assert {count.labels for count in found} == {("jailpf/web", "jailpf/web/http"), ("jailpf/b", "jailpf/b/http")}
    assert len(machine.calls()) == 1
    assert Pfctl(pf.program, release=13).labels(["jailpf/a", "jailpf/b"]) == found
    assert len(machine.calls()) == 2


def test_states_and_their_addresses(pf: Pfctl, machine: Machine) -> None:
    """Every host of a state's line, IPv4 and IPv6; killed by label, NAT source and id."""
    machine.states(
        "a1|L|-|all tcp 172.16.15.17:993 (10.0.2.15:993) <- 10.0.2.2:54320       ESTABLISHED:ESTABLISHED",
        "a2||172.16.15.15|all icmp 10.0.2.15:32136 (172.16.15.15:5125) -> 10.0.2.2:8       0:0",
        "a3||-|em0 tcp fd7a::f[80] (2001:db8::1[8080]) <- 2001:db8:1::7[4000]       ESTABLISHED:ESTABLISHED",
    )
    assert [state.addresses for state in pf.states()] == [
        {"172.16.15.17", "10.0.2.15", "10.0.2.2"},
        {"10.0.2.15", "172.16.15.15", "10.0.2.2"},
        {"fd7a::f", "2001:db8::1", "2001:db8:1::7"},
    ]
    assert pf.kill("label", "L") == 1
    assert pf.kill("label", "L") == 0
    assert pf.kill("nat", "172.16.15.15") == 1
    assert pf.kill("id", pf.states()[0].id) == 1
    assert pf.states() == []


def test_tables(pf: Pfctl, machine: Machine) -> None:
    """Shown, and replaced from standard input."""
    pf.load("jailpf/web", TEXT)
    assert pf.table("jailpf/web", "friends", "show") == ["192.0.2.0/24"]
    pf.table("jailpf/web", "friends", "replace", ["198.51.100.1", "2001:db8::7"])
    assert pf.table("jailpf/web", "friends", "show") == ["198.51.100.1", "2001:db8::7"]


@pytest.mark.parametrize(("said", "enabled"), [("Enabled", True), ("Disabled", False)])
def test_whether_pf_filters(pf: Pfctl, machine: Machine, said: str, enabled: bool) -> None:
    """`-s Running` answers by its exit status, and 1 is an answer only with the word."""
    (machine.state / "running").write_text(said)
    assert pf.enabled() is enabled


def test_limits_and_skipped_interfaces(pf: Pfctl, machine: Machine) -> None:
    """Numbers of `-s memory`, (skip) of `-v -s Interfaces`."""
    (machine.state / "memory").write_text("states        hard limit   100000\nanchors       hard limit      512\n")
    (machine.state / "Interfaces").write_text("all\nlo0 (skip)\nem0\n")
    assert pf.limit("anchors") == 512
    assert pf.limit("nonsense") is None
    assert pf.skipped() == ["lo0"]


def test_every_command_is_shown(machine: Machine) -> None:
    """`-v` sees whole command lines with the absolute path."""
    shown: list[list[str]] = []
    pf = Pfctl(str(machine.bin / "pfctl"), shown.append)
    pf.load("jailpf/web", TEXT)
    assert shown == [[str(machine.bin / "pfctl"), "-a", "jailpf/web", "-f", "-"]]


def test_the_environment_is_not_passed_on(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """pfctl gets the small environment of spawn.py and no descriptor of ours."""
    monkeypatch.setenv("LD_PRELOAD_TEST", "1")
    with open(os.devnull) as leaked:
        os.set_inheritable(leaked.fileno(), False)
        program = machine.install(
            "env", "import os, sys\nprint(sorted(os.environ), sorted(os.listdir('/dev/fd'))[:-1])\n"
        )
        status, out, err = spawn.run([str(program)])
    assert (status, err) == (0, b"")
    assert "LD_PRELOAD_TEST" not in out.decode()
    assert out.decode().endswith(f"{sorted({*'012', *_inherited()})}\n")


def _inherited() -> list[str]:
    """What this process itself was started with, and hands on."""
    found = []
    for number in os.listdir("/dev/fd"):
        with suppress(OSError):
            found += [number] if os.get_inheritable(int(number)) else []
    return found


def test_much_output_on_both_sides(machine: Machine) -> None:
    """More than a pipe holds, on both outputs at once."""
    program = machine.install(
        "loud",
        "import sys\nfor _ in range(4000):\n    print('x' * 99)\n    print('y' * 99, file=sys.stderr)\nsys.exit(3)\n",
    )
    status, out, err = spawn.run([str(program)])
    assert (status, len(out), len(err)) == (3, 400_000, 400_000)


def test_the_main_ruleset_is_read(pf: Pfctl) -> None:
    """The empty path is the main ruleset: its anchor lines are what readiness looks for."""
    main = pf.read("")
    assert next(line for line in MAIN.splitlines() if "nat-anchor" in line) in main.nat
    assert 'anchor "jailpf/*"' in main.rules


TABLE, RULE = "table <friends> persist { 192.0.2.0/24 }\n", "pass all\n"


HELD = {"absent": "", "rules only": RULE, "tables only": TABLE, "both": TABLE + RULE}


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("driver", ["pfctl", "simulated"])
def test_an_unload_is_judged_by_what_is_left(pf: Pfctl, held: str, driver: str) -> None:
    """Whatever was there, also when pfctl ends 1 with `No error: 0` because the anchor is gone: nothing is left, twice in a row."""
    if driver == "simulated":
        from jailpf.pf.simulated import Simulated

    one = pf if driver == "pfctl" else Simulated()
    for tables in (True, "table" in HELD[held]):
        if HELD[held]:
            one.load("jailpf/web", HELD[held])
        for _ in range(2):
            one.unload("jailpf/web", tables=tables)
            assert not one.read("jailpf/web")


def test_without_tables_an_unload_is_one_pfctl(pf: Pfctl, machine: Machine) -> None:
    """`-F Tables` only where tables can be left; and a table that is left all the same stays, as pf says."""
    pf.load("jailpf/web", RULE)
    machine.calls()
    pf.unload("jailpf/web", tables=False)
    assert machine.calls() == ["-a jailpf/web -f /dev/null"]


# facts.md, "What `-F` says of an anchor": status, and what is left.
FLUSHED = {
    ("absent", "Tables"): (1, ""), ("absent", "rules"): (0, ""), ("absent", "nat"): (0, ""), ("absent", "all"): (1, ""),
    ("rules only", "Tables"): (0, RULE), ("rules only", "rules"): (0, ""), ("rules only", "nat"): (0, RULE), ("rules only", "all"): (1, ""),
    ("tables only", "Tables"): (0, ""), ("tables only", "rules"): (0, TABLE), ("tables only", "all"): (0, ""),
    ("both", "Tables"): (0, RULE), ("both", "rules"): (0, TABLE), ("both", "all"): (0, ""),
}  # fmt: skip


@pytest.mark.parametrize(("held", "what"), FLUSHED)
def test_the_stand_in_flushes_as_facts_say(pf: Pfctl, machine: Machine, held: str, what: str) -> None:
    """Every row of the table, so that the other tests meet the pfctl that there is."""
    if HELD[held]:
        pf.load("jailpf/web", HELD[held])
    status, _, err = spawn.run([pf.program, "-a", "jailpf/web", "-F", what])
    assert (status, machine.anchors().get("jailpf/web", "")) == FLUSHED[held, what]
    assert not status or err == b"pfctl: No error: 0\n"
