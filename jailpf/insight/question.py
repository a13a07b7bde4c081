"""The words of `jailpf trace`: [inet|inet6] PROTO from WHOM [port N] to WHOM [port N] [on IF], as in pf.conf(5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import NoJailError, UsageError
from jailpf.values import Address, Port, Protocol
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Topology

USAGE = "PROTO from ADDRESS|jail NAME|host to ADDRESS|jail NAME|ext_ip4|ext_ip6 [port N] [on IF]"


class Question(NamedTuple):
    """What was asked, with addresses."""

    proto: str
    source: str
    to: str
    port: int
    source_port: int
    interface: str
    sender: str

    def __str__(self) -> str:
        whom = {"outside": self.source, "host": "the host"}.get(
            self.sender, f"{self.sender.replace(':', ' ')} {self.source}"
        )
        port = f" port {self.port}" if self.port else ""
        return f"{self.proto} from {whom} to {self.to}{port}"


def ask(world: World, session: Session, words: list[str]) -> Question:
    """Understand the words. Raises UsageError, and NoJailError for a jail that is not declared."""
    rest = list(words)
    family = rest.pop(0) if rest[:1] in (["inet"], ["inet6"]) else ""
    try:
        proto = Protocol.parse(rest.pop(0) if rest else "")
    except ValueError as wrong:
        raise UsageError(f"{wrong}", None, f"jailpf trace {USAGE}") from None
    source, source_port, to, port, interface, on_jail, to_jail = "", 40000, "", 0, "", "", ""
    while rest:
        word = rest.pop(0)
        if word == "from" and rest:
            source, on_jail = _whom(rest)
        elif word == "to" and rest:
            to, to_jail = _whom(rest)
        elif word == "port" and rest and to:
            port = _port(rest.pop(0))
        elif word == "port" and rest:
            source_port = _port(rest.pop(0))
        elif word == "on" and rest:
            interface = rest.pop(0)
        else:
            raise UsageError(f"{word!r} is not understood here", None, f"jailpf trace {USAGE}")
    if not to or not source:
        raise UsageError("a packet goes from somewhere to somewhere", None, f"jailpf trace {USAGE}")
    if len(proto.names) > 1:
        raise UsageError("one protocol at a time")
    if proto.has_ports and not port:
        raise UsageError(f"{proto} goes to a port", None, f"jailpf trace {USAGE}")
    family = family or _family(source) or _family(to) or "inet"
    topology = world.pf.topology
    sender = "host" if source == "host" else f"jail:{on_jail}" if on_jail else "outside"
    for name in (on_jail, to_jail):
        if name and name not in topology.jails:
            raise NoJailError(f"no jail {name!r} is declared", None, did_you_mean(name, topology.jails))
    begin = _jail_address(topology, on_jail, family) if on_jail else "" if source == "host" else _address(source)
    return Question(
        str(proto), begin, _target(world, session, to, to_jail, family), port, source_port, interface, sender
    )


def _whom(rest: list[str]) -> tuple[str, str]:
    """(word, name of a jail)."""
    word = rest.pop(0)
    if word == "jail":
        if not rest:
            raise UsageError("jail which?", None, f"jailpf trace {USAGE}")
        return word, rest.pop(0)
    return word, ""


def _family(word: str) -> str:
    if word in ("ext_ip4", "ext_ip6"):
        return "inet" if word == "ext_ip4" else "inet6"
    try:
        return Address.parse(word).family
    except ValueError:
        return ""


def _target(world: World, session: Session, word: str, jail: str, family: str) -> str:
    if jail:
        return _jail_address(world.pf.topology, jail, family)
    if word not in ("ext_ip4", "ext_ip6"):
        return _address(word)
    for peer in session.settings.host.outside("inet" if word == "ext_ip4" else "inet6"):
        if peer.network:
            return str(peer.network.net.network_address)
        if peer.table and (members := world.pf.read("").tables.get(peer.table)):
            return members[0].split("/")[0]
        if peer.interface:
            for host in world.pf.topology.resolve(peer.word[1:-1]) or ():
                if host.family == ("inet" if word == "ext_ip4" else "inet6"):
                    return str(Address.parse(_text(host.low, host.family)))
    raise UsageError(
        f"{word} is no address of this host", None, "name one, or look at ext_ip4 and ext_ip6 of jailpf.toml"
    )


def _text(number: int, family: str) -> str:
    import ipaddress

    return str(ipaddress.IPv4Address(number) if family == "inet" else ipaddress.IPv6Address(number))


def _jail_address(topology: Topology, jail: str, family: str) -> str:
    for address in topology.jail(jail).addresses:
        if Address.parse(address).family == family:
            return address
    raise UsageError(f"{jail} has no {family} address")


def _address(word: str) -> str:
    try:
        return str(Address.parse(word))
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None


def _port(word: str) -> int:
    try:
        port = Port.parse(word)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    if port.width > 1:
        raise UsageError("one port at a time")
    return port.first
