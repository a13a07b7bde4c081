"""The words of `jailpf trace`: [inet|inet6] PROTO from WHOM [port N] to WHOM [port N] [on IF], as in pf.conf(5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import UsageError
from jailpf.pf.simulated.kernel.ask import Question
from jailpf.pf.simulated.rules.addresses import parse_address
from jailpf.values import Address, Port, Protocol

if TYPE_CHECKING:
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Topology

USAGE = "PROTO from ADDRESS|jail NAME|host to ADDRESS|jail NAME|host|ext_ip4|ext_ip6 [port N] [on IF]"


def check(session: Session, words: list[str]) -> None:
    """Whether the words are a question at all, before anybody is asked. Raises UsageError."""
    written = _read(words)
    for end in (written.source, written.to):
        if end.word in ("jail", "host", "ext_ip4", "ext_ip6"):
            continue
        try:
            Address.parse(end.word)
        except ValueError as wrong:
            raise UsageError(str(wrong).partition("; ")[0], None, _meant(session, end.word)) from None


def _meant(session: Session, word: str) -> str:
    """What somebody asked about who wrote no address."""
    if word in ("any", "all", "*") or word.startswith("<") or "/" in word:
        return "trace asks about one packet: write one address, such as 192.0.2.7; who gets in from anywhere is `jailpf reach`"
    if word in session.jails.declared():
        return f"write jail {word}"
    if word in map(str, session.settings.host.ext_if) or word.startswith(("ext", "me", "self")):
        return "the host is ext_ip4 or ext_ip6"
    return f"jailpf trace {USAGE}"


def ask(world: World, session: Session, words: list[str]) -> Question:
    """Understand the words. Raises UsageError, NoJailError for a jail that is not declared, DeclarationError for one whose file is broken."""
    written = _read(words)
    topology = world.pf.topology
    for name in (written.source.jail, written.to.jail):
        if name and name not in topology.jails:
            raise session.jails.unknown(name, topology.jails)
    family = written.family or _family(topology, written.source, written.to)
    source = _end(written.source)
    to = _target(world, session, written, family)
    jail = written.source.jail
    if jail:
        source = _jail_address(topology, jail, family)
    elif source and not written.interface and (owner := topology.owners().get(parse_address(source))):
        jail = owner.jail  # its own address means the jail itself, unless it is borrowed outside (`on em0`)
    sender = f"jail:{jail}" if jail else "outside" if source and not _own(topology, source, written) else "host"
    interface = written.interface
    if sender == "outside" and not interface:
        interface = topology.arrival(parse_address(source), parse_address(to))
    return Question(written.proto, source, to, written.port, written.source_port, interface, sender)


class _Whom(NamedTuple):
    """One end as written: an address, host, ext_ip4 or ext_ip6; or "jail" and its name."""

    word: str = ""
    jail: str = ""


class _Written(NamedTuple):
    family: str
    proto: str
    source: _Whom
    to: _Whom
    port: int
    source_port: int
    interface: str


def _read(words: list[str]) -> _Written:
    rest = list(words)
    family = rest.pop(0) if rest[:1] in (["inet"], ["inet6"]) else ""
    try:
        proto = Protocol.parse(rest.pop(0) if rest else "")
    except ValueError as wrong:
        raise UsageError(f"{wrong}", None, f"jailpf trace {USAGE}") from None
    source, to, source_port, port, interface = _Whom(), _Whom(), 40000, 0, ""
    while rest:
        word = rest.pop(0)
        if word == "from" and rest:
            source = _whom(rest)
        elif word == "to" and rest:
            to = _whom(rest)
        elif word in ("from", "to", "port", "on") and not rest:
            raise UsageError(f"{word} what?", None, f"jailpf trace {USAGE}")
        elif word == "port" and to.word and port:
            raise UsageError("the port is named twice", None, f"jailpf trace {USAGE}")
        elif word == "port" and rest and to.word:
            port = _port(rest.pop(0))
        elif word == "port" and rest:
            source_port = _port(rest.pop(0))
        elif word == "on" and rest:
            interface = rest.pop(0)
        else:
            remedy = f"write port {word}" if word.isdigit() and to.word and not port else f"jailpf trace {USAGE}"
            raise UsageError(f"{word!r} is not understood here", None, remedy)
    if not to.word or not source.word:
        raise UsageError("a packet needs a sender and a receiver", None, f"jailpf trace {USAGE}")
    if len(proto.names) > 1:
        raise UsageError("one protocol at a time", None, f"ask about {' and about '.join(proto.names)}")
    if proto.has_ports and not port:
        if found := re.fullmatch(r"([^:]+):(\d+)", to.word):
            raise UsageError(f"{to.word!r} is not an address", None, f"write to {found[1]} port {found[2]}")
        raise UsageError(f"{proto} goes to a port", None, f"jailpf trace {USAGE}")
    return _Written(family, str(proto), source, to, port, source_port, interface)


def _whom(rest: list[str]) -> _Whom:
    word = rest.pop(0)
    if word == "jail":
        if not rest:
            raise UsageError("jail which?", None, f"jailpf trace {USAGE}")
        return _Whom(word, rest.pop(0))
    if word.startswith("jail:") and word[5:]:
        return _Whom("jail", word[5:])  # as declarations and promises write it
    return _Whom(word)


def _family(topology: Topology, *ends: _Whom) -> str:
    """The family of an address among the ends, else the first that all of them have."""
    common = ["inet", "inet6"]
    for end in ends:
        if end.word in ("ext_ip4", "ext_ip6"):
            return "inet" if end.word == "ext_ip4" else "inet6"
        if end.jail:
            have = {Address.parse(address).family for address in topology.jail(end.jail).addresses}
            common = [family for family in common if family in have]
        elif end.word != "host":
            return Address.parse(_address(end.word)).family
    return common[0] if common else "inet"


def _end(source: _Whom) -> str:
    return "" if source.jail or source.word == "host" else _address(source.word)


def _own(topology: Topology, source: str, written: _Written) -> bool:
    """Whether the source is the host's own, and nobody says that somebody outside borrows it."""
    owner = topology.owners().get(parse_address(source))
    return owner is not None and not owner.jail and not written.interface


def _target(world: World, session: Session, written: _Written, family: str) -> str:
    word, jail = written.to
    topology = world.pf.topology
    if jail:
        return _jail_address(topology, jail, family)
    if word == "host":
        return _host_address(topology, written.source, family)
    if word not in ("ext_ip4", "ext_ip6"):
        return _address(word)
    for peer in session.settings.host.outside("inet" if word == "ext_ip4" else "inet6"):
        if peer.network:
            return str(peer.network.net.network_address)
        if peer.table and (members := world.pf.read("").tables.get(peer.table)):
            return members[0].split("/")[0]
        if peer.interface:
            for host in topology.resolve(peer.word[1:-1]) or ():
                if host.family == ("inet" if word == "ext_ip4" else "inet6"):
                    return str(Address.parse(_text(host.low, host.family)))
    raise UsageError(
        f"{word} is not an address of this host", None, "write one, or check ext_ip4 and ext_ip6 in jailpf.toml"
    )


def _host_address(topology: Topology, source: _Whom, family: str) -> str:
    """The host as the sender knows it: before a vnet jail the address beside it, else the first of ext_if."""
    jail = topology.jails.get(source.jail)
    near = [jail.interface] if jail and jail.vnet else []
    for interface in (*near, topology.ext_if, *topology.interfaces):
        for host in topology.resolve(f"{interface}:0") or ():
            if host.family == family:
                return _text(host.low, family)
    raise UsageError(f"this host has no {family} address")


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
    several = UsageError(f"{word!r} is more than one port", None, "trace asks about one packet: write one of them")
    if "," in word or " " in word:
        raise several
    try:
        port = Port.parse(word)
    except ValueError as wrong:
        message, _, remedy = str(wrong).partition("; ")
        raise UsageError(message, None, remedy) from None
    if port.width > 1:
        raise several
    return port.first
