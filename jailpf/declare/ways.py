"""Where packets are seen, and the parts of a declaration by address family: what a Context hands to rule types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from jailpf.values import Interface, Peer

if TYPE_CHECKING:
    from jailpf.model import Route
    from jailpf.values import Address, Family


@dataclass(frozen=True, slots=True)
class Way:
    """Where packets between two of the host's own are seen: interfaces, and the direction when only one is seen."""

    on: tuple[Interface, ...]
    direction: Literal["", "in", "out"] = ""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A way out: interfaces, the tag of what nat sends there ("": not translated), the route of the uplink."""

    on: tuple[Interface, ...]
    tagged: str = ""
    route: Route | None = None


LOOPBACKS = (Interface("lo"),)
"""The group: IPv4 between jails is on lo1, IPv6 and what the host itself holds is on lo0 (facts-2.md)."""


@dataclass(frozen=True, slots=True)
class Side:
    """One address family of a declaration: the jail's addresses and the peers that exist in it (() means any).

    way: None for peers by address; for other jails, named by name, the interfaces that their packets use: a rule for
    them must stand there, or anybody outside who borrows such an address could use it (facts-2.md).
    """

    family: Family
    addresses: tuple[Address, ...]
    source: tuple[Peer, ...]
    to: tuple[Peer, ...]
    way: Way | None = None

    @property
    def jail(self) -> tuple[Peer, ...]:
        """The jail's addresses as peers."""
        return tuple(map(Peer.of, self.addresses))


class RenderError(Exception):
    """A declaration that cannot become rules; `key` is the key that is to blame, "" the whole."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key
