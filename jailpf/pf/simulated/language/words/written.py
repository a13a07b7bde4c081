"""What a statement lists, before it is expanded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.pf.simulated.language.words.interfaces import Node
from jailpf.pf.simulated.rules.rule import ANY

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.words.icmp import Icmp
    from jailpf.pf.simulated.language.words.redirect import Redirect
    from jailpf.pf.simulated.rules.rule import Ids, Ports

ANYWHERE = Node(ANY)


class Item(NamedTuple):
    """One option as written: its word, and what belongs to it."""

    word: str
    value: Any = None


class Interface(NamedTuple):
    """An interface as written."""

    name: str
    negated: bool = False


NOWHERE = Interface("")


@dataclass
class Lists:
    """What a statement lists; an empty list is "any"."""

    interfaces: list[Interface] = field(default_factory=list)
    protocols: list[int] = field(default_factory=list)
    icmp: list[Icmp] = field(default_factory=list)
    sources: list[Node] = field(default_factory=list)
    source_ports: list[Ports] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    destinations: list[Node] = field(default_factory=list)
    destination_ports: list[Ports] = field(default_factory=list)
    users: list[Ids] = field(default_factory=list)
    groups: list[Ids] = field(default_factory=list)
    received_on: Interface | None = None
    nat: Redirect | None = None
    rdr: Redirect | None = None
    route: Redirect | None = None

    def axes(self) -> tuple[list[Any], ...]:
        """The lists in the order of expansion."""
        return (
            self.interfaces or [NOWHERE],
            self.protocols or [0],
            self.icmp or [None],
            self.sources or [ANYWHERE],
            self.destinations or [ANYWHERE],
            self.source_ports or [None],
            self.destination_ports or [None],
            self.systems or [None],
            self.users or [None],
            self.groups or [None],
        )
