"""rdr: a service is reached by an address and a port outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.plugin import (
    Address,
    Interface,
    Member,
    Network,
    Outside,
    Peer,
    Pool,
    Port,
    Rule,
    RuleType,
    Table,
    Target,
    hookimpl,
    key,
    negations,
    overlapping,
)
from jailpf_plugins.paired import paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Family, Party, Service, Side

LO0 = Interface("lo0")


class Way(NamedTuple):
    """Interfaces that connections come in by, and the addresses outside that they ask for there."""

    on: tuple[Interface, ...]
    to: tuple[Peer, ...]


class Rdr(RuleType):
    """Redirects connections to an outside address and port to the service in the jail."""

    keyword = "rdr"
    rank = 10
    makes = "rdr"

    port: tuple[Port, ...] = key(
        Port,
        "The external port. Several are paired with the service's in order, ranges with ranges of equal width; or any number for one port of the service.",
        many=True,
        shown="the service's",
    )
    to: tuple[Outside, ...] = key(
        Outside,
        "The external address.",
        many=True,
        default=(Outside("any", "ext_ip4"), Outside("any", "ext_ip6")),
        shown='["ext_ip4", "ext_ip6"], and an uplink\'s own',
    )
    on: tuple[Interface, ...] | None = key(
        Interface,
        "The interface or uplink that connections come in on; [] for all.",
        many=True,
        optional=True,
        shown="ext_if",
    )
    source: tuple[Peer, ...] = key(
        Peer, "Who is redirected: addresses or tables.", name="from", many=True, shown="the service's `from`"
    )
    target: tuple[Target, ...] = key(
        Target,
        "The target: an address, the name of another jail, or several to share the load.",
        many=True,
        shown="this jail",
    )
    sticky_address: bool = key(
        bool, "With several targets, whether a client keeps its target while it has a connection there.", default=False
    )
    source_hash: bool = key(
        bool, "With several targets, whether a client always gets the same one, chosen by its address.", default=False
    )
    hairpin: bool = key(
        bool,
        "Whether the host and its jails also reach the service at the external address; for a vnet jail, its neighbours on the bridge.",
        default=False,
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports once each, no negations in lists, one way to deal out."""
        yield from overlapping(self.port)
        yield from negations(self.source)
        for name in ("sticky_address", "source_hash"):
            if getattr(self, name) and len(self.target) < 2 and not any("*" in one.jail for one in self.target):
                yield name, "this needs several targets; add one"
        if self.sticky_address and self.source_hash:
            yield "sticky_address", "with source_hash a client always has the same target; write one of them"

    def applies(self, service: Service) -> bool:
        """Not to jails that come by name, which use the jail's own address, nor to pings, which are the host's."""
        return not service.proto.family and not _jails_only(service.guests)

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """One rdr rule for each family, way in and group of ports, and what `hairpin` needs besides."""
        service = context.service
        assert service is not None  # noqa: S101 - scope is "service"
        if service.proto.has_ports and not service.port:
            raise context.error("the service has no `port`; add port = ...")
        if _jails_only(service.guests):
            raise context.error("jails connect to the jail's own address, and nobody else is let in; remove rdr")
        source = self.source or _others(service.source) or (_others(service.guests) if service.source else ())
        groups = list(paired(context, self.port, service.port))
        for side in context.sides(source=source, proto=service.proto, addresses=self._targets(context)):
            ways = [way for way in self._ways(context, side.family) if way.to]
            if not ways:
                context.reasons.append(f"the host has no external {side.family} address")
                continue
            targets, pool = tuple(map(Peer.of, side.addresses)), None
            if len(targets) > 1:
                pool = Pool(sticky=self.sticky_address)
                if self.source_hash:
                    name = context.table_name("pool4" if side.family == "inet" else "pool6")
                    yield Table(
                        name=name, addresses=tuple(Member(False, Network.parse(str(one))) for one in side.addresses)
                    )
                    targets, pool = (Peer.parse(f"<{name}>"),), Pool(kind="source-hash", key=context.pool_key())
            if not context.explicit and any(
                one.action == "binat" and one.family == side.family for one in context.translating
            ):
                context.note(
                    "this is published at the host's address, but the jail's address outside is that of the binat; rdr = false publishes it there"
                )
            own = context.host.outside(side.family)
            if service.proto.family and any(one in own for way in ways for one in way.to):
                context.note(
                    f"every ping to the host's own address goes to the jail, with all other {service.proto}; "
                    "set `to` to an address that only the jail has"
                )
            for way in ways:
                for outside, inside in groups:
                    yield Rule(
                        action="rdr", on=way.on, family=side.family, proto=service.proto, source=side.source, to=way.to,
                        port=outside, tag=context.tag_in, target=side.addresses[0] if pool is None else targets[0],
                        more_targets=targets[1:], target_port=inside, pool=pool,
                    )  # fmt: skip
            if self.hairpin:
                yield from self._hairpin(context, side, [(way, outside) for way in ways for outside, _ in groups])

    def _hairpin(self, context: Context, side: Side, asked: list[tuple[Way, tuple[Port, ...]]]) -> Iterator[Rule]:
        service = context.service
        assert service is not None  # noqa: S101
        for way, outside in asked if LO0 in self._inside(context) else ():
            yield Rule(
                action="pass", direction="out", quick=True, on=(LO0,), family=side.family, proto=service.proto,
                source=side.source, to=way.to, port=outside,
            )  # fmt: skip
        for bridge in _bridge(context) if not self.target else ():
            # A neighbour on the bridge would be answered directly, past pf, unless the host asks in its place (facts.md).
            yield Rule(
                action="nat", on=(bridge,), family=side.family, proto=service.proto, port=service.port,
                source=(Peer.parse(f"({bridge}:network)"),), to=side.jail, target=Peer.parse(f"({bridge}:0)"),
            )  # fmt: skip

    def _inside(self, context: Context) -> tuple[Interface, ...]:
        """Where those inside ask: on lo0, which does not help behind a bridge, where the answer would come from the jail itself (facts.md)."""
        bridge = _bridge(context)
        return bridge if bridge and not self.target else (LO0, *bridge)

    def _ways(self, context: Context, family: Family) -> Iterator[Way]:
        """The cards of the default route together, and each uplink by itself, which has addresses of its own."""
        on = context.host.ext_if if self.on is None else self.on
        inside = self._inside(context) if self.hairpin else ()
        cards = tuple(one for one in on if context.host.uplink(one) is None)
        default = {one.word for one in self.to} == {"ext_ip4", "ext_ip6"}
        if cards or not on:
            yield Way(tuple(dict.fromkeys((*cards, *inside))) if cards else (), tuple(self._outside(context, family)))
        for link in filter(None, map(context.host.uplink, on)):
            to = link.outside(family) if default else tuple(self._outside(context, family))
            if link.to(family):
                yield Way(tuple(dict.fromkeys((link.interface, *inside))), to)
            else:
                context.reasons.append(f"{link.interface} has no {family} gateway")

    def _targets(self, context: Context) -> tuple[Address, ...]:
        """Of this jail and of each that is named the first address of a family."""
        found: list[Address] = []
        for number, one in enumerate(self.target):
            if one.address:
                found.append(one.address)
            for jail in context.find_jails(one.jail, f"target.{number}") if one.jail else ():
                found += (*jail.of("inet")[:1], *jail.of("inet6")[:1])
        own = (*context.jail.of("inet")[:1], *context.jail.of("inet6")[:1])
        return tuple(dict.fromkeys(found)) if self.target else own

    def _outside(self, context: Context, family: Family) -> Iterator[Peer]:
        for one in self.to:
            if one.word in ("ext_ip4", "ext_ip6"):
                yield from (context.host.outside(family) if (one.word == "ext_ip4") == (family == "inet") else ())
            elif one.family in (None, family):
                yield one


def _others(peers: tuple[Party, ...]) -> tuple[Party, ...]:
    return tuple(one for one in peers if not one.indoors)


def _jails_only(peers: tuple[Party, ...]) -> bool:
    return bool(peers) and not _others(peers)


def _bridge(context: Context) -> tuple[Interface, ...]:
    return context.bridges(context.jail) if context.jail.vnet else ()


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """rdr."""
    return [Rdr]
