"""What pf cannot keep on a bridge: said by `check` and `prestart`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

ETHERNET = "flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500"
IFCONFIG = f"""\
em0: {ETHERNET}
\tinet 198.51.100.1 netmask 0xffffff00 broadcast 198.51.100.255
bridge0: {ETHERNET}
\tinet 10.1.0.1 netmask 0xffffff00 broadcast 10.1.0.255
\tmember: e0a_db flags=143<LEARNING>
\tmember: e0a_web flags=143<LEARNING>
\tgroups: bridge
"""
WEB = (
    '[service.http]\nport = 80\nfrom = "192.0.2.0/24"\n[jail]\nip4 = "10.1.0.10"\nvnet = true\ninterface = "bridge0"\n'
)


def _machine(root: Path, ifconfig: str = IFCONFIG, sysctl: str = "") -> Machine:
    machine = Machine(root)
    machine.install("ifconfig", f"print({ifconfig!r}, end='')\n")
    machine.install("sysctl", f"print({sysctl!r}, end='')\n")
    machine.settings(host='[host]\next_if = "em0"\n', programs=("pfctl", "jls", "ifconfig", "sysctl"))
    machine.declare("web", WEB)
    return machine


def test_a_from_that_a_bridge_goes_past_is_a_warning(tmp_path: Path) -> None:
    """Of `check` and `prestart`, with the remedy; none where pf sees what a bridge switches."""
    machine = _machine(tmp_path)
    said = machine.jailpf("check", status=1).stderr
    assert "web.toml:1:1: its `from` has no effect between the jails on bridge0" in said
    assert "net.link.bridge.pfil_member=1" in said
    assert "has no effect between" in machine.jailpf("prestart", "web").stderr
    machine = _machine(tmp_path / "seen", sysctl="net.link.bridge.pfil_member: 1\nnet.link.bridge.pfil_bridge: 0\n")
    assert "has no effect between" not in machine.jailpf("check").stderr


@pytest.mark.parametrize(
    ("deny", "told"), [('from = "10.1.0.9"', True), ('to = "10.1.0.0/24"', True), ("port = 25", False)]
)
def test_a_deny_that_a_bridge_goes_past_is_a_warning(tmp_path: Path, deny: str, told: bool) -> None:
    """Of who gets in, and of where the jail sends; not of a port, which is about everywhere else."""
    machine = _machine(tmp_path)
    machine.declare("web", f"[deny.x]\n{deny}\n" + WEB.replace('from = "192.0.2.0/24"\n', ""))
    said = machine.jailpf("check", status=int(told)).stderr
    assert ("web.toml:1:1: it has no effect between the jails on bridge0" in said) is told


def test_a_jail_on_the_bridge_of_the_uplink_is_a_warning(tmp_path: Path) -> None:
    """Nothing that is declared for it is kept: what comes by the card is switched."""
    card = IFCONFIG.replace("\tgroups: bridge", "\tmember: em0 flags=143<LEARNING>\n\tgroups: bridge")
    said = _machine(tmp_path, card).jailpf("check", status=1).stderr
    assert "bridge0 has em0 as a member, so pf never sees what is switched from there to web" in said


def test_a_jail_that_nobody_knows_the_way_to_is_doubted(tmp_path: Path) -> None:
    """netgraph, or a bridge that its start makes: trace and reach say so, and that it is left out; no rule is blamed."""
    machine = _machine(tmp_path, sysctl="net.link.bridge.pfil_member: 0\nnet.link.bridge.pfil_bridge: 0\n")
    for name in ("bridge7", ""):
        side = f'interface = "{name}"\n' if name else ""
        machine.declare("web", f'[service.http]\nport = 80\n[jail]\nip4 = "198.51.100.10"\nvnet = true\n{side}')
        said = machine.jailpf("trace", *["tcp", "from", "192.0.2.9", "to", "jail", "web", "port", "80"], status=None)
        assert "jailpf does not know how web is connected: no interface of this host leads to it" in said.stdout
        assert f"this host has no interface {name or 'that leads to it'}" in said.stderr
        assert "\nweb " not in machine.jailpf("reach", status=None).stdout
        # What is declared is asked as if it ran: a promise must not be kept because its jail has no bridge yet.
        assert "\nweb " in machine.jailpf("reach", "--declared", status=None).stdout
