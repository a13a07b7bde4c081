"""Which packets rules speak of together: interfaces, direction, protocol, tag, and the sets of their addresses and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.judged.found import BEYOND, Example, text
from jailpf.pf.simulated.kernel.flat import flatten
from jailpf.pf.simulated.reach.boxes import Box
from jailpf.pf.simulated.reach.intervals import EVERY, PORTS, IntervalSet
from jailpf.pf.simulated.reach.sets import Sets, port_set
from jailpf.pf.simulated.rules.addresses import Address
from jailpf.pf.simulated.rules.rule import SECTIONS
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.host.jails import Owner
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family, Host, Rule

FAMILIES: tuple[Family, Family] = ("inet", "inet6")
FEW = 16  # addresses that are looked at one by one
BOTH_WAYS = frozenset(["in", "out"])


class Speaks(NamedTuple):
    """The packets that a rule speaks of. proto, tag: "" for any; boxes: for each family that it may have."""

    ways: frozenset[tuple[str, str]]
    proto: str
    tag: str
    boxes: dict[Family, Box]

    def both(self, other: Speaks) -> Speaks | None:
        """What two rules both speak of, None for nothing."""
        if (self.proto and other.proto and self.proto != other.proto) or (
            self.tag and other.tag and self.tag != other.tag
        ):
            return None
        ways = self.ways & other.ways
        boxes = {
            family: part
            for family, box in self.boxes.items()
            if family in other.boxes and (part := box.cut(other.boxes[family])[0]) is not None
        }
        return Speaks(ways, self.proto or other.proto, self.tag or other.tag, boxes) if ways and boxes else None

    def covers(self, other: Speaks) -> bool:
        """Whether the rule speaks of all addresses and ports that the other speaks of, of its protocol and by its tag."""
        return (
            self.proto in {"", other.proto}
            and self.tag in {"", other.tag}
            and all(
                family in self.boxes and box.cut(self.boxes[family])[1] == [] for family, box in other.boxes.items()
            )
        )

    def example(self) -> Example:
        """One of the packets."""
        family, box = next(iter(self.boxes.items()))
        proto = self.proto or "tcp"
        port = (box.ports.spans[0][0] or 443) if proto in WITH_PORTS else 0
        return Example(family, proto, text(family, box.sources), text(family, box.to, BEYOND), port)


class Overlap:
    """Makes `Speaks` of the rules of one model, and remembers them."""

    def __init__(self, model: Model) -> None:
        self.model, self.sets = model, Sets(model)
        self._known: dict[tuple[int, str, str], Speaks | None] = {}
        self._tags = _tags(model)
        self._sent = {rule.tag for rule in _tagging(model)} - {
            rule.tag for rule in _tagging(model) if rule.section != "nat"
        }
        self._owners = model.topology.owners()
        self._loopbacks = {name for name, one in model.topology.interfaces.items() if one.loopback}

    def flat(self, flat: Flat, direction: str = "", *, guarded: bool = True) -> Speaks | None:
        """A rule in its place, behind the lines that call its anchor; None when there is no packet for it.

        direction: of a binat rule, which speaks of one end out and of the other in.
        """
        found = self.rule(flat.rule, flat.path, direction)
        for guard, path in zip(flat.guards, flat.guard_paths, strict=True) if guarded else ():
            asked = self.rule(guard, path)
            found = found.both(asked) if found is not None and asked is not None else None
        return found

    def rule(self, rule: Rule, path: str, direction: str = "") -> Speaks | None:
        """A rule by itself."""
        key = (id(rule), path, direction)
        if key not in self._known:
            self._known[key] = self._speaks(rule, path, direction)
        return self._known[key]

    def indoors(self, speaks: Speaks) -> tuple[str, ...]:
        """The loopbacks that packets are seen on, where they are seen on no other interface."""
        names = {name for name, _ in speaks.ways}
        return tuple(sorted(names)) if names <= self._loopbacks else ()

    def example(self, speaks: Speaks) -> Example:
        """One of the packets; on a loopback one for the host or a jail, as no other is seen there."""
        for family, box in speaks.boxes.items() if self.indoors(speaks) else ():
            own = IntervalSet.of((one.number, one.number) for one in self._owners if one.family == family)
            if there := box.to & own:
                return speaks._replace(boxes={family: box._replace(to=there)}).example()
        return speaks.example()

    def _speaks(self, rule: Rule, path: str, direction: str) -> Speaks | None:
        source, to = rule.source, rule.destination
        if rule.action == "binat" and direction == "in" and rule.pool:
            source, to = to, rule.pool.hosts[0]
        given = direction or {"nat": "out", "rdr": "in"}.get(rule.section, rule.direction)
        tag = "" if rule.not_tagged else rule.tagged
        ways = frozenset(
            (name, way)
            for name in self.interfaces(rule)
            for way in ([given] if given else BOTH_WAYS)
            if not tag or (way == "out" and tag not in self._sent) or name in self._tags.get(tag, ())
        )
        boxes = {family: box for family in FAMILIES if (box := self._box(rule, path, family, source, to)) is not None}
        ways &= frozenset(way for family, box in boxes.items() for way in ways if self._goes(family, box, *way))
        return Speaks(ways, rule.proto, tag, boxes) if ways and boxes else None

    def _goes(self, family: Family, box: Box, interface: str, direction: str) -> bool:
        """Whether packets between such addresses are seen there: what is for one of the host's own, or from it, comes and
        goes by its loopbacks, or by the interface before a vnet jail.
        """
        if family == "inet" and interface in self._loopbacks and box.to.count() <= FEW:
            # By lo0 what an external card holds, by its own what another loopback does (facts-2.md).
            held = {owner.interface for owner in self._owners_of(family, box.to) if owner and not owner.vnet}
            if interface not in {name if name in self._loopbacks else "lo0" for name in held}:
                return False
        ends = box.to if direction == "out" else box.sources
        if ends.count() > FEW:
            return True
        return any(
            owner is None or (owner.interface == interface if owner.vnet else interface in self._loopbacks)
            for owner in self._owners_of(family, ends)
        )

    def _owners_of(self, family: Family, addresses: IntervalSet) -> list[Owner | None]:
        numbers = (number for low, high in addresses for number in range(low, high + 1))
        return [self._owners.get(Address(family, number)) for number in numbers]

    def _box(self, rule: Rule, path: str, family: Family, source: Host, to: Host) -> Box | None:
        if rule.family not in {"", family} or rule.proto == {"inet": "ipv6-icmp", "inet6": "icmp"}[family]:
            return None
        box = Box(
            self.meant(source, path, family),
            port_set(rule.source_port) or PORTS,
            self.meant(to, path, family),
            port_set(rule.destination_port) or PORTS,
        )
        return box if all(box) else None

    def meant(self, host: Host, path: str, family: Family) -> IntervalSet:
        """The addresses that a rule speaks of; a table that is filled while pf runs may hold any."""
        found, sure = self.sets.host(host, path, family)
        return EVERY[family] if not sure or (host.kind == "table" and not found) else found

    def interfaces(self, rule: Rule) -> frozenset[str]:
        """Those that a rule is for; a name that is not there stands for itself."""
        known = frozenset(self.model.topology.interfaces)
        if not rule.interface:
            return known
        meant = frozenset(self.model.topology.meant(rule.interface)) or frozenset([rule.interface])
        return known - meant if rule.not_interface else meant


def _tags(model: Model) -> dict[str, set[str]]:
    """The interfaces on which packets get each tag: only there they can come in with it."""
    found: dict[str, set[str]] = {}
    for rule in _tagging(model):
        names = set(model.topology.interfaces)
        if rule.interface:
            meant = set(model.topology.meant(rule.interface))
            names = names - meant if rule.not_interface else meant
        found.setdefault(rule.tag, set()).update(names)
    return found


def _tagging(model: Model) -> Iterator[Rule]:
    return (flat.rule for section in SECTIONS for flat in flatten(model, section) if flat.rule.tag)
