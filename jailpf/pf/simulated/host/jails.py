"""The jails of a host, and whose an address is."""

from __future__ import annotations

from typing import NamedTuple


class Jail(NamedTuple):
    """A jail: its addresses, the interface that has them (vnet: the host's interfaces towards it)."""

    name: str
    addresses: tuple[str, ...]
    interfaces: tuple[str, ...] = ("lo1",)
    vnet: bool = False

    @property
    def interface(self) -> str:
        """The first of its interfaces."""
        return self.interfaces[0]


class Owner(NamedTuple):
    """Whose an address is: a jail's name or "" for the host, on which interface, behind it (vnet) or not."""

    jail: str
    interface: str
    vnet: bool
