"""The host that a simulated pf starts with, unless another is described."""

from __future__ import annotations

from jailpf.pf.simulated.host.interface import Interface

SYSCTLS = {  # as FreeBSD starts, but for a host that forwards
    "net.inet.ip.forwarding": 1,
    "net.inet6.ip6.forwarding": 1,
    "net.link.bridge.pfil_member": 0,
    "net.link.bridge.pfil_bridge": 0,
    "net.link.bridge.pfil_onlyip": 1,
}


def interfaces() -> dict[str, Interface]:
    """A card with an address of each family, and two loopbacks."""
    found = {
        "em0": ("203.0.113.1/24", "2001:db8::1/64"),
        "lo0": ("::1/128", "fe80::1/64", "127.0.0.1/8"),
        "lo1": (),
    }
    return {name: Interface.made(name, *addresses) for name, addresses in found.items()}
