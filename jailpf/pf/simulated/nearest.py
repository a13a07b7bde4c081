"""For a blocked connection: the rules that would nearly have let it in, and what kept them from it."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.kernel.decide import match_of
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.kernel.matcher import Matcher
from jailpf.pf.simulated.rules.addresses import Address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.pf.simulated.driver import Simulated
    from jailpf.pf.simulated.kernel.connection import Connection, Match
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Rule

_WEIGHTS = {"to": 4, "port": 4, "proto": 3, "family": 3, "tagged": 2, "from": 2, "from port": 2, "on": 1}


class Near(NamedTuple):
    """A rdr, binat or pass rule that did not match, and in which of its words it differs from the packet."""

    match: Match
    differs: tuple[str, ...]


def nearest(pf: Simulated, connection: Connection, count: int = 3) -> list[Near]:
    """The rules that came closest to letting the blocked connection in, the closest first, and the two closest of the main
    ruleset among them; [] when it was not blocked.

    As long as nothing translated the packet, redirections count too: what is missing is often the rdr.
    """
    packet = connection.blocked
    if packet is None:
        return []
    translated = any(step.verdict == "translate" for step in connection.steps)
    sections = ["filter"] if translated or packet.direction == "out" else ["rdr", "binat", "filter"]
    found = _closest(pf, packet, sections, {"pass", "rdr", "binat"}, count)
    main = [near for near in found if not near.match.path][:2]
    first = found[:count]
    return [*first, *(near for near in main if near not in first)]


def nearest_nat(pf: Simulated, packet: Packet) -> Near | None:
    """The nat rule that came closest to translating a packet that leaves as it is."""
    return next(iter(_closest(pf, packet, ["nat"], {"nat"}, 1)), None)


def _closest(pf: Simulated, packet: Packet, sections: Iterable[str], actions: set[str], count: int) -> list[Near]:
    """The closest first: the `count` closest at least, and all of the main ruleset."""
    with pf.opened() as model:
        matcher = Matcher(model)
        flats = [flat for section in sections for flat in flatten(model, section)]
        found: list[tuple[int, int, tuple[str, ...]]] = []
        # What jails send is no near miss of what comes in from outside.
        sender = Address(packet.family, packet.source)
        outside = packet.direction == "in" and sender not in model.topology.owners()
        for least in sorted((_least(flat, packet), number) for number, flat in enumerate(flats)):
            flat = flats[least[1]]
            if flat.path and found[count - 1 : count] and found[count - 1][:2] < least:
                continue  # whatever else it says, so many are closer: it need not be read
            if flat.rule.no or flat.rule.action not in actions or (outside and flat.path and _sends(flat.rule)):
                continue
            differs = _differences(matcher, flat, packet)
            if differs and len(differs) < 4:
                insort(found, (sum(_WEIGHTS.get(word, 1) for word in differs), least[1], differs))
        return [Near(match_of(flats[number]), differs) for _, number, differs in found]


def _sends(rule: Rule) -> bool:
    """Whether a rule of an anchor is about what its jail sends."""
    return rule.direction == "out" or any("/out." in label for label in rule.labels)


def _least(flat: Flat, packet: Packet) -> int:
    """The least that a rule's words can weigh, by what is known of it unread."""
    to, port = flat.ends()
    weight = _WEIGHTS["to"] if to not in (-1, packet.destination) else 0
    return weight + (_WEIGHTS["port"] if port not in (-1, packet.destination_port) else 0)


def _differences(matcher: Matcher, flat: Flat, packet: Packet) -> tuple[str, ...]:
    rule, path = flat.rule, flat.path
    source, destination = rule.source, rule.destination
    if rule.action == "binat" and rule.pool:
        source, destination = destination, rule.pool.hosts[0]
    on = not rule.interface or matcher.interface(rule.interface, packet.interface) != rule.not_interface
    sport = rule.source_port is None or packet.source_port in rule.source_port
    dport = rule.destination_port is None or packet.destination_port in rule.destination_port
    agrees = {
        "direction": not rule.direction or rule.direction == packet.direction,
        "on": on,
        "family": not rule.family or rule.family == packet.family,
        "proto": not rule.proto or rule.proto == packet.proto,
        "from": matcher.host(source, path, packet.family, packet.source, packet.interface) is not False,
        "from port": sport,
        "to": matcher.host(destination, path, packet.family, packet.destination, packet.interface) is not False,
        "port": dport,
        "tagged": not rule.tagged or (rule.tagged == packet.tag) != rule.not_tagged,
    }
    return tuple(word for word, same in agrees.items() if not same)
