"""The way of a packet through the host: which interfaces it crosses, and who gets it.

Source: facts.md, "What a running 15.1 showed", and facts-2.md, "Where pf sees a packet": outside packets come IN on
the external interface; a vnet jail's leave again OUT on its interface; what the host sends to an address of its own
appears OUT and IN on a loopback only; what leaves is OUT on the external interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.kernel.connection import Step
from jailpf.pf.simulated.kernel.hop import StoppedError
from jailpf.pf.simulated.rules.addresses import Address, address_text, is_private

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Owner
    from jailpf.pf.simulated.kernel.hop import Hopper
    from jailpf.pf.simulated.kernel.packet import Packet


class Place(NamedTuple):
    """Where packets begin and end: local (the host and the jails that share its network), a vnet jail behind an
    interface, or outside behind one; that of outside is "" when it is not known.
    """

    kind: str
    interface: str = ""


LOCAL = Place("local")


class Journey:
    """Ways on one host; `hopper` is what pf does on each."""

    def __init__(self, hopper: Hopper) -> None:
        self.hopper, self.topology = hopper, hopper.model.topology

    def go(self, packet: Packet, start: Place, by: str = "") -> Place:
        """Bring the packet to where it ends. `by`: the first interface, where it is not the usual one.

        Raises StoppedError.
        """
        if start.kind == "local":
            return self._leave(packet, by)
        came = by or start.interface or self.topology.ext_if
        owner = self._owner(packet)
        if start.kind == "vnet" and owner and owner.vnet and owner.interface == start.interface and not by:
            note = "behind the same interface: pf does not see it"
            self.hopper.add(Step(owner.interface, "", "bridge", "pass", note=note, packet=self.hopper.packet_name))
            return start
        packet.received, packet.verified = came, self._verifies(start, came)
        return self._deliver(packet, came, self.hopper.hop(packet, came, "in"))

    def _leave(self, packet: Packet, by: str) -> Place:
        """From the host itself, or from a jail that shares its network."""
        packet.local = True
        owner = self._owner(packet)
        if owner and not owner.vnet:
            loopback = by or self.topology.loopback(Address(packet.family, packet.destination))
            routed = self.hopper.hop(packet, loopback, "out")
            if routed:
                return self._routed(packet, routed)
            packet.local, packet.received, packet.tag = False, loopback, ""  # tags are lost in if_simloop
            return self._deliver(packet, loopback, self.hopper.hop(packet, loopback, "in"))
        way = by or (owner.interface if owner else self._way_out(packet))
        routed = self.hopper.hop(packet, way, "out")
        packet.local = False
        return self._routed(packet, routed) if routed else self._beyond(way)

    def _deliver(self, packet: Packet, came: str, routed: str) -> Place:
        """Behind an IN: the packet is for the host or a jail, or it is forwarded, which is an OUT."""
        owner = self._owner(packet)
        if routed:
            way = routed
        elif owner:
            if not owner.vnet:
                return LOCAL
            way = owner.interface
        else:
            way = self._way_out(packet)
            if way == self.topology.ext_if and is_private(Address(packet.family, packet.destination)):
                return LOCAL  # an address that the topology does not know: taken for a jail's on the host
            if way == came:
                reason = f"{address_text(packet.family, packet.destination)} is not an address of this host"
                raise StoppedError("unreachable", reason, packet)
        again = self.hopper.hop(packet, way, "out")
        return self._routed(packet, again) if again else self._beyond(way)

    def _routed(self, packet: Packet, interface: str) -> Place:
        """Sent out of an interface by route-to or reply-to; pf does not look again (facts-2.md, section 1)."""
        if interface not in self.topology.interfaces:
            raise StoppedError("block", f"route-to or reply-to {interface}, which is no interface of this host", packet)
        return self._beyond(interface)

    def _beyond(self, interface: str) -> Place:
        vnet = any(jail.vnet and jail.interface == interface for jail in self.topology.jails.values())
        return Place("vnet" if vnet else "outside", interface)

    def _verifies(self, start: Place, came: str) -> bool:
        """Whether the TCP checksum of what comes in is whole: an epair leaves it to the card that is none."""
        return start.kind != "vnet" and not self.topology.in_group(came, "epair")

    def _owner(self, packet: Packet) -> Owner | None:
        return self.topology.owners().get(Address(packet.family, packet.destination))

    def _way_out(self, packet: Packet) -> str:
        return self.topology.network_of(Address(packet.family, packet.destination)) or self.topology.ext_if
