"""IPv6 needs neighbour discovery: without it a link dies once the neighbour cache is empty.

Source: facts.md, "With `block` on the external interface IPv6 dies ...: `pass inet6 proto icmp6` is needed".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.packet import Packet

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology

SOLICITATION = 135
_HERE, _THERE = 0xFE80 << 112 | 1, 0xFE80 << 112 | 2
_SOLICITED = 0xFF02 << 112 | 0x1FF << 24


def solicitations(topology: Topology, interface: str) -> list[Packet]:
    """The question for an address that a neighbour asks, and one of our own to a neighbour; none where nobody asks."""
    there = topology.interfaces.get(interface)
    if there is not None and not there.neighbours:
        return []
    ends = (("in", _THERE, _SOLICITED | 1), ("out", _HERE, _SOLICITED | 2))
    return [
        Packet("inet6", "ipv6-icmp", source, 0, to, 0, interface, direction, icmp_type=SOLICITATION)
        for direction, source, to in ends
    ]
