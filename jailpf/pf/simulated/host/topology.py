"""The host around the simulated pf: its interfaces, and its jails, local ones and vnet ones.

A local jail owns addresses on lo1, or alias addresses on em0; a vnet jail is behind an interface of the host,
its bridge or epair. Addresses of jails on em0 belong to `em0` and `(em0)` but not to `(em0:0)` (facts.md,
"What a running 15.1 showed").
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.errors import NoJailError, UsageError
from jailpf.pf.simulated.rules.addresses import Address, network, parse_address
from jailpf.pf.simulated.rules.rule import BITS, Family, Host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Jail(NamedTuple):
    """A jail: its addresses, the interface that has them (vnet: the host's interface towards it)."""

    name: str
    addresses: tuple[str, ...]
    interface: str = "lo1"
    vnet: bool = False


class Owner(NamedTuple):
    """Whose an address is: a jail's name or "" for the host, on which interface, behind it (vnet) or not."""

    jail: str
    interface: str
    vnet: bool


DEFAULT = {
    "em0": ("203.0.113.1/24", "2001:db8::1/64"),
    "lo0": ("::1/128", "fe80::1/64", "127.0.0.1/8"),
    "lo1": (),
}


@dataclass
class Topology:
    """Interfaces with addresses ("203.0.113.1/24"), the external interface, and jails. Changes are kept by
    the store.
    """

    interfaces: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(DEFAULT))
    ext_if: str = "em0"
    jails: dict[str, Jail] = field(default_factory=dict)
    changing: Callable[[], AbstractContextManager[object]] = field(default=nullcontext, repr=False, compare=False)
    _owners: dict[Address, Owner] | None = field(default=None, init=False, repr=False, compare=False)

    def add_interface(self, name: str, *addresses: str) -> None:
        """Add an interface, or replace its addresses. Raises UsageError for what is no address/prefix."""
        for text in addresses:
            _interface_address(text)
        with self.changing():
            self.interfaces[name] = addresses
            self._owners = None

    def set_external(self, name: str) -> None:
        """Make an interface the one through which outside is. Raises UsageError for one that is not there."""
        if name not in self.interfaces:
            raise UsageError(f"the simulated host has no interface {name!r}")
        with self.changing():
            self.ext_if = name

    def add_jail(self, name: str, addresses: Iterable[str], interface: str = "lo1", vnet: bool = False) -> None:
        """Add a jail, or replace it. An unknown interface is added. Raises UsageError for what is no
        address.
        """
        jail = Jail(name, tuple(str(_address(text)) for text in addresses), interface, vnet)
        with self.changing():
            self.interfaces.setdefault(interface, ())
            self.jails[name] = jail
            self._owners = None

    def remove_jail(self, name: str) -> None:
        """Remove a jail; one that is not there is fine."""
        with self.changing():
            self.jails.pop(name, None)
            self._owners = None

    def jail(self, name: str) -> Jail:
        """The jail of that name. Raises NoJailError."""
        try:
            return self.jails[name]
        except KeyError:
            raise NoJailError(f"the simulated host has no jail {name!r}") from None

    def owners(self) -> dict[Address, Owner]:
        """Every address of the host and its jails, with its owner."""
        if self._owners is None:
            self._owners = {
                _address(text.split("/")[0]): Owner("", name, False)
                for name, addresses in self.interfaces.items()
                for text in addresses
            }
            for jail in self.jails.values():
                owner = Owner(jail.name, jail.interface, jail.vnet)
                self._owners.update({_address(text): owner for text in jail.addresses})
        return self._owners

    def network_of(self, address: Address) -> str:
        """The interface whose network holds that address, "" for none."""
        for name, addresses in self.interfaces.items():
            for text in addresses:
                family, number, prefix = _interface_address(text)
                net = network(family, number, prefix)
                if family == address.family and net.low <= address.number <= net.high:
                    return name
        return ""

    def in_group(self, interface: str, name: str) -> bool:
        """Whether an interface is meant by `name`: its own, or its group's (`lo`, `bridge`, `epair`)."""
        return interface == name or (not name[-1:].isdigit() and re.sub(r"\d+[ab]?$", "", interface) == name)

    def resolve(self, spec: str) -> list[Host] | None:
        """The addresses of `em0`, `em0:0`, `em0:network`, `em0:broadcast`, `self`; None for no such
        interface.
        """
        name, *modifiers = spec.split(":")
        names = [i for i in self.interfaces if name == "self" or self.in_group(i, name)]
        if not names or any(m not in {"0", "network", "broadcast"} for m in modifiers):
            return None
        found = [_interface_address(text) for i in names for text in self.interfaces[i]]
        if "0" in modifiers:
            firsts: dict[Family, tuple[Family, int, int]] = {}
            for entry in found:
                if not (entry[0] == "inet6" and entry[1] >> 118 == 0xFE80 >> 6):
                    firsts.setdefault(entry[0], entry)
            found = list(firsts.values())
        else:
            local = [jail for jail in self.jails.values() if not jail.vnet and jail.interface in names]
            found += [_interface_address(text) for jail in local for text in jail.addresses]
        hosts = []
        for family, number, prefix in found:
            net = network(family, number, prefix)
            if "network" in modifiers:
                hosts.append(net)
            elif "broadcast" not in modifiers:
                hosts.append(network(family, number, BITS[family]))
            elif family == "inet":
                hosts.append(network(family, net.high, 32))
        return list(dict.fromkeys(hosts))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        jails = [jail._asdict() for jail in self.jails.values()]
        return {"interfaces": self.interfaces, "ext_if": self.ext_if, "jails": jails}

    def update(self, data: Mapping[str, Any]) -> None:
        """Become what `to_json` gave."""
        self.interfaces = {name: tuple(addresses) for name, addresses in data["interfaces"].items()}
        self.ext_if = data["ext_if"]
        jails = [Jail(**{**jail, "addresses": tuple(jail["addresses"])}) for jail in data["jails"]]
        self.jails = {jail.name: jail for jail in jails}
        self._owners = None


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an address") from None


def _interface_address(text: str) -> tuple[Family, int, int]:
    try:
        value = ipaddress.ip_interface(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an address with a prefix") from None
    return ("inet" if value.version == 4 else "inet6"), int(value.ip), value.network.prefixlen
