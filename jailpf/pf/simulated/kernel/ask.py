"""From the words of `connect` to a packet and its journey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import UsageError
from jailpf.pf.simulated.host.topology import Jail, Topology
from jailpf.pf.simulated.host.ways import NoWayError, UnknownWayError, way_out
from jailpf.pf.simulated.kernel.journey import LOCAL, Place
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.kernel.worlds import Worlds
from jailpf.pf.simulated.rules.addresses import Address, parse_address
from jailpf.pf.simulated.rules.words import PROTOCOL_NUMBERS, PROTOCOLS, WITH_PORTS

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.connection import Connection
    from jailpf.pf.simulated.kernel.model import Model


class Question(NamedTuple):
    """What was asked: addresses ("" for the sender's own), ports, where the packet appears ("" for the usual interface), and who
    sends it: outside, host or jail:NAME.
    """

    proto: str
    source: str
    to: str
    port: int
    source_port: int
    interface: str
    sender: str
    listens: bool = True

    def __str__(self) -> str:
        whom = {"outside": self.source, "host": "the host"}.get(
            self.sender, f"{self.sender.replace(':', ' ')} {self.source}"
        )
        port = f" port {self.port}" if self.port else ""
        return f"{self.proto} from {whom} to {self.to}{port}"


def connect(model: Model, question: Question, now: float, keep: bool) -> Connection:
    """Answer it. Raises UsageError, NoJailError."""
    topology = model.topology
    sender = _sender(question.sender, topology)
    if question.interface and question.interface not in topology.interfaces:
        raise UsageError(f"the simulated host has no interface {question.interface!r}")
    to = _address(question.to)
    source = _address(question.source) if question.source else _own(sender, to, topology)
    if source.family != to.family:
        raise UsageError(f"{source} and {to} are not of one family")
    proto = protocol(question.proto)
    if proto in WITH_PORTS:
        ports = question.source_port, question.port
    else:
        if question.port:
            raise UsageError(f"{proto} has no ports")
        ports = 0, 0
    if not all(0 <= port <= 65535 for port in ports):
        raise UsageError(f"{question.port} is no port")
    packet = Packet(to.family, proto, source.number, ports[0], to.number, ports[1])
    place = _place(sender, question, topology, source, to)
    return Worlds(model, packet, place, now, question.interface, question.listens).connect(keep)


def protocol(word: str) -> str:
    """A protocol's name as pf prints it, from its name or number. Raises UsageError."""
    number = int(word) if re.fullmatch(r"[0-9]{1,3}", word) else PROTOCOL_NUMBERS.get(word, 0)
    if not 0 < number < 256:
        raise UsageError(f"{word!r} is no protocol that the simulated pf knows")
    return PROTOCOLS.get(number, str(number))


def _sender(word: str, topology: Topology) -> Jail | str:
    if word in {"outside", "host"}:
        return word
    kind, _, name = word.partition(":")
    if kind != "jail" or not name:
        raise UsageError(f"a sender is outside, host or jail:NAME, not {word!r}")
    return topology.jail(name)


def _place(sender: Jail | str, question: Question, topology: Topology, source: Address, to: Address) -> Place:
    if sender == "outside":
        return Place("outside", question.interface or topology.arrival(source, to))
    if isinstance(sender, Jail) and sender.vnet:
        return Place("vnet", topology.side(sender, source))
    return LOCAL


def _own(sender: Jail | str, to: Address, topology: Topology) -> Address:
    """The sender's first address of the family."""
    if isinstance(sender, Jail):
        found = [parse_address(text) for text in sender.addresses]
    elif sender == "host":
        found = _host_addresses(to, topology)
    else:
        raise UsageError("a connection from outside needs the address of its source")
    for address in found:
        if address.family == to.family:
            return address
    name = sender.name if isinstance(sender, Jail) else sender
    raise UsageError(f"{name} has no address of the family of {to}")


def _host_addresses(to: Address, topology: Topology) -> list[Address]:
    """What the host itself sends from: to an address of its own that one, else the first of the interface by which it
    goes (facts-2.md, "Which source the host itself uses").
    """
    owner = topology.owners().get(to)
    if owner and not owner.vnet:
        return [to]
    try:
        way = way_out(topology, to)
    except (NoWayError, UnknownWayError):
        way = topology.ext_if
    hosts = [*(topology.resolve(f"{way}:0") or ()), *(topology.resolve(f"{topology.ext_if}:0") or ())]
    return [Address(host.family, host.low) for host in hosts]


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an address") from None
