"""What lets through a packet of a jail that the main ruleset blocks, or whose answers find no way back: keys, and where they stand."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.pf.simulated.rules.addresses import address_text

if TYPE_CHECKING:
    from jailpf.declare.rules import Service
    from jailpf.insight.world import World
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.pf.simulated import Connection
    from jailpf.pf.simulated.kernel.ask import Question
    from jailpf.pf.simulated.kernel.packet import Packet


def advice(world: World, question: Question, found: Connection) -> list[Problem]:
    """What to write so that this packet gets through, no more than that; [] where no declaration is for it.

    A quick rule above the anchor line, or a [deny] of a jail, is meant: nothing is said against it.
    """
    sender = world.jails.get(question.sender.removeprefix("jail:")) if question.sender.startswith("jail:") else None
    if sender is None or "it would get through with" in found.reason or not _loaded(world, sender):
        return []
    if found.verdict == "unanswered" and "no nat rule translates it" in found.reason:
        return [
            Problem(
                f"no nat rule translates what {sender.jail.name} sends",
                None,
                "`nat` in [host] of jailpf.toml translates all jails; a [nat.NAME] in "
                f"{sender.services.document.file} translates this one",
            )
        ]
    packet = found.blocked
    deciding = found.steps[-1].deciding if found.steps else None
    if found.verdict != "block" or packet is None or (deciding and (deciding.path or " quick " in f"{deciding.text} ")):
        return []
    address = address_text(packet.family, packet.destination)
    for name, one in world.jails.items():
        if any(str(each) == address for each in one.jail.addresses):
            return _to_jail(sender, one, packet) if name != sender.jail.name and _loaded(world, one) else []
    if any(address_text(own.family, own.number) == address for own in world.pf.topology.owners()):
        return []
    return [_out(sender, f'"{address}"', packet, f"{sender.jail.name} may not open this connection")]


def _loaded(world: World, one: Prepared) -> bool:
    """Whether what a jail declares is asked: else it may say already what is missing."""
    return {anchor.path for anchor in one.ruleset.anchors if anchor.text.strip()} <= set(world.pf.anchors())


def _to_jail(sender: Prepared, target: Prepared, packet: Packet) -> list[Problem]:
    """By `from` of the service, or by [out] of the sender."""
    name = sender.jail.name
    service = next((one for one in target.services.services if _offers(one, packet)), None)
    if service is None:
        what = f"{target.jail.name} declares no service there"
        return [Problem(what, None, f"declare one in {target.services.document.file}")]
    peers = service.source
    if any(one.jail and fnmatchcase(name, one.jail) for one in peers):
        return []
    what = f"{service.name} of {target.jail.name} is not for the jail {name}"
    allow = service.types.get("allow")
    if not peers or any(one.negated or one.kind == "any" for one in peers) or getattr(allow, "source", None):
        return [_out(sender, f'"jail:{target.jail.name}"', packet, what)]  # another name would not go beside these
    listed = ", ".join(f'"{word}"' for word in [*map(str, peers), f"jail:{name}"])
    place = target.services.place("service", service.name, "from")
    return [Problem(what, place, f"write from = [{listed}]")]


def _out(sender: Prepared, to: str, packet: Packet, what: str) -> Problem:
    proto = {"ipv6-icmp": "icmp6"}.get(packet.proto, packet.proto)
    port = f", port = {packet.destination_port}" if packet.destination_port else ""
    remedy = f'[out.NAME] in {sender.services.document.file} lets it out: to = {to}, proto = "{proto}"{port}'
    return Problem(what, None, remedy)


def _offers(service: Service, packet: Packet) -> bool:
    proto = {"ipv6-icmp": "icmp6"}.get(packet.proto, packet.proto)
    ports = service.port
    return (
        proto in service.proto.names
        and service.family in ("", packet.family)
        and (not ports or any(one.first <= packet.destination_port <= one.last for one in ports))
    )
