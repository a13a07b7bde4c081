"""One packet on one interface in one direction: state, translation, filter, new state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import limits, pools, tell
from jailpf.pf.simulated.kernel.connection import Step
from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.neighbours import solicitations
from jailpf.pf.simulated.kernel.states import States, packet_key

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.choices import Choices
    from jailpf.pf.simulated.kernel.connection import Connection
    from jailpf.pf.simulated.kernel.decide import Decision, Kernel
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.kernel.state import Key
    from jailpf.pf.simulated.rules.rule import Pool

PACKET_BYTES = 60
Ends = tuple[int, int, int, int]


class StoppedError(Exception):
    """A packet goes no further. verdict: block, unreachable or unknown; refused: the ends of the packet as it came, when
    pf has answered its sender.
    """

    def __init__(self, verdict: str, reason: str, packet: Packet, refused: Ends | None = None) -> None:
        super().__init__(reason)
        self.verdict, self.reason, self.packet, self.refused = verdict, reason, packet, refused


class Hopper:
    """Takes the packets of one connection through pf, interface by interface, and writes down the steps.

    `keep`: make lasting states and count; otherwise only ask. `choices`: what is taken where only FreeBSD could say.
    """

    def __init__(self, kernel: Kernel, connection: Connection, now: float, keep: bool, choices: Choices) -> None:
        self.kernel, self.model = kernel, kernel.model
        self.connection, self.choices = connection, choices
        self.states = States(self.model, connection, now, keep)
        self.keep = keep
        self.packet_name = "first"
        self.neighbourly: set[str] = set()

    def hop(self, packet: Packet, interface: str, direction: str) -> str:
        """Let pf see the packet there, and change it as pf does. The interface that route-to or reply-to sends it to,
        "" for none. Raises StoppedError when the packet ends there.
        """
        packet.interface, packet.direction = interface, direction
        matcher = self.kernel.matcher
        if not self.model.enabled or any(matcher.interface(name, interface) for name in self.model.skips):
            self._step(packet, "skip", "pass", note="set skip" if self.model.enabled else "pf is disabled")
            return ""
        state = self.states.find(packet)
        if state is not None:
            self._step(packet, "state", "pass", note=state.id)
            return self.states.follow(packet, state)
        was = packet.ends()
        before = packet_key(packet)
        translation = self._translate(packet)
        if translation is not None and translation.rule.passes:
            self.states.add(packet, before, None)
            return ""
        flat, translation = self._filter(packet, was, translation)
        how = flat.rule.state if flat and flat.rule.state else "no state"
        # pf.c keeps state whenever a translation rule matched: nothing else could translate the reply.
        how = "keep state" if translation is not None and how == "no state" else how
        self._neighbours(packet)
        return self._keep(packet, before, flat, how)

    def _translate(self, packet: Packet) -> Flat | None:
        """What nat, rdr or binat make of the packet; the rule that did. What changes nothing is no translation (pf_lb.c of
        15.1, pf_get_transaddr).
        """
        before = packet.ends()
        for section in ("binat", "nat") if packet.direction == "out" else ("rdr", "binat"):
            decision = self._choose(packet, section, self.kernel.translate(packet, section))
            packet.tag = decision.tag
            flat = decision.flat
            if flat is not None and flat.rule.pool is not None:
                self._apply(packet, flat, flat.rule.pool, source=packet.direction == "out")
                renumbered = section == "nat" and packet.proto == "icmp"  # the id of an echo
                return flat if renumbered or packet.ends() != before else None
        return None

    def _apply(self, packet: Packet, flat: Flat, pool: Pool, source: bool) -> None:
        """Change the source, or the destination."""
        rule = flat.rule
        self.connection.renamed |= source
        if rule.action == "binat" and packet.direction == "in":
            packet.destination = rule.source.low + packet.destination - pool.hosts[0].low
        elif rule.action == "binat":
            packet.source = pool.hosts[0].low + packet.source - rule.source.low
        elif not source:
            packet.destination = self._from_pool(packet, flat, pool, packet.destination)
            packet.destination_port = pools.rdr_port(flat, pool, packet)
        else:
            packet.source = self._from_pool(packet, flat, pool, packet.source)
            packet.source_port = self.states.nat_port(packet, pool)

    def _from_pool(self, packet: Packet, flat: Flat, pool: Pool, original: int) -> int:
        found = pools.addresses(self.kernel.matcher, pool, flat.path, packet.family, original)
        if not found:
            raise StoppedError("block", f"{match_of(flat).text} has no address to translate to", packet)
        return found[self.choices.pick(len(found))] if len(found) > 1 else found[0]

    def _filter(self, packet: Packet, was: Ends, translation: Flat | None) -> tuple[Flat | None, Flat | None]:
        """The rule that passes the packet, None for the default, and the one that has translated it by then. Raises
        StoppedError when it is blocked.
        """
        done = [translation] if translation else []

        def change(flat: Flat) -> None:
            pool = flat.rule.nat_to or flat.rule.rdr_to
            if pool is None:
                return
            if done:
                self._step(packet, "filter", "block", deciding=flat)
                raise StoppedError("block", tell.twice(done[0], flat), packet)
            done.append(flat)
            self._apply(packet, flat, pool, source=flat.rule.nat_to is not None)

        decision = self._choose(packet, "filter", self.kernel.filter(packet, change))
        packet.tag = decision.tag
        flat = decision.flat
        if decision.verdict == "block" and flat is not None:
            raise StoppedError("block", tell.blocked(flat), packet, was if tell.refuses(flat.rule, packet) else None)
        if flat is not None:
            change(flat)
        return flat, done[0] if done else None

    def _choose(self, packet: Packet, section: str, decisions: list[Decision]) -> Decision:
        """The decision of this world. Raises StoppedError when nobody could say what it does."""
        decision = decisions[self.choices.pick(len(decisions))] if len(decisions) > 1 else decisions[0]
        self.connection.doubts += [flat for flat in decision.doubts if flat not in self.connection.doubts]
        if section == "filter" or decision.matches or decision.doubts:
            self._decided(packet, section, decision, len(decisions) > 1)
        if decision.verdict == "unknown":
            raise StoppedError("unknown", tell.doubtful(decision.doubts), packet)
        return decision

    def _neighbours(self, packet: Packet) -> None:
        """Raises StoppedError where IPv6 neighbours do not find each other on the interface of the packet."""
        interface = packet.interface
        if packet.family != "inet6" or interface in self.neighbourly:
            return
        self.neighbourly.add(interface)
        for question in solicitations(self.model.topology, interface):
            decisions = self.kernel.filter(question)
            if [decision.verdict for decision in decisions] == ["pass"]:
                continue
            decision = self._choose(question, "neighbour", decisions)
            if decision.verdict == "block":
                reason = f"neighbour discovery on {interface} is blocked; pass inet6 proto icmp6"
                raise StoppedError("unreachable", reason, packet)

    def _keep(self, packet: Packet, before: Key, flat: Flat | None, how: str) -> str:
        """Make the state that the rule asks for, and say where route-to sends the packet."""
        rule = self.states.rule_key(flat)
        reason = limits.refusal(self.model, flat, rule, packet) if flat else ""
        if flat and reason:
            self._step(packet, "limit", "block", note=reason, deciding=flat)
            raise StoppedError("block", f"{reason} of {match_of(flat).text}", packet)
        route = self._route(flat)
        ruleset = self.model.rulesets.get(flat.path) if flat else None
        if self.keep and ruleset and flat and flat.rule.labels:
            ruleset.count(flat.key, 0, 1, PACKET_BYTES, int(how != "no state"))
        if how != "no state":
            self.states.add(packet, before, flat, route, how)
        return route if flat and flat.rule.route == "route-to" else ""

    def _route(self, flat: Flat | None) -> str:
        if flat is None or flat.rule.route_pool is None:
            return ""
        found = list(dict.fromkeys(host.interface or host.name for host in flat.rule.route_pool.hosts))
        return found[self.choices.pick(len(found))] if len(found) > 1 else found[0]

    def _decided(self, packet: Packet, phase: str, decision: Decision, open_: bool) -> None:
        rules = tuple(match_of(flat) for flat in dict.fromkeys([*decision.matches, *decision.doubts]))
        deciding = match_of(decision.flat) if decision.flat else None
        note = f"tag {decision.tag}" if decision.tag else ""
        what = "unknown" if open_ else decision.verdict
        self.add(Step(packet.interface, packet.direction, phase, what, rules, deciding, note, self.packet_name))

    def _step(self, packet: Packet, phase: str, verdict: str, note: str = "", deciding: Flat | None = None) -> None:
        match = match_of(deciding) if deciding else None
        self.add(Step(packet.interface, packet.direction, phase, verdict, (), match, note, self.packet_name))

    def add(self, step: Step) -> None:
        """Write down a step of the packet that is on its way."""
        self.connection.steps.append(step)
