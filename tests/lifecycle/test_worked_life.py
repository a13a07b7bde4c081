"""The worked life of DESIGN.md section 5: dovecot, from prestart to poststop, on both pfs."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import HOST

from jailpf.state.records import Record

if TYPE_CHECKING:
    from stand_ins.machine import Machine

DOVECOT = """\
[service.mail]
port = [993, 995]

[service.mail-insecure]
port = [110, 143]
from = "<insecure_mua>"

[table.insecure_mua]
file = "insecure_mua.table"

[jail]
ip4 = "172.16.15.15"
ip6 = "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"
"""
J4, J6 = "172.16.15.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"
TEXT = f"""\
table <insecure_mua> persist file "FILE"
nat on em0 inet from {J4} to any tag "jailpf.out/dovecot" -> (em0:0)
rdr on em0 inet proto tcp from any to <ext_ip4> port {{ 993 995 }} tag "jailpf.in/dovecot" -> {J4}
rdr on em0 inet6 proto tcp from any to <ext_ip6> port {{ 993 995 }} tag "jailpf.in/dovecot" -> {J6}
rdr on em0 inet proto tcp from <insecure_mua> to <ext_ip4> port {{ 110 143 }} tag "jailpf.in/dovecot" -> {J4}
rdr on em0 inet6 proto tcp from <insecure_mua> to <ext_ip6> port {{ 110 143 }} tag "jailpf.in/dovecot" -> {J6}
pass quick inet proto tcp from any to {J4} port {{ 993 995 }} tagged "jailpf.in/dovecot" label "jailpf/dovecot" label "jailpf/dovecot/mail"
pass quick inet6 proto tcp from any to {J6} port {{ 993 995 }} tagged "jailpf.in/dovecot" label "jailpf/dovecot" label "jailpf/dovecot/mail"
pass quick inet proto tcp from <insecure_mua> to {J4} port {{ 110 143 }} tagged "jailpf.in/dovecot" label "jailpf/dovecot" label "jailpf/dovecot/mail-insecure"
pass quick inet6 proto tcp from <insecure_mua> to {J6} port {{ 110 143 }} tagged "jailpf.in/dovecot" label "jailpf/dovecot" label "jailpf/dovecot/mail-insecure"
"""


def prepare(machine: Machine) -> None:
    machine.settings(host=HOST + 'nat = "(em0:0)"\n')
    machine.declare("dovecot", DOVECOT)
    (machine.root / "etc/jails/insecure_mua.table").write_text("192.0.2.0/24\n")


def plain(text: str) -> str:
    """Blanks for alignment do not count."""
    return re.sub(" +", " ", text)


def wanted(machine: Machine) -> str:
    return TEXT.replace("FILE", str(machine.root / "etc/jails/insecure_mua.table"))


def test_render_prints_the_text_of_the_design(machine: Machine) -> None:
    """`jailpf render dovecot` prints what DESIGN.md section 5 says, and asks nobody."""
    prepare(machine)
    assert plain(machine.jailpf("render", "dovecot").stdout) == wanted(machine)
    assert machine.calls() == []


def test_the_whole_life_is_these_pfctl_commands(machine: Machine) -> None:
    """prestart only checks, created is one pfctl, poststop empties, kills by label, NAT source and id."""
    prepare(machine)
    machine.jailpf("prestart", "dovecot")
    calls = machine.calls()
    assert calls[-1] == "-a jailpf/dovecot -n -v -P -f -"
    assert calls[:-1] == ["-s Running", "-P -s nat", "-P -s rules"]
    assert not [call for call in calls[:-1] if "-s" not in call.split() and "show" not in call]
    assert machine.anchors() == {}
    assert sorted(path.name for path in (machine.run_dir / "plans/dovecot").iterdir()) == ["0.pf", "plan", "record"]

    machine.jailpf("created", "dovecot")
    assert machine.calls() == ["-a jailpf/dovecot -f -"]
    assert plain(machine.anchors()["jailpf/dovecot"]) == wanted(machine)
    assert machine.records() == ["dovecot.json"]

    machine.states(
        "a1|jailpf/dovecot jailpf/dovecot/mail|-|all tcp 172.16.15.15:993 (203.0.113.1:993) <- 192.0.2.7:4000  X:X",
        f"a2||{J4}|all tcp 203.0.113.1:5000 ({J4}:5000) -> 192.0.2.9:25       X:X",
        f"a3||-|all tcp {J6}[993] <- 2001:db8::7[4000]       X:X",
        "b1|jailpf/other|172.16.15.99|all tcp 172.16.15.150:80 (203.0.113.1:80) <- 192.0.2.7:4001       X:X",
    )
    machine.jailpf("poststop", "dovecot")
    calls = machine.calls()
    assert calls[:2] == ["-a jailpf/dovecot -f /dev/null", "-a jailpf/dovecot -F Tables"]
    # The states are listed while those with a label or an address are killed: what is on its way may be killed twice.
    killed = {"-k label -k jailpf/dovecot", f"-k nat -k {J4}", "-P -vv -s states", "-k id -k a3/f728d976"}
    assert killed <= set(calls[2:]) <= killed | {"-k id -k a1/f728d976", "-k id -k a2/f728d976"}
    assert machine.anchors() == {}
    assert machine.state_ids() == ["b1"]
    assert machine.records() == []
    assert list((machine.run_dir / "starting").iterdir()) == []

    machine.jailpf("prestart", "dovecot")  # the plan is still true: nothing is compiled or checked again
    assert sorted(machine.calls()) == ["-P -s nat", "-P -s rules", "-s Running"]
    machine.jailpf("created", "dovecot")
    assert machine.calls() == ["-a jailpf/dovecot -f -"]


def test_the_simulated_pf_lets_in_who_is_declared(simulated: Machine) -> None:
    """From outside the published ports answer, the insecure ones only to the table; after poststop nothing does."""
    from jailpf.pf.simulated import Simulated

    prepare(simulated)
    simulated.jailpf("prestart", "dovecot")
    simulated.jailpf("created", "dovecot")
    pf = simulated.pf()
    assert isinstance(pf, Simulated)
    pf.topology.add_jail("dovecot", [J4, J6])

    def passes(source: str, to: str, port: int) -> bool:
        return pf.connect("tcp", source, to, port, keep=False).verdict == "pass"

    assert passes("198.51.100.7", "203.0.113.1", 993)
    assert passes("2001:db8:7::7", "2001:db8::1", 995)
    assert passes("192.0.2.7", "203.0.113.1", 143)
    assert not passes("198.51.100.7", "203.0.113.1", 143)
    simulated.jailpf("poststop", "dovecot")
    assert not passes("198.51.100.7", "203.0.113.1", 993)
    assert not pf.read("jailpf/dovecot")
    assert pf.states() == []


@pytest.mark.parametrize("verb", ["prestart", "created", "poststop"])
def test_a_jail_without_a_file_costs_nothing(machine: Machine, verb: str) -> None:
    """Hooks of a jail that declares nothing end 0 and run no program, not even the jail managers'."""
    (machine.bin / "jls").unlink()
    machine.jailpf(verb, "plain")
    assert machine.calls() == []


def test_every_verb_may_be_run_twice(machine: Machine) -> None:
    """prestart, created and poststop again change nothing and end 0."""
    prepare(machine)
    for verb in ("prestart", "created"):
        machine.jailpf(verb, "dovecot")
        machine.jailpf(verb, "dovecot")
    once = machine.anchors()
    machine.jailpf("created", "dovecot")
    assert machine.anchors() == once
    machine.jailpf("poststop", "dovecot")
    machine.calls()
    machine.jailpf("poststop", "dovecot")
    assert machine.calls() == []


def test_created_without_prestart_loads_the_same(machine: Machine) -> None:
    """The cold way: anchors and record are those of the warm way, and so is what pfctl gets to see."""
    prepare(machine)
    machine.jailpf("prestart", "dovecot")
    machine.calls()
    machine.jailpf("created", "dovecot")
    warm = machine.calls(), machine.anchors(), (machine.run_dir / "records/dovecot.json").read_bytes()
    machine.jailpf("poststop", "dovecot")
    machine.calls()
    shutil.rmtree(machine.run_dir / "plans")
    machine.jailpf("created", "dovecot")
    assert (machine.changes(), machine.anchors()) == warm[:2]
    old, new = Record.from_bytes(warm[2]), Record.from_bytes((machine.run_dir / "records/dovecot.json").read_bytes())
    assert new == replace(old, printed=())  # what pf prints was not asked


def test_a_jail_whose_addresses_nobody_knows_yet(machine: Machine) -> None:
    """prestart reads the file, says that the rest waits, and ends 0; created refuses with 66 while it does not run."""
    machine.declare("dyn", "[service.http]\nport = 80\n")
    (machine.root / "etc/jail.conf").write_text("dyn { vnet; }\n")
    machine.jail()
    managers = f'[managers.jail_conf]\nfile = "{machine.root}/etc/jail.conf"\n'
    machine.settings('adapters = ["jail.conf"]\n', HOST + managers, ("pfctl", "jls", "jail"))
    assert "only when it runs" in machine.jailpf("prestart", "dyn").stderr
    machine.jailpf("created", "dyn", status=66)
    assert machine.anchors() == {}
