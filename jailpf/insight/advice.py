"""What lets through a packet of a jail that the main ruleset blocks, or whose answers find no way back: keys, and where they stand."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem
from jailpf.pf.simulated.rules.addresses import address_text

if TYPE_CHECKING:
    from jailpf.declare.rules import Service
    from jailpf.insight.world import World
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.pf.simulated import Connection
    from jailpf.pf.simulated.kernel.ask import Question
    from jailpf.pf.simulated.kernel.packet import Packet

OUTSIDE = {"inet": "198.51.100.7", "inet6": "2001:db8:ffff::7"}
"""Somebody."""


def advice(world: World, question: Question, found: Connection) -> list[Problem]:
    """What to write so that this packet gets through, no more than that; [] where no declaration is for it.

    A quick rule above the anchor line, or a [deny] of a jail, is meant: nothing is said against it.
    """
    sender = world.jails.get(question.sender.removeprefix("jail:")) if question.sender.startswith("jail:") else None
    asks = _loaded(world, sender) if sender else question.sender == "host"
    if not asks or "it would get through with" in found.reason:
        return []
    if sender and found.verdict == "unanswered" and "no nat rule translates it" in found.reason:
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
            if not _loaded(world, one) or (sender and name == sender.jail.name):
                return []
            return _to_jail(sender, one, packet) if sender else _from_host(one, packet)
    if any(address_text(own.family, own.number) == address for own in world.pf.topology.owners()):
        found_there = _published(world, address, packet) if not (sender and sender.jail.vnet) else []
        what = f"{sender.jail.name} may not open this connection to the host itself" if sender else ""
        return found_there or ([_out(sender, f'"{address}"', packet, what)] if sender else [])
    return [_out(sender, f'"{address}"', packet, f"{sender.jail.name} may not open this connection")] if sender else []


def _published(world: World, address: str, packet: Packet) -> list[Problem]:
    """Of a service that everybody outside reaches at that address: it is redirected there by the cards that they come in by."""
    outside = OUTSIDE[packet.family]
    try:
        seen = world.pf.connect(packet.proto, outside, address, packet.destination_port, sender="outside", keep=False)
    except JailpfError:
        return []
    target = world.jails.get(seen.delivered_to) if seen else None
    rdr = next((step.deciding for step in seen.steps if step.phase == "rdr" and step.deciding), None)
    source = world.source(rdr.path, rdr.text) if rdr and target and not target.jail.vnet else None
    if source is None or target is None or not source.name.startswith("service."):
        return []
    service = next((one for one in target.services.services if f"service.{one.name}" == source.name), None)
    if service is None or getattr(service.types.get("rdr"), "hairpin", True):
        return []
    what = f"{service.name} of {source.jail} is redirected for those outside only, not for the host and its jails"
    remedy = f"rdr = {{ hairpin = true }} in [{source.name}] of {target.services.document.file} redirects them, too"
    return [Problem(what, None, remedy)]


def _from_host(target: Prepared, packet: Packet) -> list[Problem]:
    """By `from` of the service."""
    service = next((one for one in target.services.services if _offers(one, packet)), None)
    if service is None:
        return []
    if any(one.kind == "host" or one.negated for one in service.source) or getattr(
        service.types.get("allow"), "source", None
    ):
        return []
    listed = ", ".join(f'"{word}"' for word in [*(map(str, service.source) if service.source else ["any"]), "host"])
    key = ("service", service.name, *(["from"] if service.source else []))
    what = f"{service.name} of {target.jail.name} is not for the host itself"
    return [Problem(what, target.services.place(*key), f"write from = [{listed}]")]


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
