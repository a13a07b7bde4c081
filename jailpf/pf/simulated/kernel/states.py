"""The states of pf while one connection is looked at: those that were there, and those that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import limits, pools
from jailpf.pf.simulated.kernel.packet import ECHO_REQUEST
from jailpf.pf.simulated.kernel.state import Key, State

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.connection import Connection
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Pool


def packet_key(packet: Packet) -> Key:
    """The key by which a state of the packet is found."""
    source, source_port, destination, destination_port = packet.ends()
    if packet.direction == "in":
        return Key(source, source_port, destination, destination_port)
    return Key(destination, destination_port, source, source_port)


def _courses(packet: Packet) -> set[bool]:
    """Whether it may run along its state, or against it. The ends of an echo are its id and its type, so a request is
    not the answer to another even between the same two addresses (pf.c, pf_icmp_mapping).
    """
    if packet.proto not in ECHO_REQUEST:
        return {True, False}
    return {packet.icmp == ECHO_REQUEST[packet.proto]}


def _modulates(how: str, direction: str) -> bool:
    """synproxy does it for what comes in only, and is `keep state` for what goes out (facts-2.md, section 2)."""
    return how == "modulate state" or (how == "synproxy state" and direction == "in")


class States:
    """`keep`: those that the connection makes stay in the Model. `made` has each with the rule that made it."""

    def __init__(self, model: Model, connection: Connection, now: float, keep: bool) -> None:
        self.model, self.connection, self.now, self.keep = model, connection, now, keep
        self.made: list[tuple[State, Flat | None]] = []

    def find(self, packet: Packet) -> State | None:
        """The state that the packet belongs to: by the wire side when it comes in, by the stack side when it
        goes out; one that is bound to interfaces is found on these only.
        """
        key = packet_key(packet)
        mine = [] if self.keep else [state for state, _ in reversed(self.made)]
        for state in (*mine, *reversed(self.model.states.values())):
            side = state.wire if packet.direction == "in" else state.stack
            here = not state.bound or packet.interface in state.bound
            here = here and (packet.direction == state.direction) in _courses(packet)
            if here and side == key and (state.proto, state.family) == (packet.proto, packet.family):
                return state
        return None

    def follow(self, packet: Packet, state: State) -> str:
        """Translate a packet of a state; the interface that route-to or reply-to of its rule sends it to.

        reply-to acts against the direction of the state, route-to along it (facts-2.md, section 1).
        """
        if packet.direction == "in":
            packet.source, packet.source_port, packet.destination, packet.destination_port = state.stack
        else:
            packet.destination, packet.destination_port, packet.source, packet.source_port = state.wire
        packet.tag = state.tag or packet.tag
        how, interface = state.route
        along = packet.direction == state.direction
        if not along:
            packet.modulated = tuple(name for name in packet.modulated if name != state.id)
        return interface if how == ("route-to" if along else "reply-to") else ""

    def rule_key(self, flat: Flat | None) -> str:
        """The rule's name in its states: its load, its path and its index."""
        ruleset = self.model.rulesets.get(flat.path) if flat else None
        return f"{ruleset.serial}:{flat.path}:{flat.key}" if flat and ruleset else ""

    def add(self, packet: Packet, before: Key, flat: Flat | None, route: str = "", how: str = "keep state") -> None:
        """The state of a packet that came as `before` and is now translated, made by a rule."""
        serial = self.model.serial + 1 + (0 if self.keep else len(self.made))
        now = packet_key(packet)
        wire, stack = (before, now) if packet.direction == "in" else (now, before)
        rule = flat.rule if flat else None
        options = rule.options if rule else None
        bound: tuple[str, ...] = (packet.interface,) if options and options.if_bound else ()
        if rule and rule.route == "route-to" and bound:
            bound = (*bound, route)
        elif rule and rule.route == "reply-to":
            bound = ()
        key = self.rule_key(flat)
        state = State(
            f"{serial:016x}",
            packet.family,
            packet.proto,
            packet.direction,
            packet.interface,
            wire,
            stack,
            key,
            rule.labels if rule else (),
            limits.tracking(options, key),
            packet.tag,
            self.now,
            bound=bound,
            modulates=packet.proto == "tcp" and _modulates(how, packet.direction),
            route=(rule.route, route) if rule and rule.route in {"route-to", "reply-to"} else ("", ""),
        )
        self.made.append((state, flat))
        if state.modulates:
            packet.modulated = (*packet.modulated, state.id)
        if self.keep:
            self.model.serial = serial
            self.model.states[state.id] = state
            self.connection.states.append(state.id)

    def nat_port(self, packet: Packet, pool: Pool) -> int:
        """The source port behind a nat: the first free one, where pf takes a random one."""
        if pool.static_port or not packet.source_port or packet.proto == pools.KEEPS_PORTS:
            return packet.source_port
        low, high = (pool.port, pool.port_end or pool.port) if pool.port else pools.NAT_PORTS
        taken = {
            state.wire.port1
            for state in self.model.states.values()
            if (state.proto, state.wire.address1) == (packet.proto, packet.source)
        }
        return next((port for port in range(low, high + 1) if port not in taken), low)
