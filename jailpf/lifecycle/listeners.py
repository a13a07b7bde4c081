"""The ports that the host itself listens on: a service that is published there takes them from it without a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import JailpfError, Problem
from jailpf.lifecycle.conflicts import resolver
from jailpf.system import programs
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.values import Peer

_LINE = re.compile(r"^\S+\s+(?P<who>\S+)\s+\S+\s+\S+\s+(?P<proto>tcp|udp)(?:4|6|46)\s+(?P<address>\S+):(?P<port>\d+)\s")


class Listener(NamedTuple):
    """A program that listens. address: None for all of the host's."""

    who: str
    proto: str
    address: Network | None
    port: int


SSHD = Listener("sshd", "tcp", None, 22)


def listening(session: Session) -> list[Listener]:
    """What sockstat(1) shows; sshd(8) alone where nobody can be asked, and nothing with the simulated pf."""
    if session.settings.pf == "simulated":
        return []
    try:
        text = programs.run(session.settings.programs["sockstat"], "-4", "-6", "-l")
    except JailpfError:
        return [SSHD]
    return list(_listeners(text))


def _listeners(text: str) -> Iterator[Listener]:
    for line in text.splitlines():
        if not (found := _LINE.match(line)):
            continue
        word = found["address"].strip("[]").split("%")[0]
        try:
            address = None if word == "*" else Network.parse(word)
        except ValueError:
            continue
        yield Listener(found["who"], found["proto"], address, int(found["port"]))


def taken(session: Session, prepared: Prepared, known: Iterable[Listener] | None = None) -> list[Problem]:
    """A warning for each service that takes a port of the host and does not say so by an outside port of its own."""
    silent = {
        one.name
        for one in prepared.services.services
        if "rdr" in one.types and not getattr(one.types["rdr"], "port", ())
    }
    rules = [rule for rule in prepared.ruleset.rules if rule.action == "rdr" and rule.service in silent]
    own = {Network.parse(str(one)) for one in prepared.jail.addresses}
    found: dict[tuple[str, int], Problem] = {}
    if rules:
        resolve = resolver(session)
        for one in listening(session) if known is None else known:
            for rule in rules if one.address not in own else ():
                if (rule.service, one.port) not in found and _takes(rule, one, resolve):
                    remedy = 'another outside: rdr = { port = 2222 }, or another address: rdr = { to = "..." }'
                    what = f"{rule.service} takes {one.proto} port {one.port} from the host, where {one.who} listens"
                    found[rule.service, one.port] = Problem(what, rule.place, remedy)
    return list(found.values())


def _takes(rule: Rule, one: Listener, resolve: Callable[[Peer], tuple[Network, ...] | None]) -> bool:
    if rule.proto and one.proto not in rule.proto.names:
        return False
    if rule.port and not any(port.first <= one.port <= port.last for port in rule.port):
        return False
    if one.address is None:
        return True
    if one.address.family != rule.family:
        return False
    for peer in rule.to:
        networks = resolve(peer)
        if peer.kind == "any" or any(one.address.within(network) for network in networks or ()):
            return True
    return not rule.to
