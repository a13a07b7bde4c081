"""The way of a connection's first packet through the host: which interfaces it crosses, and who gets it.

Source: facts.md, "What a running 15.1 showed": outside packets come IN on the external interface; a vnet
jail's leave again OUT on its interface; what the host sends to an address of its own appears OUT and IN on
lo0 only, and to an address of lo1 on lo1; what leaves is OUT on the external interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.topology import Jail, Owner
from jailpf.pf.simulated.kernel import limits
from jailpf.pf.simulated.kernel.connection import Step
from jailpf.pf.simulated.rules.addresses import Address, address_text, is_private

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.hop import Hopper


class Journey:
    """One connection, from its sender to whoever gets it. `sender` is None (outside), "host", or a Jail."""

    def __init__(self, hopper: Hopper, sender: Jail | str, interface: str) -> None:
        self.hopper, self.packet, self.connection = hopper, hopper.packet, hopper.connection
        self.topology = hopper.model.topology
        self.sender, self.interface = sender, interface

    def run(self) -> None:
        """Fill in the connection."""
        self.connection.verdict = "pass"
        to = self._destination()
        if self._go():
            self._arrive(to)
            self._handshake()

    def _go(self) -> bool:
        external = self.topology.ext_if
        sender = self.sender
        if sender == "outside":
            return self.hopper.hop(self.interface or external, "in") and self._deliver(self.interface or external)
        if isinstance(sender, Jail) and sender.vnet:
            owner = self._owner()
            if owner and owner.vnet and owner.interface == sender.interface and not self.interface:
                note = "behind the same interface: pf does not see it"
                self.connection.steps.append(Step(owner.interface, "", "bridge", "pass", note=note))
                return True
            came = self.interface or sender.interface
            return self.hopper.hop(came, "in") and self._deliver(came)
        owner = self._owner()
        if owner and owner.vnet:
            return self.hopper.hop(self.interface or owner.interface, "out")
        if owner:
            loopback = self.interface or self.topology.loopback(Address(self.packet.family, self.packet.destination))
            return self.hopper.hop(loopback, "out") and self.hopper.hop(loopback, "in") and self._deliver(loopback)
        return self.hopper.hop(self.interface or self._way_out(), "out")

    def _deliver(self, came: str) -> bool:
        """Behind an IN: the packet is for the host or a jail, or it is forwarded, which is an OUT."""
        owner = self._owner()
        if owner:
            return self.hopper.hop(owner.interface, "out") if owner.vnet else True
        way = self._way_out()
        if way != self.topology.ext_if:
            return self.hopper.hop(way, "out")
        if is_private(Address(self.packet.family, self.packet.destination)):
            return True  # an address that the topology does not know: taken for a jail's on the host
        if came == way:
            self.connection.verdict = "unreachable"
            self.connection.reason = f"{self._destination()} is not an address of this host"
            return False
        return self.hopper.hop(way, "out")

    def _arrive(self, asked: str) -> None:
        packet, connection = self.packet, self.connection
        owner = self._owner()
        connection.delivered_to = (owner.jail or "host") if owner else self._destination()
        connection.address, connection.port = self._destination(), packet.destination_port
        connection.source, connection.source_port = (
            address_text(packet.family, packet.source),
            packet.source_port,
        )
        if asked != connection.address and not owner:
            connection.reason = f"{connection.address} is no address that the topology knows"

    def _handshake(self) -> None:
        """The receiver answers: limits on established connections count now."""
        for state, flat in self.hopper.made:
            broken = limits.connected(self.hopper.model, flat, state, self.hopper.now)
            if broken:
                self.connection.verdict = "block"
                self.connection.reason = f"{broken}: the connection is cut"
                self.connection.steps.append(Step(state.interface, state.direction, "limit", "block", note=broken))

    def _owner(self) -> Owner | None:
        return self.topology.owners().get(Address(self.packet.family, self.packet.destination))

    def _way_out(self) -> str:
        return self.topology.network_of(Address(self.packet.family, self.packet.destination)) or self.topology.ext_if

    def _destination(self) -> str:
        return address_text(self.packet.family, self.packet.destination)
