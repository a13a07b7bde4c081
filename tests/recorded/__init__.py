"""The host on which real traffic was recorded (FreeBSD 15.1), as its own programs print it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.described import described

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology

HERE = Path(__file__).parent
# Which of its interfaces are before the vnet jails: ifconfig does not say whose epair is a bridge's member.
VNET = {"vn": ("bridge0", "172.16.20.10", "fd20::10"), "vn2": ("bridge0", "172.16.20.11", "fd20::11"),
        "vb": ("bridge1", "172.16.21.10", "fd21::10")}  # fmt: skip


def said(program: str) -> str:
    """What a program printed there: "ifconfig -a", "netstat -rn", "sysctl", "jls"."""
    parts = re.split(r"^== (.*)\n", (HERE / "host.txt").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[program]


def host() -> Topology:
    """The host with its jails: nothing is set by hand but where the vnet jails are."""
    topology = described(said("ifconfig -a"), said("netstat -rn"), said("sysctl"))
    for name, ip4, ip6 in re.findall(r"name=(\S+) vnet=inherit ip4.addr=(\S+) ip6.addr=(\S+)", said("jls")):
        topology.add_jail(name, [ip4, ip6])
    for name, (bridge, *addresses) in VNET.items():
        topology.add_jail(name, addresses, bridge, vnet=True)
    return topology
