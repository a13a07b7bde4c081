"""`jailpf trace` where the real pf and ifconfig(8) answer (stand-ins here)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import Machine, web

if TYPE_CHECKING:
    from pathlib import Path

IFCONFIG = """\
em7: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\toptions=48525bb<RXCSUM,TXCSUM>
\tinet 198.51.100.1/24 broadcast 198.51.100.255
\tinet6 2001:db8:7::1/64
\tinet6 fe80::1%em7/64 scopeid 0x1
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 127.0.0.1/8
lo1: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 172.16.15.16/32
\tgroups: lo
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A host whose external interface is em7, with one jail that runs."""
    pytest.importorskip("lark")
    machine = Machine(tmp_path, host='[host]\next_if = "em7"\n')
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    machine.settings(host='[host]\next_if = "em7"\n', programs=("pfctl", "jls", "ifconfig"))
    machine.declare("web", web(80))
    machine.running("web")
    return machine


def test_the_interfaces_are_those_of_ifconfig(machine: Machine) -> None:
    """ "(em7:0)" is em7's own first address, and the jail's address on lo1 is the jail's."""
    machine.jailpf("created", "web")
    done = machine.jailpf("trace", "tcp", "from", "192.0.2.9", "to", "ext_ip4", "port", "80")
    assert "to 198.51.100.1 port 80: reaches web at 172.16.15.16 port 80" in done.stdout
    assert "web.toml:1:1" in done.stdout
    inside = machine.jailpf("trace", "tcp", "from", "host", "to", "jail", "web", "port", "80", status=1)
    assert "lo1 out" in inside.stdout


def test_what_is_loaded_decides_not_what_is_declared(machine: Machine) -> None:
    """Before `created` nobody gets in; with --declared the answer is what would be."""
    question = ("trace", "tcp", "from", "192.0.2.9", "to", "198.51.100.1", "port", "80")
    machine.jailpf(*question, status=1)
    machine.jailpf(*question, "--declared")


def test_without_ifconfig_the_simulated_hosts_addresses_serve(machine: Machine) -> None:
    """On a laptop there is none."""
    (machine.bin / "ifconfig").unlink()
    done = machine.jailpf("trace", "tcp", "from", "192.0.2.9", "to", "ext_ip4", "port", "80", "--declared")
    assert "reaches web" in done.stdout


def test_a_declaration_that_is_broken_is_named_and_the_rest_is_traced(machine: Machine) -> None:
    """The answer stands, and what it does not know of is said."""
    machine.jailpf("created", "web")
    machine.declare("bad", "[service.x]\nprot = 1\n")
    done = machine.jailpf("trace", "tcp", "from", "192.0.2.9", "to", "ext_ip4", "port", "80")
    assert "reaches web" in done.stdout
    assert "bad.toml:2:1" in done.stderr
