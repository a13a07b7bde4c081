"""The host of these tests, under `block all`: a jail `web` that declares something, and a neighbour `near` that offers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'
NAT = HOST + 'nat = "(em0:0)"\n'
OUT, OFFICE, OUT6 = "192.0.2.7", "198.51.100.7", "2001:db8:7::7"
VNET = '\n[jail]\nip4 = "10.0.1.2"\nvnet = true\ninterface = "bridge0"\n'
NONE = "# nothing\n"
CONF = """\
nat-anchor "jailpf/*"
binat-anchor "jailpf/*"
rdr-anchor "jailpf/*"
block all
pass inet6 proto icmp6
anchor "jailpf/*"
"""
OTHERS = {
    "local": {"ip4": "10.0.0.30", "ip6": "fd00::30"},
    "vnet": {"ip4": "10.0.1.30", "ip6": "fd00:1::30", "vnet": True, "interface": "bridge0"},
}


def running(folder: Path, toml: str, settings: str = HOST, **what: object) -> SimulatedHost:
    """A host with the jail `web` (10.0.0.2, fd00::2), and a neighbour `near` that offers nothing."""
    host = SimulatedHost(folder, settings=settings, pf_conf=CONF)
    host.pf.topology.add_interface("em1", "198.18.0.1/24")
    host.start("[service.none]\nport = 1\n", "near", ip4="10.0.0.9", ip6="fd00::9")
    host.start(toml, "web", **{"ip4": "10.0.0.2", "ip6": "fd00::2", **what})
    return host


def bridges(host: SimulatedHost) -> None:
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24", "fd00:1::1/64")
    host.pf.topology.add_interface("bridge1", "10.0.2.1/24", "fd00:2::1/64")
    host.pf.topology.add_interface("lo1", "10.0.0.1/24")


def notes(folder: Path, toml: str, settings: str = NAT) -> list[str]:
    host = SimulatedHost(folder, settings=settings, pf_conf=CONF)
    host.declare(toml, ip4="10.0.0.2", ip6="fd00::2")
    prepared = prepare(host.session(), "web", created=True)
    assert prepared
    return [one.message for one in prepared.ruleset.notes]
