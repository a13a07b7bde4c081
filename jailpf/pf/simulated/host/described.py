"""A host from what its own programs print: the one way by which a real host becomes a Topology."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.ifconfig import read_ifconfig
from jailpf.pf.simulated.host.routes import read_netstat
from jailpf.pf.simulated.host.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Collection

ASKED = (
    "net.inet.ip.forwarding",
    "net.inet6.ip6.forwarding",
    "net.link.bridge.pfil_member",
    "net.link.bridge.pfil_bridge",
    "net.link.bridge.pfil_onlyip",
)


def described(ifconfig: str, netstat: str = "", sysctl: str = "", ext_if: str = "") -> Topology:
    """The host of `ifconfig -a`, `netstat -rn` and `sysctl NAME...`, without jails.

    ext_if: the interface to outside; "" takes that of the default route, else the first with an address that is no
    loopback. What sysctl does not say is not known. Raises UsageError for routes that cannot be read.
    """
    interfaces = read_ifconfig(ifconfig)
    routes = tuple(one._replace(interface=_whole(one.interface, interfaces)) for one in read_netstat(netstat))
    topology = Topology(interfaces, routes=routes, sysctls=read_sysctl(sysctl), described=True)
    topology.ext_if = ext_if or topology.uplink()
    return topology


def _whole(name: str, interfaces: Collection[str]) -> str:
    """The interface that netstat means: without -W it cuts names at 12 bytes."""
    longer = [one for one in interfaces if one.startswith(name)]
    return longer[0] if name and name not in interfaces and len(longer) == 1 else name


def read_sysctl(text: str) -> dict[str, int]:
    """The numbers that sysctl prints, as `name: 1` or `name=1`."""
    found = re.findall(r"^([a-z][\w.]*)(?:: |=)(-?\d+)$", text, re.MULTILINE)
    return {name: int(value) for name, value in found}
