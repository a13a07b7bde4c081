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


def test_where_nothing_is_known_of_the_interfaces_nothing_is_said(machine: Machine) -> None:
    """The simulated host's addresses never stand for a real one's: without ifconfig its output is asked for."""
    (machine.bin / "ifconfig").unlink()
    question = ("trace", "tcp", "from", "192.0.2.9", "to", "198.51.100.1", "port", "80", "--declared")
    done = machine.jailpf(*question, status=69)
    assert "--interfaces FILE" in done.stderr
    assert "203.0.113.1" not in done.stdout
    file = machine.root / "host.txt"
    file.write_text(IFCONFIG)
    assert "reaches web" in machine.jailpf(*question, "--interfaces", str(file)).stdout


def test_an_external_interface_that_is_not_there_is_said(machine: Machine) -> None:
    """The answer is that of the interface which the host has; a group stands for its members."""
    question = ("trace", "tcp", "from", "192.0.2.9", "to", "198.51.100.1", "port", "80", "--declared")
    machine.settings(host='[host]\next_if = "em77"\n', programs=("pfctl", "jls", "ifconfig"))
    done = machine.jailpf(*question, status=1)
    assert "no interface and no group 'em77'" in done.stderr
    grouped = IFCONFIG.replace("\tinet6 2001", "\tgroups: wan\n\tinet6 2001")
    machine.install("ifconfig", f"print({grouped!r}, end='')\n")
    machine.settings(host='[host]\next_if = "wan"\n', programs=("pfctl", "jls", "ifconfig"))
    done = machine.jailpf(*question)
    assert "reaches web" in done.stdout
    assert "no group" not in done.stderr


def test_a_declaration_that_is_broken_is_named_and_the_rest_is_traced(machine: Machine) -> None:
    """The answer stands, and what it does not know of is said."""
    machine.jailpf("created", "web")
    machine.declare("bad", "[service.x]\nprot = 1\n")
    done = machine.jailpf("trace", "tcp", "from", "192.0.2.9", "to", "ext_ip4", "port", "80")
    assert "reaches web" in done.stdout
    assert "the declaration of bad is broken and left out; `jailpf check` says why" in done.stderr


CONF = "block in on em7\npass in on em7 proto tcp to em7 port 80\n"
PRINTED = (
    "block drop in on em7 all",
    "pass in on em7 inet proto tcp from any to 198.51.100.1 port = 80 flags S/SA keep state",
    "pass in on em7 inet6 proto tcp from any to 2001:db8:7::1 port = 80 flags S/SA keep state",
    "pass in on em7 inet6 proto tcp from any to fe80::1 port = 80 flags S/SA keep state",
)


@pytest.mark.parametrize(
    ("printed", "status", "answer", "says"),
    [
        (PRINTED, 0, "is blocked", ""),
        ((*PRINTED, "pass all flags S/SA keep state"), 0, "reaches host", "pfctl counts: pass all"),
        (("pfctl: pf.conf:2: no",), 1, "", "pf.conf:2: no"),
    ],
)
def test_pfctl_reads_the_file_too(
    machine: Machine, printed: tuple[str, ...], status: int, answer: str, says: str
) -> None:
    """Where pfctl prints the same, the text decides; else what pfctl prints, with a note; what it refuses is refused."""
    conf = machine.root / "pf.conf"
    conf.write_text(CONF)
    lines = "\n".join(printed)
    machine.install(
        "pfctl",
        f"import sys\nif '-n' in sys.argv:\n    print({lines!r}, file=sys.stderr if {status} else sys.stdout)\n"
        f"    raise SystemExit({status})\n",
    )
    question = ("trace", "--main", str(conf), "tcp", "from", "192.0.2.9", "to", "198.51.100.1", "port", "25")
    done = machine.jailpf(*question, status=None)
    assert answer in done.stdout
    assert says in done.stderr
    assert ("believed" in done.stderr) == ("believed" in says)
