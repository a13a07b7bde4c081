"""One packet of many, as `jailpf trace` takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.insight.rows import owners
from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.reach.intervals import IntervalSet
from jailpf.pf.simulated.reach.leaving import Leaving
from jailpf.pf.simulated.rules.addresses import Address, host_text, network, parse_address
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from jailpf.insight.parties import Parties
    from jailpf.insight.world import World
    from jailpf.pf.simulated.reach.boxes import Box
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

SHOWN = {"inet": ("198.51.100.7", "203.0.113.77"), "inet6": ("2001:db8:ffff::7", "2001:db8::77")}
SOURCE_PORT = 40000  # that of `trace` where none is said


def example(world: World, parties: Parties, row: Reached | Leaving, part: Box) -> str:
    """A packet of a part of a row, where it arrives, and by whose declaration."""
    if isinstance(row, Leaving):
        leaves = "may leave" if row.doubts else "leaves"
        owner = parties.topology.owners().get(Address(row.family, part.sources.spans[0][0]))
        by = _by(world, row, owner.jail) if owner and owner.jail else ""
        return f"{packet(parties, row, part)} {leaves} by {row.interface}{by}"
    reaches = "may reach" if row.doubts else "reaches"
    return f"{packet(parties, row, part)} {reaches} {row.delivered_to}{_by(world, row)}"


def packet(parties: Parties, row: Reached | Leaving, part: Box) -> str:
    """ "tcp from 198.51.100.7 to 203.0.113.1 port 5432", with the interface where it comes by another than it would."""
    family = row.family
    usual = (parse_address(word).number for word in SHOWN[family])
    source = next((one for one in usual if one in part.sources), part.sources.spans[0][0])
    to = _to(parties, row, part)
    who = (
        "host" if source == to and parties.inside(row.origin) else _text(source, family)
    )  # what a jail asks itself is no example
    came = ""
    if not parties.inside(row.origin):
        card = parties.topology.ext_if if row.origin == "outside" else row.origin
        if parties.topology.arrival(Address(family, source), Address(family, to)) != card:
            came = f" on {card}"
    return f"{row.proto} from {who}{_source_port(part)} to {_text(to, family)}{_port(part)}{came}"


def _to(parties: Parties, row: Reached | Leaving, part: Box) -> int:
    """An address of the host if it can be, else one that comes in at all; of what leaves that of an example."""
    if isinstance(row, Leaving):
        usual = (parse_address(word).number for word in SHOWN[row.family])
        return next((one for one in usual if one in part.to), part.to.spans[0][0])
    own = parties.everybody(row.family)
    never = IntervalSet.of(ways.never(row.family))
    may = part.to if parties.inside(row.origin) else part.to - never
    return (may & own or may or part.to).spans[0][0]


def _source_port(part: Box) -> str:
    first = part.source_ports.spans[0][0]
    return "" if SOURCE_PORT in part.source_ports or not first else f" port {first}"


def _port(part: Box) -> str:
    numbers = part.ports - IntervalSet.single(0)
    return f" port {numbers.spans[0][0]}" if numbers else ""


def _by(world: World, row: Reached | Leaving, sender: str = "") -> str:
    """sender: whose declaration it is, where others are of the same row."""
    known = owners(world)
    found = (known[label] for label in row.labels() if label in known)
    jail, service = next((one for one in found if not sender or one[0] == sender), ("", ""))
    if not jail:
        return ""
    name = service if "." in service else f"service.{service}"
    return f", by [{name}] of {jail} ({world.jails[jail].services.place(*name.split('.', 1))})"


def _text(number: int, family: Family) -> str:
    return host_text(network(family, number, BITS[family]))
