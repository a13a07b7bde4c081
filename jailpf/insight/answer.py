"""The answer to a question: what becomes of the packet, and in one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.nearest import nearest_nat
from jailpf.pf.simulated.rules.addresses import is_private, parse_address

if TYPE_CHECKING:
    from jailpf.insight.world import World
    from jailpf.pf.simulated import Connection, Simulated
    from jailpf.pf.simulated.kernel.ask import Question

VERBS = {
    "pass": "reaches",
    "block": "is blocked",
    "unreachable": "does not arrive",
    "unanswered": "gets no answer",
    "unknown": "cannot be determined",
}


def answered(world: World, question: Question) -> Connection:
    """What becomes of the connection. Raises UsageError."""
    found = _asked(world.pf, question)
    reason = _no_way_back(world.pf, found, question) if found.verdict == "pass" else ""
    if reason:
        return replace(found, verdict="unanswered", reason=reason)
    if found.verdict in ("block", "unanswered", "unreachable") and (why := _uncalled(world, question)):
        return replace(found, reason=f"{found.reason}; {why}")
    return found


def _asked(pf: Simulated, question: Question) -> Connection:
    return pf.connect(
        question.proto, question.source, question.to, question.port, source_port=question.source_port,
        interface=question.interface or None, sender=question.sender, keep=False,
    )  # fmt: skip


def _uncalled(world: World, question: Question) -> str:
    """The lines of pf.conf with which it would get through, "" where it is not for their lack that it does not."""
    from jailpf.pf.simulated.judged.calls import completed
    from jailpf.pf.simulated.kernel import ask

    with world.pf.opened() as model:
        whole, lines = completed(model, world.paths().__contains__)
    if not lines or ask.connect(whole, ask.Question(*question), world.pf.now(), False).verdict != "pass":
        return ""
    return f"it would get through with {' and '.join(f'`{line}`' for line in lines)} in pf.conf"


def _no_way_back(pf: Simulated, found: Connection, question: Question) -> str:
    """Why what left this host gets no answer: its source is private, and nothing translates it; "" for none."""
    topology = pf.topology
    try:
        source, to = parse_address(found.source), parse_address(found.address)
    except ValueError:
        return ""  # several, of a pool: public ones, or the administrator knows
    left = next((step.interface for step in reversed(found.steps) if step.direction == "out"), "")
    if not left or to in topology.owners() or is_private(to) or not is_private(source) or topology.network_of(to):
        return ""
    owner = topology.owners().get(source)
    beside = {topology.network_of(source), owner.interface if owner else ""} - {""}
    if beside & {left, topology.bridge_of(left)} or {topology.bridge_of(name) for name in beside} & {
        topology.bridge_of(left)
    } - {""}:
        return ""  # a network of the uplink itself: whoever routes it from there translates it there
    ports = (question.source_port, question.port) if question.port else (0, 0)
    packet = Packet(to.family, question.proto, source.number, ports[0], to.number, ports[1], left, "out")
    reason = f"{source} is private and no nat rule translates it on {left}, so replies never arrive"
    near = nearest_nat(pf, packet)
    if near is None:
        return reason
    place = f"{near.match.path or 'main ruleset'}, line {near.match.line}"
    return f"{reason}; nearest: {near.match.text} ({place}) differs in {' and '.join(near.differs)}"


def sentence(question: Question, found: Connection, verb: str = "") -> str:
    """ "reaches web at 172.16.15.16 port 80, which sees 203.0.113.1", or what else became of the packet, and why.

    verb: the first words, where they are to be coloured.
    """
    said = verb or VERBS[found.verdict]
    if found.verdict == "pass":
        said += f" {found.delivered_to}{_at(found)}{_seen(question, found)}"
    reason = found.reason.removeprefix("cannot say: ")
    return said + (f": {reason}" if reason else "")


def _at(found: Connection) -> str:
    at = f" at {found.address}" if found.address != found.delivered_to else ""
    return at + (f" port {found.port}" if found.port else "")


def _seen(question: Question, found: Connection) -> str:
    """The receiver's view of the sender, where a nat has changed it."""
    return f", which sees {found.source}" if found.renamed and found.source not in ("", question.source) else ""


def behind_rdr(found: Connection) -> str:
    """For a packet that was redirected and then blocked: what the filter saw; "" for any other."""
    from jailpf.pf.simulated.rules.addresses import address_text

    packet = found.blocked
    if packet is None or not any(step.phase == "rdr" and step.verdict == "translate" for step in found.steps):
        return ""
    port = f" port {packet.destination_port}" if packet.destination_port else ""
    return f"the filter sees the address after the rdr: {address_text(packet.family, packet.destination)}{port}"
