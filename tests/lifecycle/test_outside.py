"""What a declaration names of the outside is looked for: interfaces, addresses, anchor lines, the jail that a file is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import HOST

from jailpf.lifecycle.checks import meant
from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine

IFCONFIG = """#!/bin/sh
cat <<'END'
em0: flags=8863<UP> metric 0 mtu 1500
	inet 203.0.113.1/24 broadcast 203.0.113.255
	groups: egress
lo0: flags=8049<UP> metric 0 mtu 16384
	inet 127.0.0.1/8
END
"""
WEB = '[service.http]\nport = 80\nrdr = {{ {} }}\n\n[jail]\nip4 = "172.16.15.16"\n'


@pytest.fixture
def host(machine: Machine) -> Machine:
    """A real host: its ifconfig(8) answers."""
    program = machine.bin / "ifconfig"
    program.write_text(IFCONFIG)
    program.chmod(0o755)
    machine.settings(programs=("pfctl", "jls", "ifconfig"))
    return machine


@pytest.mark.parametrize("ext_if", ["em0", "egress", "em"])
def test_an_interface_and_its_groups_are_there(host: Machine, ext_if: str) -> None:
    """Nothing is said."""
    host.settings(host=HOST.replace("em0", ext_if), programs=("pfctl", "jls", "ifconfig"))
    host.declare("web", WEB.format(""))
    assert host.jailpf("check", "web").stderr == ""


def test_an_external_interface_that_is_not_there_is_an_error(host: Machine) -> None:
    """check and prestart refuse: nobody would get in."""
    host.settings(host=HOST.replace("em0", "em1"), programs=("pfctl", "jls", "ifconfig"))
    host.declare("web", WEB.format(""))
    said = "this host has no interface 'em1', so nobody gets in or out by it; did you mean 'em0'?"
    assert said in host.jailpf("check", "web", status=78).stderr
    assert said in host.jailpf("prestart", "web", status=69).stderr


@pytest.mark.parametrize(
    ("rdr", "said"),
    [
        ('on = "em7"', "this host has no interface 'em7', so a rule on it does nothing; did you mean 'em0'?"),
        (
            'to = "203.0.113.77"',
            "no interface of this host has 203.0.113.77, so nobody gets in by it unless a router sends it here",
        ),
        ('to = "127.0.0.1"', "packets to 127.0.0.1 never arrive on an interface, so this rdr matches nothing"),
        ('to = "224.0.0.251"', "packets to 224.0.0.251 never arrive on an interface"),
        ('from = "127.0.0.1"', "nobody sends to a jail from 127.0.0.1: the host itself sends from another address"),
        ('to = "172.16.15.16"', "nothing from outside is sent to 172.16.15.16, the jail's own address"),
    ],
)
def test_what_leads_nowhere_is_a_warning(host: Machine, rdr: str, said: str) -> None:
    """With its place, and what there is instead."""
    host.declare("web", WEB.format(rdr))
    done = host.jailpf("check", "web", status=1)
    assert f"{host.root}/etc/jails/web.toml:3:7: {said}" in done.stderr


def test_load_says_when_nothing_evaluates_it(machine: Machine) -> None:
    """It is loaded, and the status tells that nobody gets in by it; check, status and sync say the same."""
    (machine.state / "main").write_text("block all\n")
    machine.declare("web")
    machine.running("web")
    done = machine.jailpf("load", "web", status=69)
    assert (
        'the main ruleset never evaluates the rdr rules of jailpf/web; add to pf.conf: rdr-anchor "jailpf/*"'
        in done.stderr
    )
    line = 'nat-anchor "jailpf/*", rdr-anchor "jailpf/*", anchor "jailpf/*"'
    assert line in machine.jailpf("check", "web", status=1).stderr
    assert line in machine.jailpf("status", status=1).stdout
    assert line in machine.jailpf("sync", status=65).stderr


def test_a_file_that_nobody_reads_is_named(machine: Machine) -> None:
    """web.tml, web.toml.txt and the like; an editor's files are not."""
    machine.declare("web")
    for name in ("db.tml", "mail.toml.txt", "x.toml~", ".y.toml.swp", "z.toml.bak"):
        (machine.root / "etc/jails" / name).write_text("")
    told = [line.split(" ")[0].rpartition("/")[2] for line in machine.jailpf("check").stderr.splitlines()]
    assert told == ["db.tml", "mail.toml.txt"]


def test_a_jail_is_meant_by_its_near_name(machine: Machine) -> None:
    """Case, a misspelling, a file's name: the jail that there is, not `jailpf new`."""
    machine.declare("web")
    for name in ("wbe", "WEB", "web.toml"):
        assert f"nothing is declared for {name}; did you mean web?" in machine.jailpf("render", name, status=66).stderr
    assert "this needs a jail's name, web" in machine.jailpf("check", "jails/web.toml", status=64).stderr


@pytest.mark.parametrize("hook", ["prestart", "created"])
def test_a_hook_with_an_empty_name_is_refused(machine: Machine, hook: str) -> None:
    """An unset variable in a hook line would start the jail without rules."""
    assert "the jail's name is empty" in machine.jailpf(hook, "", status=64).stderr


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        ("", True),
        ('from = "jail:db"\n', False),
        ('from = "any"\n', False),
        ('allow = { from = "192.0.2.0/24" }\n', False),
        ('proto = "icmp"\n', False),
        ("address", False),
        ("binat", False),
    ],
)
def test_a_service_without_rdr_and_without_from_is_not_private(tmp_path: Path, more: str, warned: bool) -> None:
    """Every jail, and whoever has a route to a private address, gets in: told, unless the file says for whom it is."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\n')
    host.declare("[service.sql]\nport = 1\n", "db", ip4="10.0.0.3", ip6="")
    toml = "[service.a]\nrdr = false\n" + ("" if "icmp" in more else "port = 80\n") + (more if "=" in more else "")
    toml += '[binat.a]\naddress = "203.0.113.9"\n' if more == "binat" else ""
    host.declare(toml, ip4="203.0.113.7" if more == "address" else "10.0.0.2", ip6="")
    prepared = prepare(host.session(), "web", created=False)
    assert prepared is not None
    found = list(meant.unguarded(prepared))
    assert [(one.place and one.place.line, 'from = "jail:NAME"' in one.remedy) for one in found] == [(2, True)] * warned
