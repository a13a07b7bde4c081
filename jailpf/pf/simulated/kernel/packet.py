"""A packet of a connection: its first, an answer, or one that follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import Address

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Family

ECHO_REQUEST = {"icmp": 8, "ipv6-icmp": 128}
ECHO_REPLY = {"icmp": 0, "ipv6-icmp": 129}


@dataclass(slots=True)
class Packet:
    """A packet where pf sees it: by default a first one, for TCP a SYN, for ICMP an echo request.

    flags: those of TCP, as pf.conf(5) writes them. received: the interface by which the host got it, "" for its own.
    verified: whether pf finds the TCP checksum right (facts-2.md, "what the sender sees": a packet that comes over an
    epair carries none). local: sent by the host itself, which is told at once when pf drops it. modulated: the states
    whose sequence numbers it carries (modulate state, synproxy state), and that have to put them back in an answer.
    """

    family: Family
    proto: str
    source: int
    source_port: int
    destination: int
    destination_port: int
    interface: str = ""
    direction: str = ""
    tag: str = ""
    icmp_type: int = -1  # -1: an echo request
    icmp_code: int = 0
    flags: str = "S"
    received: str = ""
    verified: bool = True
    local: bool = False
    modulated: tuple[str, ...] = ()

    @property
    def icmp(self) -> int:
        """The ICMP type that is sent; -1 for another protocol."""
        return self.icmp_type if self.icmp_type >= 0 else ECHO_REQUEST.get(self.proto, -1)

    def ends(self) -> tuple[int, int, int, int]:
        """Source and destination, each with its port."""
        return self.source, self.source_port, self.destination, self.destination_port

    def addresses(self) -> tuple[Address, Address]:
        """Source and destination."""
        return Address(self.family, self.source), Address(self.family, self.destination)

    def again(self, flags: str) -> Packet:
        """Another packet of the same sender, not yet seen by pf."""
        return self._fresh(self.ends(), flags, self.icmp_type)

    def answer(self, flags: str) -> Packet:
        """What goes back to the sender."""
        back = (self.destination, self.destination_port, self.source, self.source_port)
        return self._fresh(back, flags, ECHO_REPLY.get(self.proto, -1))

    def _fresh(self, ends: tuple[int, int, int, int], flags: str, icmp_type: int) -> Packet:
        source, source_port, destination, destination_port = ends
        return replace(
            self,
            source=source,
            source_port=source_port,
            destination=destination,
            destination_port=destination_port,
            tag="",
            flags=flags,
            icmp_type=icmp_type,
            received="",
            local=False,
            verified=True,
        )
