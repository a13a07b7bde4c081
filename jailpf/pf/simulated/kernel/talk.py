"""A whole connection: the first packet, the answer to it, and what follows, until data has come back.

A first packet that arrives is not yet a connection: where no rule makes a state, every packet is judged by itself
(facts-2.md), and an answer that comes from another address than the one that was asked is dropped by the sender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import limits
from jailpf.pf.simulated.kernel.connection import Step
from jailpf.pf.simulated.kernel.hop import StoppedError
from jailpf.pf.simulated.rules.addresses import Address, address_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.hop import Hopper
    from jailpf.pf.simulated.kernel.journey import Journey, Place
    from jailpf.pf.simulated.kernel.packet import Packet

TALKS = {"tcp": ("SA", "A", "PA"), "sctp": ("SA", "A", "PA")}  # what follows a SYN: from the receiver, the sender, ...
REFUSAL = ("RA",)  # ... where nobody listens
ONE_WAY = ("",)
ANSWERED = {"tcp", "udp", "sctp", "icmp", "ipv6-icmp"}


class Talk:
    """One connection, from its sender to whoever gets it. `by`: where the first packet appears, if not as usual;
    `listens`: whether somebody listens there.
    """

    def __init__(
        self, hopper: Hopper, journey: Journey, packet: Packet, sender: Place, by: str = "", listens: bool = True
    ) -> None:
        self.hopper, self.journey, self.connection = hopper, journey, hopper.connection
        self.packet, self.sender, self.by, self.listens = packet, sender, by, listens
        self.asked = packet.ends()

    def run(self) -> None:
        """Fill in the connection."""
        connection, packet = self.connection, self.packet
        try:
            receiver = self.journey.go(packet, self.sender, self.by)
        except StoppedError as stop:
            connection.verdict, connection.reason, connection.blocked = stop.verdict, str(stop), stop.packet
            connection.sender_sees = self._told(stop)
            return
        self._arrive()
        if packet.proto in ANSWERED:
            self._answered(receiver)
        if connection.verdict == "pass":
            self._handshake()

    def _told(self, stop: StoppedError) -> str:
        """What the sender learns of a first packet that was stopped."""
        if stop.verdict == "unknown":
            return ""
        if stop.packet.local and stop.verdict == "block":
            return "denial"
        # The answer of a block comes from where the packet was going then: a translated one answers for somebody else.
        return "refusal" if stop.refused == self.asked else "silence"

    def _answered(self, receiver: Place) -> None:
        """Bring what follows to its ends, from either side in turn."""
        connection, hopper = self.connection, self.hopper
        first = self.packet.again("S")
        from_receiver = True
        talk = TALKS.get(first.proto, ONE_WAY)
        for flags in talk if self.listens or first.proto != "tcp" else REFUSAL:
            hopper.packet_name = "answer" if from_receiver and flags != "PA" else "later"
            start, end = (receiver, self.sender) if from_receiver else (self.sender, receiver)
            packet = first.answer(flags) if from_receiver else self._again(flags)
            steps = len(connection.steps)
            try:
                ended = self.journey.go(packet, start, "" if from_receiver else self.by)
                reason = self._astray(packet, first, ended, end, from_receiver)
            except StoppedError as stop:
                if stop.verdict == "unknown":
                    connection.verdict, connection.reason, connection.sender_sees = "unknown", str(stop), ""
                    return
                reason = f"{'its answer' if hopper.packet_name == 'answer' else 'what follows'} is stopped: {stop}"
            if reason:
                connection.verdict, connection.reason, connection.sender_sees = "unanswered", reason, "silence"
                return
            del connection.steps[steps:]
            from_receiver = not from_receiver

    def _again(self, flags: str) -> Packet:
        packet = self.packet.again(flags)
        packet.modulated = ()
        packet.source, packet.source_port, packet.destination, packet.destination_port = self.asked
        return packet

    def _astray(self, packet: Packet, first: Packet, ended: Place, end: Place, to_sender: bool) -> str:
        """Why a packet that came to an end does not belong to the connection for whoever got it, "" if it does."""
        source, source_port, destination, destination_port = self.asked
        wanted = (destination, destination_port, source, source_port) if to_sender else first.ends()
        if packet.ends() != wanted:
            family = packet.family
            has, had = (f"{address_text(family, ends[0])} port {ends[1]}" for ends in (packet.ends(), wanted))
            return f"the reply comes from {has}, not from {had}, so it is dropped" if to_sender else "it goes astray"
        if packet.modulated and to_sender:
            return "the answer does not pass the state that has modulated the sequence numbers, so it is dropped"
        if ended.kind != end.kind or (ended.interface and end.interface and ended.interface != end.interface):
            return f"the answer leaves by {ended.interface or 'the host itself'}, and not by {end.interface}"
        return ""

    def _arrive(self) -> None:
        packet, connection = self.packet, self.connection
        connection.verdict, connection.sender_sees = "pass", "connection" if self.listens else "refusal"
        owner = self.hopper.model.topology.owners().get(Address(packet.family, packet.destination))
        destination = address_text(packet.family, packet.destination)
        connection.delivered_to = (owner.jail or "host") if owner else destination
        connection.address, connection.port = destination, packet.destination_port
        connection.source, connection.source_port = address_text(packet.family, packet.source), packet.source_port
        if self.asked[2] != packet.destination and not owner:
            connection.reason = f"{destination} is not an address that the simulated host knows"

    def _handshake(self) -> None:
        """The receiver has answered: limits on established connections count now."""
        if not self.hopper.keep:
            return
        for state, flat in self.hopper.states.made:
            broken = limits.connected(self.hopper.model, flat, state, self.hopper.states.now) if flat else ""
            if broken:
                self.connection.verdict, self.connection.sender_sees = "block", "silence"
                self.connection.reason = f"{broken}: the connection is cut"
                self.connection.steps.append(Step(state.interface, state.direction, "limit", "block", note=broken))
