"""No block stops IPv6 neighbours from finding each other, nor lets through anything else of ICMP."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from jailpf.pf.simulated.kernel.decide import Kernel
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

VNET = '[jail]\nip6 = "fd00:1::2"\nvnet = true\ninterface = "bridge0"\n'
ALIAS = '[jail]\nip6 = "2001:db8::20"\n'
TUNNEL = '[nat.vpn]\non = "wg0"\naddress = ["10.9.9.9", "fd99::9"]\n[jail]\nip4 = "10.0.0.2"\nip6 = "fd00::2"\n'
CONF = 'nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\nblock in\npass out\npass inet6 proto icmp6\nanchor "jailpf/*"\n'


@pytest.mark.parametrize(
    ("toml", "asked"),
    [
        ('[deny.x]\nto = "any"\n' + VNET, ("in", "bridge0", "fd00:1::2", "fd00:1::1")),
        ('[deny.x]\nfrom = "!2001:db8:7::/48"\n' + VNET, ("out", "bridge0", "fd00:1::1", "fd00:1::2")),
        ('[deny.x]\nto = "!10.0.0.0/8"\n' + ALIAS, ("out", "em0", "2001:db8::20", "fe80::1")),
        ('[deny.x]\nfrom = "any"\nproto = "icmp6"\n' + ALIAS, ("in", "em0", "fe80::1", "2001:db8::20")),
        (TUNNEL, ("out", "em0", "fd00::2", "fe80::1")),
    ],
)
def test_neighbours_find_each_other(tmp_path: Path, toml: str, asked: tuple[str, str, str, str]) -> None:
    """A jail's router asks for it and is answered, in both anchors; a ping between the same two is blocked."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\n', pf_conf=CONF)
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24", "fd00:1::1/64")
    host.pf.topology.add_interface("wg0", "10.9.9.9/32", "fd99::9/128")
    host.start(toml)
    direction, interface, source, to = asked
    with host.pf.opened() as model:
        for icmp_type, verdict in ((135, "pass"), (136, "pass"), (128, "block"), (-1, "block")):
            packet = Packet(
                "inet6", "ipv6-icmp", int(ip_address(source)), 0, int(ip_address(to)), 0, interface, direction,
                icmp_type=icmp_type,
            )  # fmt: skip
            assert [one.verdict for one in Kernel(model).filter(packet)] == [verdict], icmp_type


@pytest.mark.parametrize(
    "toml", ["[deny.x]\nport = 25\n", '[deny.x]\nto = "192.0.2.0/24"\n', '[deny.x]\nfrom = "any"\nproto = "icmp"\n']
)
def test_what_takes_no_discovery_is_left_as_it_is(tmp_path: Path, toml: str) -> None:
    """Ports, IPv4, and ICMP of IPv4."""
    assert "neighbrsol" not in SimulatedHost(tmp_path / "host").render(toml)
