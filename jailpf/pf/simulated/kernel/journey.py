"""The way of a packet through the host: which interfaces it crosses, and who gets it.

Source: facts.md, "What a running 15.1 showed", and facts-2.md, "Where pf sees a packet": outside packets come IN on
the external interface; a vnet jail's leave again OUT on its interface; what the host sends to an address of its own
appears OUT and IN on a loopback only; what leaves is OUT on the external interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.kernel.connection import Step
from jailpf.pf.simulated.kernel.hop import StoppedError
from jailpf.pf.simulated.rules.addresses import address_text, is_private

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
        self._must_be_known(packet)
        if start.kind == "outside" and (why := ways.refused(self.topology, came, *packet.addresses())):
            raise StoppedError("unreachable", why, packet)
        if not (start.kind == "vnet" and by):
            if handed := self._switched(packet, came):
                return handed
            if start.kind == "vnet" and not ways.hears(self.topology, came, packet.family):
                raise StoppedError(
                    "unreachable", f"no address of this host is on {came}, so nobody there can send to it", packet
                )
            came = ways.way_in(self.topology, came, packet.addresses()[1])
        packet.received, packet.verified = came, self._verifies(start, came)
        return self._deliver(packet, came, self.hopper.hop(packet, came, "in"))

    def _must_be_known(self, packet: Packet) -> None:
        """Raises StoppedError for a packet from or to a jail of which nobody knows how it is connected."""
        try:
            for address in packet.addresses():
                ways.must_be_connected(self.topology, address)
        except ways.UnknownWayError as unknown:
            raise StoppedError("unknown", f"cannot say: {unknown}", packet) from None

    def _switched(self, packet: Packet, came: str) -> Place | None:
        """What a bridge hands on without the host: pf sees of it what sysctl says, often nothing."""
        try:
            found = ways.switched(self.topology, came, *packet.addresses())
        except ways.UnknownWayError as unknown:
            raise StoppedError("unknown", f"cannot say: {unknown}", packet) from None
        if found is None:
            return None
        if not found.hops:
            note = "switched by the bridge: pf does not see it"
            self.hopper.add(Step(found.beyond, "", "bridge", "pass", note=note, packet=self.hopper.packet_name))
        for interface, direction in found.hops:
            before = packet.ends()
            if self.hopper.hop(packet, interface, direction) or packet.ends() != before:
                reason = (
                    f"cannot say: what becomes of a packet that is translated or routed on {interface}, by a bridge"
                )
                raise StoppedError("unknown", reason, packet)
        return Place("vnet" if found.vnet else "outside", found.beyond)

    def _leave(self, packet: Packet, by: str) -> Place:
        """From the host itself, or from a jail that shares its network."""
        packet.local = True
        owner = self._owner(packet)
        if owner and not owner.vnet:
            loopback = by or self.topology.loopback(packet.addresses()[1])
            routed = self.hopper.hop(packet, loopback, "out")
            if routed:
                return self._routed(packet, routed)
            packet.local, packet.received, packet.tag = False, loopback, ""  # tags are lost in if_simloop
            return self._deliver(packet, loopback, self.hopper.hop(packet, loopback, "in"))
        way = by or self._way_out(packet)
        routed = self.hopper.hop(packet, way, "out")
        packet.local = False
        return self._routed(packet, routed) if routed else self._beyond(packet, way)

    def _deliver(self, packet: Packet, came: str, routed: str) -> Place:
        """Behind an IN: the packet is for the host or a jail, or it is forwarded, which is an OUT."""
        owner = self._owner(packet)
        if owner and not owner.vnet and not routed:
            return LOCAL
        setting = ways.FORWARDING[packet.family]
        if not self.topology.sysctls.get(setting, 1):
            raise StoppedError("unreachable", f"this host does not forward: {setting} is 0", packet)
        way = routed or self._way_out(packet)
        if way not in self.topology.interfaces:
            return self._routed(packet, way)
        if way == came and not owner and self.topology.interfaces[way].neighbours:
            to = address_text(packet.family, packet.destination)
            reason = f"{to} is not an address of this host, and no route leads there but the way that the packet came"
            raise StoppedError("unreachable", reason, packet)
        again = self.hopper.hop(packet, way, "out")
        return self._routed(packet, again) if again else self._beyond(packet, way)

    def _routed(self, packet: Packet, interface: str) -> Place:
        """Sent out of an interface by route-to or reply-to; pf does not look again (facts-2.md, section 1)."""
        if interface not in self.topology.interfaces:
            raise StoppedError(
                "block", f"route-to or reply-to {interface}, which is not an interface of this host", packet
            )
        return self._beyond(packet, interface)

    def _beyond(self, packet: Packet, interface: str) -> Place:
        owner = self._owner(packet)
        if owner and ways.is_behind(self.topology, owner, interface):
            return Place("vnet", owner.interface)
        if owner and self.hopper.packet_name == "first":
            to = packet.addresses()[1]
            reason = f"route-to sends what is for {to} out of {interface}"
            verdict, reason = ("unreachable", reason) if is_private(to) else ("unknown", f"cannot say: {reason}")
            raise StoppedError(verdict, reason, packet)
        return Place("outside", interface)

    def _verifies(self, start: Place, came: str) -> bool:
        """Whether the TCP checksum of what comes in is whole: an epair leaves it to the card that is none."""
        return start.kind != "vnet" and not self.topology.in_group(came, "epair")

    def _owner(self, packet: Packet) -> Owner | None:
        return self.topology.owners().get(packet.addresses()[1])

    def _way_out(self, packet: Packet) -> str:
        try:
            return ways.way_out(self.topology, packet.addresses()[1])
        except ways.NoWayError as none:
            raise StoppedError("unreachable", str(none), packet) from None
        except ways.UnknownWayError as unknown:
            raise StoppedError("unknown", f"cannot say: {unknown}", packet) from None
