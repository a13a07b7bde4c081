"""The ports that the host itself listens on: a service that is published there takes them from it without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.lifecycle.checks.resolve import resolver
from jailpf.system import sockets
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.system.sockets import Listener
    from jailpf.values import Peer


def listening(session: Session) -> list[Listener]:
    """What sockstat(1) shows, once in a command; sshd(8) alone where nobody can be asked, and nothing with the simulated pf."""
    if session.settings.pf == "simulated":
        return []
    if session.listeners is None:
        session.listeners = sockets.listening(session.settings.programs["sockstat"])
    return session.listeners


def taken(session: Session, prepared: Prepared) -> list[Problem]:
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
        for one in listening(session):
            for rule in rules if one.address not in own else ():
                if (rule.service, one.port) not in found and _takes(rule, one, resolve):
                    remedy = 'use another port outside, rdr = { port = 2222 }, or another address, rdr = { to = "..." }'
                    what = f"{rule.service} redirects {one.proto} port {one.port} of the host, where {one.who} listens"
                    found[rule.service, one.port] = Problem(what, rule.place, remedy)
    return list(found.values())


def _takes(rule: Rule, one: Listener, resolve: Callable[[Peer], tuple[Network, ...] | None]) -> bool:
    if rule.proto and one.proto not in rule.proto.names:
        return False
    if rule.port and not any(port.first <= one.port <= port.last for port in rule.port):
        return False
    if one.address is None:
        return ("6" if rule.family == "inet6" else "4") in one.families
    if one.address.family != rule.family:
        return False
    for peer in rule.to:
        networks = resolve(peer)
        if peer.kind == "any" or any(one.address.within(network) for network in networks or ()):
            return True
    return not rule.to
