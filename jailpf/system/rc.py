"""What rc.conf(5) says of the next boot, as sysrc(8) shows it."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.system import programs

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSRC = "/usr/sbin/sysrc"
FORWARDING = {
    "inet": ("gateway_enable", "net.inet.ip.forwarding"),
    "inet6": ("ipv6_gateway_enable", "net.inet6.ip6.forwarding"),
}
"""family -> what makes the host a router: the variable, and the sysctl that it sets."""
ON = ("yes", "true", "on", "1")


def values(sysrc: str, *names: str) -> Mapping[str, str]:
    """The values of variables; without those that are unknown, and {} where no rc.conf(5) is, or it cannot be read."""
    if (sysrc == SYSRC and platform.system() != "FreeBSD") or not os.path.exists(sysrc):
        return {}
    try:
        answer = programs.ask(sysrc, "-i", *names)
    except JailpfError:
        return {}
    pairs = (line.partition(": ") for line in answer.out.splitlines())
    return {name: value.strip() for name, colon, value in pairs if colon and name in names}


def off(value: str | None) -> bool:
    """Whether a variable is known, and says no."""
    return value is not None and value.lower() not in ON
