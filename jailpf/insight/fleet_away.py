"""What many hosts send beyond them, from what `jailpf reach --json` printed on each, and the promises about that."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.insight.away import Out
from jailpf.insight.fleet_words import PORTS, fields_of, holds, within

if TYPE_CHECKING:
    from jailpf.declare.promises import Promise, Whom

_LISTS = ("senders", "sources", "families", "to", "ports", "seen", "doubts")
_FLAGS = ("routed", "own_port", "answered", "untranslated")


class Sends(NamedTuple):
    """What one host and its jails send beyond it."""

    host: str
    row: Out


def out_of(data: dict[str, Any]) -> Out:
    """A row. Raises ValueError, KeyError, TypeError for what `reach` never printed."""
    made = fields_of(data, Out._fields, _LISTS, _FLAGS)
    if not made["to"] or not all(map(PORTS.fullmatch, made["ports"])):
        raise ValueError("ports")
    return Out(**made)


def breaks(promise: Promise, out: Out) -> bool:
    """Whether a `never` forbids some of it."""
    names = {{"icmp6": "icmp"}.get(name, name) for name in promise.proto.names} if promise.proto else ()
    if (
        (out.proto not in names)
        if names
        else (out.proto not in ("tcp", "udp") if promise.port else out.proto == "icmp")
    ):
        return False
    there = promise.port and out.ports and not out.instead  # a rdr may send it to any port
    if there and not any(holds(word, port.first, port.last) for word in out.ports for port in promise.port):
        return False
    senders = [name for name in out.senders if not any(_sent_by(whom, name) for whom in promise.but)]
    from_these = any(_sends(whom, senders, out) for whom in promise.source)
    return from_these and any(_gets(whom, out) for whom in promise.to)


def _sent_by(whom: Whom, sender: str) -> bool:
    name = sender.partition(" at ")[0]
    return whom.kind == "any" or (whom.kind == "host" if name == "host" else whom.is_jail(name))


def _sends(whom: Whom, senders: list[str], out: Out) -> bool:
    if whom.network is not None:
        return bool(senders) and any(within(source, str(whom.network)) for source in out.sources)
    return any(_sent_by(whom, name) for name in senders)


def _gets(whom: Whom, out: Out) -> bool:
    """Whether somebody who is meant is among the receivers, or may be: of "outside" all but what is left out."""
    if whom.network is None:
        return whom.kind in ("outside", "any")
    meant = str(whom.network)
    many = any(word == "outside" or word.startswith("@") for word in out.to)
    if out.instead or (many and whom.network.family in (out.families or ("inet", "inet6"))):
        return not any(_inside(meant, word[1:]) for word in out.to if word.startswith("!"))
    return any(within(word, meant) for word in out.to if not word.startswith(("!", "@")) and word != "outside")


def _inside(network: str, other: str) -> bool:
    mine, theirs = ip_network(network, strict=False), ip_network(other, strict=False)
    return mine.version == theirs.version and mine.subnet_of(theirs)  # type: ignore[arg-type]
