"""rdr: a service is reached by an address and a port outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import (
    Address,
    Interface,
    Outside,
    Peer,
    Port,
    Rule,
    RuleType,
    Target,
    hookimpl,
    key,
    negations,
    overlapping,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Family, Side

LO0 = Interface("lo0")


class Rdr(RuleType):
    """Redirects connections to an outside address and port to the service in the jail."""

    keyword = "rdr"
    rank = 10
    makes = "rdr"

    port: tuple[Port, ...] = key(
        Port,
        "The port outside: as many as the service has, paired in order, ranges of equal width.",
        many=True,
        shown="the service's",
    )
    to: tuple[Outside, ...] = key(
        Outside,
        "The address outside.",
        many=True,
        default=(Outside("any", "ext_ip4"), Outside("any", "ext_ip6")),
        shown='["ext_ip4", "ext_ip6"]',
    )
    on: tuple[Interface, ...] | None = key(
        Interface,
        "The interface that connections come in by; [] for all.",
        many=True,
        optional=True,
        shown="ext_if",
    )
    source: tuple[Peer, ...] = key(Peer, "Who is redirected.", name="from", many=True, shown="the service's `from`")
    target: tuple[Target, ...] = key(
        Target,
        "Where to: an address of each family at most, or the name of another jail.",
        many=True,
        shown="this jail",
    )
    hairpin: bool = key(
        bool, "Whether the host and its jails reach the service by the outside address too.", default=False
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports once each, no negations in lists, one target for a family."""
        yield from overlapping(self.port)
        yield from negations(self.source)
        families = [target.address.family for target in self.target if target.address]
        if len(set(families)) < len(families) or (len(self.target) > 1 and len(families) < len(self.target)):
            yield "target", "a second target of one family; traffic is never dealt out between targets"

    def render(self, context: Context) -> Iterable[Rule]:
        """One rdr rule for each family and each group of ports, and the lo0 rules of `hairpin`."""
        service = context.service
        assert service is not None  # noqa: S101 - scope is "service"
        if service.proto.has_ports and not service.port:
            raise context.error("what is redirected needs a port; add port = ..., or rdr = false")
        if service.proto.family and not context.explicit:
            raise context.error(
                f"an rdr of {service.proto} would take the host's own; write rdr = false, or rdr = true if that is meant"
            )
        for side in context.sides(
            source=self.source or service.source, proto=service.proto, addresses=self._targets(context)
        ):
            if to := tuple(self._outside(context, side.family)):
                yield from self._rules(context, side, to)
            else:
                context.reasons.append(f"there is no {side.family} address outside")

    def _rules(self, context: Context, side: Side, to: tuple[Peer, ...]) -> Iterator[Rule]:
        service = context.service
        assert service is not None  # noqa: S101
        on = context.host.ext_if if self.on is None else self.on
        if self.hairpin and on:
            on = tuple(dict.fromkeys((*on, LO0, *_bridge(context))))
        groups = list(self._groups(context))
        for outside, inside in groups:
            yield Rule(
                action="rdr", on=on, family=side.family, proto=service.proto, source=side.source, to=to, port=outside,
                tag=context.tag_in, target=side.addresses[0], target_port=inside,
            )  # fmt: skip
        for outside, _ in groups if self.hairpin else ():
            yield Rule(
                action="pass", direction="out", quick=True, on=(LO0,), family=side.family, proto=service.proto,
                source=side.source, to=to, port=outside,
            )  # fmt: skip

    def _groups(self, context: Context) -> Iterator[tuple[tuple[Port, ...], Port | None]]:
        """(ports outside, port inside or None: unchanged)."""
        inside = context.service.port if context.service else ()
        if not self.port:
            yield inside, None
            return
        if len(self.port) != len(inside):
            raise context.error(
                f"{len(self.port)} ports outside for {len(inside)} of the service; they are paired in order",
                "port",
            )
        for number, (one, other) in enumerate(zip(self.port, inside, strict=True)):
            if one.width != other.width:
                raise context.error(f"{one} and {other} differ in width; write ranges of equal width", f"port.{number}")
        if same := tuple(one for one, other in zip(self.port, inside, strict=True) if one == other):
            yield same, None
        for one, other in zip(self.port, inside, strict=True):
            if one != other:
                yield (one,), other

    def _targets(self, context: Context) -> tuple[Address, ...]:
        if not self.target:
            return context.jail.addresses
        found: list[Address] = []
        for number, one in enumerate(self.target):
            found += (one.address,) if one.address else context.find_jail(one.jail, f"target.{number}").addresses
        return tuple(found)

    def _outside(self, context: Context, family: Family) -> Iterator[Peer]:
        for one in self.to:
            if one.word in ("ext_ip4", "ext_ip6"):
                yield from (context.host.outside(family) if (one.word == "ext_ip4") == (family == "inet") else ())
            elif one.family in (None, family):
                yield one


def _bridge(context: Context) -> tuple[Interface, ...]:
    if not context.jail.vnet:
        return ()
    if context.jail.interface is None:
        raise context.error(
            'a vnet jail is reached through its bridge, which nobody knows; add interface = "bridge0" to [jail]',
            "hairpin",
        )
    return (context.jail.interface,)


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """rdr."""
    return [Rdr]
