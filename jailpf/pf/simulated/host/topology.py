"""The host around the simulated pf: its interfaces and routes, and its jails, local ones and vnet ones.

A local jail owns addresses on lo1, or alias addresses on em0; a vnet jail is behind an interface of the host,
its bridge or epair. Addresses of jails on em0 belong to `em0` and `(em0)` but not to `(em0:0)` (facts.md,
"What a running 15.1 showed").
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jailpf.errors import NoJailError, UsageError
from jailpf.pf.simulated.host import standard
from jailpf.pf.simulated.host.interface import Interface, interface_address
from jailpf.pf.simulated.host.jails import Jail, Owner
from jailpf.pf.simulated.host.names import resolve
from jailpf.pf.simulated.host.routes import Route, longest, networks
from jailpf.pf.simulated.rules.addresses import Address, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jailpf.pf.simulated.rules.rule import Family, Host


__all__ = ["Jail", "Owner", "Topology"]


@dataclass
class Topology:
    """Interfaces, the one to outside, routes (none: the networks of the interfaces, and all else by ext_if), what
    sysctl(8) says, and jails. described: from a real host, whose interfaces are all known. Changes are kept by the store.
    """

    interfaces: dict[str, Interface] = field(default_factory=standard.interfaces)
    ext_if: str = "em0"
    jails: dict[str, Jail] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    sysctls: dict[str, int] = field(default_factory=lambda: dict(standard.SYSCTLS))
    described: bool = False
    changing: Callable[[], AbstractContextManager[object]] = field(default=nullcontext, repr=False, compare=False)
    _owners: dict[Address, Owner] | None = field(default=None, init=False, repr=False, compare=False)
    _networks: dict[Family, list[Route]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, interfaces: Mapping[str, Sequence[str]]) -> Topology:
        """A host of interfaces with these addresses, each as `ifconfig NAME create` makes it."""
        return cls({name: Interface.made(name, *addresses) for name, addresses in interfaces.items()})

    def add_interface(self, name: str, *addresses: str, members: Sequence[str] = ()) -> None:
        """Add an interface, or replace its addresses and members. Raises UsageError for what is no address/prefix."""
        for text in addresses:
            interface_address(text)
        with self.changing():
            there = self.interfaces.get(name) or Interface.made(name)
            self.interfaces[name] = there._replace(addresses=addresses, members=tuple(members))
            self._forget()

    def rename(self, name: str, new: str) -> None:
        """Give an interface another name, as `ifconfig NAME name NEW` does; its groups stay, its bridge, routes and jails
        know it by the new one.
        """

        def now(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if one == name else one for one in names)

        with self.changing():
            self.interfaces[new] = self.interfaces.pop(name)._replace(name=new)
            found = self.interfaces.items()
            self.interfaces = {one: it._replace(members=now(it.members)) for one, it in found}
            self.jails = {one: it._replace(interfaces=now(it.interfaces)) for one, it in self.jails.items()}
            self.routes = tuple(one._replace(interface=now((one.interface,))[0]) for one in self.routes)
            self.ext_if = now((self.ext_if,))[0]
            self._forget()

    def set_external(self, name: str) -> None:
        """Make an interface the one through which outside is. Raises UsageError for one that is not there."""
        if name not in self.interfaces:
            raise UsageError(f"the simulated host has no interface {name!r}")
        with self.changing():
            self.ext_if = name

    def add_jail(
        self, name: str, addresses: Iterable[str], interface: str | Sequence[str] = "lo1", vnet: bool = False
    ) -> None:
        """Add a jail, or replace it. An unknown interface is added, but for that before a vnet jail on a described host:
        how it is connected is not known then. Raises UsageError for what is no address.
        """
        interfaces = (interface,) if isinstance(interface, str) else tuple(interface)
        jail = Jail(name, tuple(str(_address(text)) for text in addresses), interfaces, vnet)
        with self.changing():
            new = {one: Interface.made(one) for one in interfaces if one not in self.interfaces}
            if not (self.described and vnet):
                self.interfaces.update(new)
            known = self._owners if name not in self.jails and not any(one.own for one in new.values()) else None
            self.jails[name] = jail
            if known is None:
                self._forget()
            else:  # one more changes nothing about the others
                self._add_owner(known, jail)

    def remove_jail(self, name: str) -> None:
        """Remove a jail; one that is not there is fine."""
        with self.changing():
            self.jails.pop(name, None)
            self._forget()

    def jail(self, name: str) -> Jail:
        """The jail of that name. Raises NoJailError."""
        try:
            return self.jails[name]
        except KeyError:
            raise NoJailError(f"the simulated host has no jail {name!r}") from None

    def owners(self) -> dict[Address, Owner]:
        """Every address of the host and its jails, with its owner."""
        if self._owners is None:
            found = {
                own.address: Owner("", name, False)
                for name, interface in self.interfaces.items()
                for own in interface.own
            }
            for jail in self.jails.values():
                self._add_owner(found, jail)
            self._owners = found
        return self._owners

    def _add_owner(self, found: dict[Address, Owner], jail: Jail) -> None:
        for address in map(_address, jail.addresses):
            held = found[address].interface if address in found else jail.interface
            found[address] = Owner(jail.name, self.side(jail, address) if jail.vnet else held, jail.vnet)

    def side(self, jail: Jail, address: Address) -> str:
        """The host's interface before a vnet jail's address: of its interfaces that with the address's network; the
        bridge, where that is a member of one.
        """
        sides = [self.bridge_of(name) or name for name in jail.interfaces]
        there = (name for name in sides if name in self.interfaces)
        return next(
            (name for name in there if any(own.reaches(address) for own in self.interfaces[name].own)), sides[0]
        )

    def assume(self) -> None:
        """Take for granted that the interface before each vnet jail is there, as once it has started."""
        with self.changing():
            for name, jail in self.jails.items():
                if jail.vnet:
                    sides = tuple(one or "bridge0" for one in jail.interfaces)
                    self.jails[name] = jail._replace(interfaces=sides)
                    for one in sides:
                        self.interfaces.setdefault(one, Interface.made(one))
            self.described = False
            self._forget()

    def unconnected(self, address: Address) -> str:
        """The vnet jail of that address, where this host has no interface before it; "" otherwise."""
        owner = self.owners().get(address)
        return owner.jail if owner and owner.vnet and owner.interface not in self.interfaces else ""

    def bridge_of(self, member: str) -> str:
        """The bridge that switches what comes in there, "" for none."""
        return next((name for name, interface in self.interfaces.items() if member in interface.members), "")

    def network_of(self, address: Address) -> str:
        """The interface whose network holds that address, the smallest such network; "" for none."""
        found = longest(self.connected(address.family), address)
        return found.interface if found else ""

    def route(self, address: Address) -> Route | None:
        """The route that a packet takes to an address that is not the host's own; None where there is none."""
        known = [route for route in self.routes if route.family == address.family]
        if not known and self.ext_if:
            known = [Route("::/0" if address.family == "inet6" else "0.0.0.0/0", self.ext_if, "", "UG")]
        return longest([*known, *self.connected(address.family)], address)

    def known_networks(self, family: Family) -> list[Route]:
        """All routes but the default one, and the networks of the interfaces."""
        known = [route for route in self.routes if route.family == family and route.prefix]
        return [*known, *self.connected(family)]

    def arrival(self, source: Address, to: Address) -> str:
        """Where a packet from elsewhere comes in: by the interface whose network, or route, holds its sender, else by
        that which has the address it goes to, else by the uplink.
        """
        back = longest(self.known_networks(source.family), source)
        if back and not self.interfaces.get(back.interface, Interface("")).loopback:
            return back.interface
        owner = self.owners().get(to)
        held = self.interfaces.get(owner.interface) if owner and not owner.vnet else None
        if held and held.up and not held.loopback:
            return held.name
        default = longest((route for route in self.routes if route.family == source.family), source)
        return default.interface if default else self.ext_if

    def uplink(self, family: Family = "inet") -> str:
        """The interface of the default route, or of the other family's; else the first card with an address."""
        defaults = {route.family: route.interface for route in reversed(self.routes) if route.prefix == 0}
        cards = [name for name, one in self.interfaces.items() if one.addresses and not one.loopback]
        other: Family = "inet6" if family == "inet" else "inet"
        return defaults.get(family) or defaults.get(other) or next(iter(cards), "")

    def loopback(self, address: Address) -> str:
        """Where a packet of the host for an own address is: IPv4 to an address of a loopback there, all else on lo0
        (facts.md, "Which loopback").
        """
        held = self.owners()[address].interface
        if address.family == "inet" and self.interfaces[held].loopback:
            return held
        return self.lo0

    @property
    def lo0(self) -> str:
        """The loopback of the kernel itself, whatever its name: that with 127.0.0.1 or ::1, else the first."""
        names = [name for name, interface in self.interfaces.items() if interface.loopback]
        first = (name for name in names if {"127.0.0.1/8", "::1/128"} & set(self.interfaces[name].addresses))
        return next(first, names[0] if names else "lo0")

    def in_group(self, interface: str, name: str) -> bool:
        """Whether an interface is meant by `name`: its own, or one of its groups' (`lo`, `bridge`, `egress`)."""
        return interface == name or (interface in self.interfaces and name in self.interfaces[interface].groups)

    def meant(self, name: str) -> list[str]:
        """The interfaces that `name` means: the one, or the members of the group."""
        return [interface for interface in self.interfaces if self.in_group(interface, name)]

    def resolve(self, spec: str) -> list[Host] | None:
        """The addresses of `em0`, `em0:0`, `em0:network` (broadcast, peer), `self`; None for no such interface."""
        more: dict[str, list[str]] = {}
        for jail in self.jails.values():
            for address in () if jail.vnet else jail.addresses:
                more.setdefault(self.owners()[_address(address)].interface, []).append(address)
        return resolve(spec, self.interfaces.values(), more)

    def connected(self, family: Family) -> list[Route]:
        """The networks of the interfaces."""
        if family not in self._networks:
            routed = any(route.family == family for route in self.routes)
            there = (one for one in self.interfaces.values() if one.up or not routed)
            self._networks[family] = [route for one in there for route in networks(one, family)]
        return self._networks[family]

    def _forget(self) -> None:
        self._owners = None
        self._networks.clear()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "interfaces": [interface._asdict() for interface in self.interfaces.values()],
            "ext_if": self.ext_if,
            "jails": [jail._asdict() for jail in self.jails.values()],
            "routes": [route._asdict() for route in self.routes],
            "sysctls": self.sysctls,
            "described": self.described,
        }

    def update(self, data: Mapping[str, Any]) -> None:
        """Become what `to_json` gave."""
        interfaces = [Interface(**_tuples(interface)) for interface in data["interfaces"]]
        self.interfaces = {interface.name: interface for interface in interfaces}
        self.ext_if = data["ext_if"]
        self.jails = {jail["name"]: Jail(**_tuples(jail)) for jail in data["jails"]}
        self.routes = tuple(Route(**route) for route in data["routes"])
        self.sysctls = dict(data["sysctls"])
        self.described = bool(data.get("described"))
        self._forget()


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an address") from None
