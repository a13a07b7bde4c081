"""One packet on one interface in one direction: state, translation, filter, new state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import limits
from jailpf.pf.simulated.kernel.connection import Connection, Step
from jailpf.pf.simulated.kernel.decide import Decision, Kernel, match_of
from jailpf.pf.simulated.kernel.neighbours import obstacle
from jailpf.pf.simulated.kernel.state import Key, State
from jailpf.pf.simulated.rules.rule import BITS, Host, Pool
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.packet import Packet

NAT_PORTS = (50001, 65535)  # pf.conf(5): the ports that nat takes unless static-port or a port range is given
PACKET_BYTES = 60


class Hopper:
    """Takes the packet of one connection through pf, interface by interface, and writes down the steps.

    `keep`: make states and count; otherwise only ask. `made` collects the states with the rule of each.
    """

    def __init__(self, kernel: Kernel, packet: Packet, connection: Connection, now: float, keep: bool) -> None:
        self.kernel, self.model, self.packet = kernel, kernel.model, packet
        self.connection, self.now, self.keep = connection, now, keep
        self.made: list[tuple[State, Flat]] = []

    def hop(self, interface: str, direction: str) -> bool:
        """Let pf see the packet there. False when it ends there; then the connection has its verdict."""
        packet = self.packet
        packet.interface, packet.direction = interface, direction
        matcher = self.kernel.matcher
        if not self.model.enabled or any(matcher.interface(name, interface) for name in self.model.skips):
            self._step("skip", "pass", note="set skip" if self.model.enabled else "pf is disabled")
            return True
        state = self._state()
        if state is not None:
            self._follow(state)
            return True
        before = self._ends()
        passes = None
        translated = False
        for section in ("binat", "nat") if direction == "out" else ("rdr", "binat"):
            decision = self.kernel.translate(packet, section)
            if decision.matches or decision.doubts:
                self._decided(section, decision)
            packet.tag = decision.tag
            if decision.verdict == "unknown":
                return self._end("unknown", _doubtful(decision))
            if decision.flat is not None:
                passes = self._translate(decision.flat)
                translated = True
                break
        if passes is not None:
            return self._keep(before, None, "keep state")
        decision = self.kernel.filter(packet)
        self._decided("filter", decision)
        packet.tag = decision.tag
        if decision.verdict == "unknown":
            return self._end("unknown", _doubtful(decision))
        if decision.verdict == "block":
            return self._end("block", _blocked(decision))
        flat = decision.flat
        rule = flat.rule if flat else None
        how = rule.state if rule and rule.state else "no state"
        # pf.c keeps state whenever a translation rule matched: nothing else could translate the reply.
        how = "keep state" if translated and how == "no state" else how
        return self._neighbours() and self._keep(before, flat, how)

    def _neighbours(self) -> bool:
        packet = self.packet
        if packet.family != "inet6":
            return True
        found = obstacle(Kernel(self.model), packet.interface)
        if found is None:
            return True
        self._decided("neighbour", found)
        if found.verdict == "unknown":
            return self._end("unknown", _doubtful(found))
        reason = f"neighbour discovery on {packet.interface} is blocked; pass inet6 proto icmp6"
        return self._end("unreachable", reason)

    def _translate(self, flat: Flat) -> Flat | None:
        """Change the packet as the rule says; the rule itself when it also passes the packet."""
        rule, packet = flat.rule, self.packet
        pool = rule.pool
        if pool is not None:
            if rule.action == "rdr":
                packet.destination = self._from_pool(pool, flat.path, packet.destination)
                packet.destination_port = _rdr_port(flat, packet.destination_port)
            elif rule.action == "binat" and packet.direction == "in":
                packet.destination = rule.source.low + packet.destination - pool.hosts[0].low
            elif rule.action == "binat":
                packet.source = pool.hosts[0].low + packet.source - rule.source.low
            else:
                packet.source = self._from_pool(pool, flat.path, packet.source)
                packet.source_port = self._nat_port(pool)
        return flat if rule.passes else None

    def _from_pool(self, pool: Pool, path: str, original: int) -> int:
        """The pool's first address of the family; what a pool does with more than one is not simulated."""
        for host in pool.hosts:
            for member in self._members(host, path):
                if member.family == self.packet.family:
                    width = BITS[member.family] - member.prefix
                    return member.low + (original & ((1 << width) - 1) if pool.type == "bitmask" else 0)
        return original

    def _members(self, host: Host, path: str) -> list[Host]:
        if host.kind == "table":
            table = self.model.table(path, host.name)
            return sorted(table.entries, key=lambda h: h.low) if table else []
        return self.kernel.matcher.dynamic(host.name) if host.kind == "dynamic" else [host]

    def _nat_port(self, pool: Pool) -> int:
        packet = self.packet
        if pool.static_port or not packet.source_port:
            return packet.source_port
        low, high = (pool.port, pool.port_end) if pool.port else NAT_PORTS
        taken = {
            state.wire.port1
            for state in self.model.states.values()
            if (state.proto, state.wire.address1) == (packet.proto, packet.source)
        }
        return next((port for port in range(low, high + 1) if port not in taken), low)

    def _ends(self) -> Key:
        packet = self.packet
        source, destination = (
            (packet.source, packet.source_port),
            (packet.destination, packet.destination_port),
        )
        return Key(*source, *destination) if packet.direction == "in" else Key(*destination, *source)

    def _state(self) -> State | None:
        """The state that the packet belongs to: by the wire side when it comes in, by the stack side when it
        goes out.
        """
        key, packet = self._ends(), self.packet
        for state in self.model.states.values():
            side = state.wire if packet.direction == "in" else state.stack
            if side == key and (state.proto, state.family) == (packet.proto, packet.family):
                return state
        return None

    def _follow(self, state: State) -> None:
        packet = self.packet
        if packet.direction == "in":
            packet.source, packet.source_port, packet.destination, packet.destination_port = state.stack
        else:
            packet.destination, packet.destination_port, packet.source, packet.source_port = state.wire
        packet.tag = state.tag or packet.tag
        self._step("state", "pass", note=state.id)

    def _keep(self, before: Key, flat: Flat | None, how: str) -> bool:
        """Make the state that the rule asks for; False when a limit forbids it."""
        rule = f"{self.model.rulesets[flat.path].serial}:{flat.path}:{flat.key}" if flat else ""
        reason = limits.refusal(self.model, flat, rule, self.packet) if flat else ""
        if flat and reason:
            self._step("limit", "block", note=reason, deciding=flat)
            return self._end("block", f"{reason} of {match_of(flat).text}")
        if not self.keep:
            return True
        ruleset = self.model.rulesets[flat.path] if flat else None
        if ruleset and flat and flat.rule.labels:
            ruleset.count(flat.key, 0, 1, PACKET_BYTES, int(how != "no state"))
        if how == "no state":
            return True
        packet = self.packet
        self.model.serial += 1
        wire, stack = (before, self._ends()) if packet.direction == "in" else (self._ends(), before)
        state = State(
            f"{self.model.serial:016x}",
            packet.family,
            packet.proto,
            packet.direction,
            packet.interface,
            wire,
            stack,
            rule,
            flat.rule.labels if flat else (),
            limits.tracking(flat.rule.options, rule) if flat else "",
            packet.tag,
            self.now,
        )
        self.model.states[state.id] = state
        self.connection.states.append(state.id)
        if flat:
            self.made.append((state, flat))
        return True

    def _decided(self, phase: str, decision: Decision) -> None:
        rules = tuple(match_of(flat) for flat in [*decision.matches, *decision.doubts])
        deciding = match_of(decision.flat) if decision.flat else None
        note = f"tag {decision.tag}" if decision.tag else ""
        self._add(Step(self.packet.interface, self.packet.direction, phase, decision.verdict, rules, deciding, note))

    def _step(self, phase: str, verdict: str, note: str = "", deciding: Flat | None = None) -> None:
        match = match_of(deciding) if deciding else None
        self._add(Step(self.packet.interface, self.packet.direction, phase, verdict, (), match, note))

    def _add(self, step: Step) -> None:
        self.connection.steps.append(step)

    def _end(self, verdict: str, reason: str) -> bool:
        self.connection.verdict, self.connection.reason = verdict, reason
        self.connection.blocked = self.packet
        return False


def _rdr_port(flat: Flat, port: int) -> int:
    """Where `port a:b -> X port c:*` sends a port (facts.md: 6003 of 6000:6010 goes to 7003 of 7000:*)."""
    pool, ports = flat.rule.pool, flat.rule.destination_port
    if pool is None or not pool.port:
        return port
    width = (pool.port_end - pool.port + 1) if pool.port_end else 1
    offset = (port - (ports.low if ports else 0)) % width if width > 0 else 0
    moved = pool.port + offset
    return moved - 65535 if moved > 65535 else moved


def _blocked(decision: Decision) -> str:
    if decision.flat is None:
        return "block"
    found = match_of(decision.flat)
    return f"{found.text} ({found.path or 'main ruleset'}, line {found.line})"


def _doubtful(decision: Decision) -> str:
    """Which rules keep pf's answer unknown, and why."""
    reasons = []
    for flat in decision.doubts:
        rule = flat.rule
        place = f"{flat.path or 'main ruleset'}, line {rule.line}"
        known = "another routing table" if rule.rtable else "a table whose content is not known"
        why = "the simulated pf does not know it" if rule.action == "unknown" else known
        reasons.append(f"{rule_text(rule)} ({place}): {why}")
    return f"cannot say: {'; '.join(reasons)}"
