"""Whose a logged packet is: the jail and service whose rule it was, and what would have let a blocked one in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.insight.pflog import NAME_MAX, Packet
from jailpf.pf.simulated.nearest import nearest
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from jailpf.insight.world import Source, World

PASSED = ("pass", "rdr", "nat", "binat", "match")


class Told(NamedTuple):
    """A packet in the words of the declarations. jail, service: "" where nobody's; near: the declaration that nearly
    let a blocked one in, and the words in which it differs.
    """

    packet: Packet
    jail: str
    service: str
    near: Source | None = None
    differs: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it was let through."""
        return self.packet.action in PASSED


class Blame:
    """Tells packets of one world, each kind once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.owners = {str(address): owner.jail for address, owner in world.pf.topology.owners().items() if owner.jail}
        self._known = _identified(world)
        self._near: dict[tuple[object, ...], tuple[Source | None, tuple[str, ...]]] = {}

    def tell(self, packet: Packet) -> Told:
        """The jail is the one whose rule it was by its ridentifier, else whose anchor, else whose address stands in the
        packet.
        """
        jail, service = self._known.get(packet.identifier) or self._guessed(packet)
        if packet.action in PASSED:
            return Told(packet, jail, service)
        near, differs = self._nearest(packet) if _by_rules(packet) else (None, ())
        return Told(packet, jail or (near.jail if near else ""), service, near, differs)

    def _guessed(self, packet: Packet) -> tuple[str, str]:
        path, jail = self._anchor(packet)
        jail = jail or self.owners.get(packet.to, "") or self.owners.get(packet.source, "")
        return jail, self._service(path, packet)

    def _anchor(self, packet: Packet) -> tuple[str, str]:
        """(path, jail) of the rule; of several with one beginning the one whose address is in the packet."""
        found = [
            (anchor.path, name)
            for name, one in self.world.jails.items()
            for anchor in one.ruleset.anchors
            if packet.anchor and anchor.path.rpartition("/")[2][:NAME_MAX] == packet.anchor
        ]
        ends = {self.owners.get(packet.to), self.owners.get(packet.source)}
        sure = [one for one in found if one[1] in ends] if len({name for _, name in found}) > 1 else found
        return sure[0] if sure else ("", "")

    def _service(self, path: str, packet: Packet) -> str:
        """By the rule's number, as long as that rule of today speaks of the packet's port: numbers move with a load."""
        with self.world.pf.opened() as model:
            ruleset = model.rulesets.get(path) if path else None
            rules = list(ruleset.rules.get("filter", ())) if ruleset else []
        if not 0 <= packet.number < len(rules):
            return ""
        rule = rules[packet.number]
        if packet.port and rule.destination_port is not None and packet.port not in rule.destination_port:
            return ""
        return next((label.rpartition("/")[2] for label in rule.labels if label.count("/") > 1), "")

    def _nearest(self, packet: Packet) -> tuple[Source | None, tuple[str, ...]]:
        key = (packet.proto, packet.source, packet.to, packet.port, packet.direction, packet.interface)
        if key not in self._near:
            self._near[key] = self._ask(packet)
        return self._near[key]

    def _ask(self, packet: Packet) -> tuple[Source | None, tuple[str, ...]]:
        from jailpf.errors import JailpfError

        sender = f"jail:{self.owners[packet.source]}" if packet.source in self.owners else "outside"
        try:
            found = self.world.pf.connect(
                packet.proto or "tcp", packet.source, packet.to, packet.port, source_port=packet.source_port or 40000,
                sender=sender, keep=False, interface=packet.interface if sender == "outside" else None,
            )  # fmt: skip
        except JailpfError:
            return None, ()
        for match, differs in nearest(self.world.pf, found) if found.verdict == "block" else ():
            if source := self.world.source(match.path, match.text):
                return source, differs
        return None, ()


def _by_rules(packet: Packet) -> bool:
    """Whether it was for the rules that it was blocked, and is whole: a later fragment has no ports to speak of."""
    return packet.reason == "match" and (bool(packet.port) or packet.proto not in WITH_PORTS)


def _identified(world: World) -> dict[int, tuple[str, str]]:
    """ridentifier -> jail and service, of what is declared and what is loaded; without those that two have."""
    found: dict[int, set[tuple[str, str]]] = {}
    for name, prepared in world.jails.items():
        for rule in prepared.ruleset.rules:
            if rule.identifier:
                found.setdefault(rule.identifier, set()).add((name, rule.service))
    with world.pf.opened() as model:
        rules = [rule for ruleset in model.rulesets.values() for rule in ruleset.rules.get("filter", ())]
    for loaded in rules:
        label = next((label for label in loaded.labels if label.count("/") > 1), "")
        if loaded.ridentifier and loaded.ridentifier not in found and label:  # of a service that is declared no more
            _, jail, service = label.split("/", 2)
            found[loaded.ridentifier] = {(jail, service)}
    return {number: next(iter(whom)) for number, whom in found.items() if len(whom) == 1}
