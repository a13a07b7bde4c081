"""Who may send: the origins, and the addresses behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.host import ways
from jailpf.pf.simulated.reach.intervals import IntervalSet
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family

FAMILIES: tuple[Family, Family] = ("inet", "inet6")


class Senders:
    """The senders of one model, as sets of addresses."""

    def __init__(self, model: Model) -> None:
        self.topology = model.topology
        self.owners = model.topology.owners()
        self.owned = {
            family: IntervalSet.of((a.number, a.number) for a in self.owners if a.family == family)
            for family in FAMILIES
        }
        self.sides = sorted(
            {one.interface for a, one in self.owners.items() if one.vnet and not self.topology.unconnected(a)}
        )
        # Whose packets the kernel drops when they come in by a card, and for whom nothing comes.
        self.never = {family: IntervalSet.of(ways.never(family)) for family in FAMILIES}
        self._known: dict[tuple[Family, str], IntervalSet] = {}
        self._sets: dict[tuple[Family, str], IntervalSet] = {}
        self.protos = {
            rule.proto for ruleset in model.rulesets.values() for rules in ruleset.rules.values() for rule in rules
        }

    def origins(self) -> list[str]:
        """Whoever may send."""
        return ["outside", "local", *self.sides, *ways.cards(self.topology)]

    def protocols(self, family: Family) -> list[str]:
        """Those that rules name, tcp, udp and the family's icmp, and "other" for all others."""
        icmp, alien = ("icmp", "ipv6-icmp") if family == "inet" else ("ipv6-icmp", "icmp")
        return [*sorted((self.protos | {"tcp", "udp", icmp}) - {"", alien}), "other"]

    def elsewhere(self, origin: str) -> bool:
        """Whether it is outside, or behind a card."""
        return origin != "local" and origin not in self.sides

    def elsewheres(self, family: Family) -> IntervalSet:
        """The addresses for which nothing comes in by a card: loopback and the like, what another of a CARP group has."""
        if (family, "elsewhere") not in self._sets:
            backup = [parse_address(text) for one in self.topology.interfaces.values() for text in one.backup]
            held = IntervalSet.of((one.number, one.number) for one in backup if one.family == family)
            self._sets[family, "elsewhere"] = self.never[family] | held
        return self._sets[family, "elsewhere"]

    def dropped(self, family: Family) -> IntervalSet:
        """The senders whose packets the kernel drops when they come in by a card: those of elsewhere, and the host's own."""
        if (family, "dropped") not in self._sets:
            self._sets[family, "dropped"] = self.never[family] | self.addresses(family, "")
        return self._sets[family, "dropped"]

    def addresses(self, family: Family, vnet: str) -> IntervalSet:
        """Those of the vnet jails behind an interface; with "" those of the host and its local jails."""
        if (family, vnet) not in self._known:
            self._known[family, vnet] = IntervalSet.of(
                (address.number, address.number)
                for address, owner in self.owners.items()
                if address.family == family and (owner.interface == vnet and owner.vnet if vnet else not owner.vnet)
            )
        return self._known[family, vnet]
