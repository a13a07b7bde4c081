"""The ports that the host itself listens on: a service that is published there takes them from it without a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import JailpfError, Problem
from jailpf.lifecycle.conflicts import resolver
from jailpf.system import programs
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.values import Peer

_LINE = re.compile(
    r"^(?P<user>\S+)\s+(?P<who>\S.*?)\s+(?:\d+|\?+)\s+(?:\d+|\?+)\s+(?P<proto>tcp|toe|udp|sctp)(?P<families>4|6|46)\s+(?P<address>\S+):(?P<port>\d+)\s"
)
_ASK = ("-4", "-6", "-l", "-w")  # without -w 15 cuts addresses short, and their ports away


class Listener(NamedTuple):
    """A program that listens. address: None for all of the host's, of the families "46" or one of them."""

    who: str
    proto: str
    address: Network | None
    port: int
    families: str = "46"


SSHD = Listener("sshd", "tcp", None, 22)
KERNEL = "the kernel"


def listening(session: Session) -> list[Listener]:
    """What sockstat(1) shows, once in a command; sshd(8) alone where nobody can be asked, and nothing with the simulated pf."""
    if session.settings.pf == "simulated":
        return []
    if session.listeners is None:
        session.listeners = _asked(session.settings.programs["sockstat"])
    return session.listeners


def _asked(sockstat: str) -> list[Listener]:
    """The host's own programs, which are in jail 0, and the kernel's sockets, which are nobody's: what a jail's program holds is no port of the host."""
    try:
        everybody = parse(programs.run(sockstat, *_ASK))
    except JailpfError:
        return [SSHD]
    try:
        host = parse(programs.run(sockstat, *_ASK, "-j", "0"))
    except JailpfError:
        return everybody
    return [*host, *(one for one in everybody if one.who == KERNEL)]


def parse(text: str) -> list[Listener]:
    """The listeners in the text of sockstat(1), of 13 to 15. Lines without a port are none."""
    found = []
    for line in text.splitlines():
        if not (read := _LINE.match(line + " ")):
            continue
        word = read["address"].strip("[]").split("%")[0]
        try:
            address = None if word == "*" else Network.parse(word)
        except ValueError:
            continue
        who = KERNEL if read["user"].startswith("?") else read["who"]
        found.append(Listener(who, read["proto"].replace("toe", "tcp"), address, int(read["port"]), read["families"]))
    return found


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
        return ("6" if rule.family == "inet6" else "4") in one.families
    if one.address.family != rule.family:
        return False
    for peer in rule.to:
        networks = resolve(peer)
        if peer.kind == "any" or any(one.address.within(network) for network in networks or ()):
            return True
    return not rule.to
