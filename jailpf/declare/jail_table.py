"""[jail] of a jail's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.declare.schema import Reader, key
from jailpf.values import Address, Family, Interface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.declare.toml import Document

MANAGER = "what the jail manager says"


@dataclass(frozen=True, kw_only=True)
class JailTable:
    """[jail]: what the jail's manager does not know, or knows wrongly; laid over what it says, key by key."""

    ip4: tuple[Address, ...] | None = key(
        Address, "The jail's IPv4 address, or several; [] if it has none.", many=True, optional=True, shown=MANAGER
    )
    ip6: tuple[Address, ...] | None = key(
        Address, "The jail's IPv6 address, or several; [] if it has none.", many=True, optional=True, shown=MANAGER
    )
    vnet: bool | None = key(bool, "Whether the jail has its own network stack.", shown=MANAGER)
    interface: tuple[Interface, ...] | None = key(
        Interface,
        "For a vnet jail, the bridge or epair on the host, or several; for another jail, the interface with its addresses.",
        many=True,
        optional=True,
        filled=True,
        shown=MANAGER,
    )
    shared: bool | None = key(bool, "Whether the host or another jail also has one of its addresses.", shown=MANAGER)

    @property
    def addresses(self) -> dict[Family, tuple[Address, ...]]:
        """What it says of each family; a family of which it says nothing is left out."""
        said: dict[Family, tuple[Address, ...] | None] = {"inet": self.ip4, "inet6": self.ip6}
        return {family: given for family, given in said.items() if given is not None}

    def problems(self) -> Iterator[tuple[str, str]]:
        """Each key holds its own family."""
        for name, addresses, family in (("ip4", self.ip4, "inet"), ("ip6", self.ip6, "inet6")):
            for address in addresses or ():
                if address.family != family:
                    other = "ip6" if name == "ip4" else "ip4"
                    yield name, f'{address} is not an {family} address; it belongs in {other}: {other} = "{address}"'
                elif address.ip.is_loopback and not self.shared:
                    yield name, f"{address} is the host's own; say shared = true, or give the jail an address"


def jail_table(document: Document) -> JailTable:
    """[jail] of a file alone, whatever else is in it; empty where it is broken itself."""
    reader = Reader(document)
    raw = document.data.get("jail", {})
    return (reader.read(JailTable, ("jail",), raw) if isinstance(raw, dict) else None) or JailTable()
