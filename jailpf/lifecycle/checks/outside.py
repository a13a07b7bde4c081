"""Whether the outside is there that a declaration names: interfaces, addresses, and the jails that files are for.

pf takes rules for interfaces and addresses that nobody has, and nobody gets in by them. Only asked of a real host, and only
where ifconfig(8) answers.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from jailpf.declare.settings import PROGRAMS
from jailpf.errors import Problem
from jailpf.lifecycle.checks import silent
from jailpf.system import links
from jailpf.system.interfaces import Seen, seen
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule

SHOWN = 12


def nowhere(session: Session) -> list[Problem]:
    """What makes all rules idle: of the external interfaces of the settings this host has none."""
    host = this_host(session)
    if host is None or any(host.has(str(name)) for name in session.settings.host.ext_if):
        return []
    place = session.settings.place("host", "ext_if")
    return [
        Problem(
            f"this host has no interface {str(name)!r}, so nobody gets in or out by it",
            place,
            _instead(str(name), host),
        )
        for name in session.settings.host.ext_if
    ]


def missing(session: Session, prepared: Prepared) -> list[Problem]:
    """What of one jail's rules is about nothing on this host."""
    found: dict[str, Problem] = {}
    host = this_host(session)
    for rule in prepared.ruleset.rules:
        for key, problem in (*_own_address(prepared, rule), *_never(rule)):
            found.setdefault(key, problem)
        for key, problem in _of_rule(session, prepared, rule, host) if host else ():
            if f"never {key}" not in found:
                found.setdefault(key, problem)
    return list(found.values())


def needs(session: Session, prepared: Prepared) -> list[str] | None:
    """What the host must have for all this to hold, as a plan keeps it; None where only ifconfig(8) can tell."""
    host = this_host(session)
    rules = prepared.ruleset.rules
    wanted = silent.cards(prepared) | silent.logs(prepared)
    names, addresses = dict.fromkeys(wanted), {}
    if host:
        named = [str(one) for rule in rules for one in rule.on]
        named += [peer.interface for rule in rules for peer in (*rule.source, *rule.to) if peer.interface]
        for name in (*map(str, session.settings.host.ext_if), *named):
            names |= dict.fromkeys(host.behind(name))
        words = [str(peer.network) for rule in rules if rule.action == "rdr" for peer in rule.to if peer.network]
        addresses = dict.fromkeys(word for word in words if word in host.addresses)
    if (names or addresses) and not links.there(names, addresses):
        return None
    return [*(f"link {name}" for name in names), *(f"address {word}" for word in addresses)]


def this_host(session: Session) -> Seen | None:
    """The host, where it is one: another system's ifconfig(8) says nothing about where pf is."""
    settings = session.settings
    elsewhere = settings.programs["ifconfig"] == PROGRAMS["ifconfig"] and platform.system() != "FreeBSD"
    if settings.pf != "pfctl" or elsewhere:
        return None
    host = session.__dict__.get("interfaces") or seen(session.settings.programs["ifconfig"])
    session.__dict__["interfaces"] = host
    return host if host.names else None


def _of_rule(session: Session, prepared: Prepared, rule: Rule, host: Seen) -> Iterator[tuple[str, Problem]]:
    made_later = {prepared.jail.interface, *map(str, session.settings.host.ext_if)}
    for name in map(str, rule.on):
        if name not in made_later and not host.has(name):
            what = f"this host has no interface {name!r}, so a rule on it does nothing"
            yield name, Problem(what, rule.place, _instead(name, host, session.settings.host.uplinks))
    for peer in (*rule.source, *rule.to):
        if peer.interface and peer.interface not in (*made_later, "self") and not host.has(peer.interface):
            what = f"this host has no interface {peer.interface!r}, so {peer} matches nobody"
            yield peer.interface, Problem(what, rule.place, _instead(peer.interface, host))
    for peer in rule.to if rule.action == "rdr" else ():
        if peer.network and not peer.negated and peer.network.net.num_addresses == 1:
            word = str(peer.network)
            if word not in host.addresses and peer.network.net.network_address not in _own(prepared):
                mine = [
                    one
                    for one in host.addresses
                    if (":" in one) == (":" in word) and not one.startswith(("fe80", "127.", "::1"))
                ]
                what = f"no interface of this host has {word}, so nobody gets in by it unless a router sends it here"
                yield word, Problem(what, rule.place, f"it has {_some(mine)}")


def _own(prepared: Prepared) -> set[object]:
    return {address.ip for address in prepared.jail.addresses}


def _own_address(prepared: Prepared, rule: Rule) -> Iterator[tuple[str, Problem]]:
    """A redirection of what nobody outside can send: to the jail's own private address."""
    for peer in rule.to if rule.action == "rdr" else ():
        for address in prepared.jail.addresses:
            if peer.network and str(peer.network) == str(address) and address.private:
                what = f"nothing from outside is sent to {address}, the jail's own address, so this rdr never matches"
                yield f"own {address}", Problem(what, rule.place, "`to` is the external address: remove it")


def _never(rule: Rule) -> Iterator[tuple[str, Problem]]:
    """A redirection of what the kernel drops when it comes in by a card: for loopback, multicast and broadcast; a sender that is none."""
    for peer in rule.source if rule.action in ("rdr", "pass") else ():
        if peer.network and not peer.negated and peer.network.net.is_loopback:
            what = f"nobody sends to a jail from {peer}: the host itself sends from another address"
            yield f"never {peer}", Problem(what, rule.place, 'write "host" for the host itself')
    if rule.action != "rdr" or (rule.on and all(name.startswith("lo") for name in rule.on)):
        return
    for peer in rule.to:
        net = peer.network.net if peer.network and not peer.negated else None
        if net is not None and (
            net.is_loopback or net.is_multicast or str(net) in ("255.255.255.255/32", "0.0.0.0/32")
        ):
            what = f"packets to {peer} never arrive on an interface, so this rdr matches nothing from outside"
            yield f"never {peer}", Problem(what, rule.place, "`to` is the external address: remove it, or write one")


def _instead(name: str, host: Seen, uplinks: Iterable[str] = ()) -> str:
    near = did_you_mean(name, [*host.names, *uplinks])
    return near if near.startswith("did") else f"it has {_some(host.names)}"


def _some(words: list[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")
