"""[host] of jailpf.toml: the host's side, and its uplinks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.declare.schema import Reader, key
from jailpf.values import Address, Gateway, Interface, Outgoing, Outside, Peer, TableName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class Uplink:
    """[host.uplink.NAME]: another way outside than that of the default route."""

    interface: Interface = key(Interface, "The interface.", required=True)
    gateway: tuple[Gateway, ...] = key(
        Gateway, "The router on this interface, at most one for each family.", many=True, required=True
    )
    addresses: tuple[Outside, ...] = key(
        Outside,
        "The host's addresses on this interface.",
        many=True,
        default=None,
        optional=True,
        shown='"(INTERFACE:0)"',
    )

    def to(self, family: str) -> Address | None:
        """The gateway of a family, None when it has none: then nothing of that family comes or goes this way."""
        return next((one.address for one in self.gateway if one.address.family == family), None)

    def outside(self, family: str) -> tuple[Peer, ...]:
        """The addresses of a family by which it is reached."""
        own = self.addresses or (Outside.parse(f"({self.interface}:0)"),)
        return tuple(one for one in own if one.family in (None, family)) if self.to(family) else ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """One gateway of a family, and addresses of the host."""
        families = [one.address.family for one in self.gateway]
        if not families:
            yield "gateway", "the list is empty; write the address of the router"
        if len(set(families)) < len(families):
            yield (
                "gateway",
                "a second gateway of the same family; pf does not check which one is alive, so write one",
            )
        for peer in self.addresses or ():
            if peer.kind == "any":
                yield "addresses", f'{peer} is not an address; write an address, "<table>" or "({self.interface}:0)"'


@dataclass(frozen=True, kw_only=True)
class Host:
    """[host]: the host's side."""

    ext_if: tuple[Interface, ...] = key(Interface, "The external interface, or several.", many=True, required=True)
    ext_ip4: tuple[Peer, ...] | None = key(
        Peer,
        "The external IPv4 address: an address, a table of pf.conf, or that of an interface.",
        many=True,
        default=(Peer("any", "default"),),
        shown='"(EXT_IF:0)"',
    )
    ext_ip6: tuple[Peer, ...] | None = key(
        Peer,
        "The external IPv6 address, likewise; [] when the host has none.",
        many=True,
        default=(Peer("any", "default"),),
        shown='"(EXT_IF:0)"',
    )
    nat: tuple[Outgoing, ...] = key(
        Outgoing,
        "The address that jails without their own [nat.*] are translated to; without it, pf.conf translates.",
        many=True,
    )

    tables: tuple[TableName, ...] = key(TableName, "The tables of pf.conf that jails' files may name.", many=True)
    uplinks: Mapping[str, Uplink] = field(default_factory=dict)

    def uplink(self, name: str) -> Uplink | None:
        """The uplink with that name or interface; None if there is none."""
        return self.uplinks.get(name) or next((one for one in self.uplinks.values() if one.interface == name), None)

    @property
    def default_if(self) -> tuple[Interface, ...]:
        """The interfaces of the default route: ext_if without those of uplinks."""
        return tuple(one for one in self.ext_if if self.uplink(one) is None)

    def outside(self, family: str) -> tuple[Peer, ...]:
        """The external addresses of a family; () when the host has none."""
        chosen = self.ext_ip4 if family == "inet" else self.ext_ip6
        if chosen and chosen[0].word == "default":
            return tuple(Peer.parse(f"({interface}:0)") for interface in self.default_if or self.ext_if)
        return chosen or ()

    def problems(self) -> list[tuple[str, str]]:
        """`any` and addresses of the other family are refused."""
        found = []
        for name, peers, family in (("ext_ip4", self.ext_ip4, "inet"), ("ext_ip6", self.ext_ip6, "inet6")):
            for peer in peers or ():
                if peer.word == "default":
                    continue
                if peer.kind == "any" or peer.negated or peer.family not in (None, family):
                    found.append(
                        (
                            name,
                            f'{peer} is not an external {family} address; write an address, "<table>" or "(em0:0)"',
                        )
                    )
        found += [
            ("nat", f"{one} is a network; write one address")
            for one in self.nat
            if one.network and one.network.net.num_addresses > 1
        ]
        if not self.ext_if:
            found.append(("ext_if", "the list is empty; write the external interface"))
        return found


def read_uplinks(reader: Reader, raw: object, host: Host) -> dict[str, Uplink]:
    """[host.uplink.NAME]: the other ways outside, by name; what is wrong is noted with the reader."""
    path = ("host", "uplink")
    found: dict[str, Uplink] = {}
    for name, table in reader.table(path, raw, "[host.uplink.NAME]").items():
        try:
            Interface.parse(name)  # it stands where an interface may stand
        except ValueError as wrong:
            reader.wrong((*path, name), f"the name of an uplink: {wrong}")
            continue
        inside = reader.table((*path, name), table, f"[host.uplink.{name}]")
        if (made := reader.read(Uplink, (*path, name), inside)) is None:
            continue
        if any(one.interface == made.interface for one in found.values()):
            reader.wrong((*path, name), f"two uplinks by {made.interface}", "give each uplink an interface of its own")
        found[name] = made
    whole = replace(host, uplinks=found)
    if found and not whole.default_if:
        reader.wrong(
            (*path,),
            "every interface of ext_if is an uplink",
            "remove the interface of the default route from [host.uplink.*]",
        )
    return found
