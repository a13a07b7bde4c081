"""nat: a jail leaves by an address of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.plugin import (
    FAMILIES,
    Interface,
    Network,
    Outgoing,
    Peer,
    Pool,
    Port,
    Protocol,
    Rule,
    RuleType,
    destination,
    hookimpl,
    key,
    of_family,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Family


class Way(NamedTuple):
    """Interfaces, the addresses to leave there by, and the tag. closed: nothing with the tag leaves by itself."""

    on: tuple[Interface, ...]
    addresses: dict[Family, tuple[Outgoing, ...]]
    tag: str
    closed: bool = False


class Nat(RuleType):
    """Translates the source of what the jail sends. A jail with a [nat.*] does not get the host's default, nor one with `nat = false`.

    One whose nat is by a tunnel leaves by no other card of the default route, unless an `out` names that.
    """

    keyword = "nat"
    scope = "jail"
    makes = "nat"
    default = True

    address: tuple[Outgoing, ...] = key(
        Outgoing,
        "The address to translate to, several, or a network; for an interface, its IPv4 address.",
        many=True,
        shown="[host] nat, and (IF:0) where `on` names another interface",
    )
    on: tuple[Interface, ...] = key(Interface, "The interface or uplink to leave by.", many=True, shown="ext_if")
    source: tuple[Network, ...] = key(
        Network,
        "A network behind the jail, translated with it or alone.",
        name="from",
        many=True,
        shown="the jail's addresses",
    )
    to: tuple[Peer, ...] = key(Peer, "Only traffic to these addresses.", many=True, shown="any")
    proto: Protocol | None = key(Protocol, "Only this protocol.", shown="all")
    port: tuple[Port, ...] = key(Port, "Only these destination ports.", many=True, shown="any")
    static_port: bool = key(bool, "Whether to keep the source port.", default=False)
    sticky_address: bool = key(
        bool, "With several addresses, whether a source keeps the one it was given.", default=False
    )
    source_hash: bool = key(
        bool, "With a network, whether a source always gets the same address, chosen by its own.", default=False
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to a protocol that has them; a pool is a list of addresses or one network."""
        yield from destination(self.to, self.proto, self.port)
        each = _each(self.address)
        for family, own in each.items():
            if len(own) > 1 and any(map(_wide, own)):
                yield (
                    "address",
                    f"a network and another {family} address; pf takes several addresses or one network",
                )
        if self.sticky_address and not any(len(own) > 1 for own in each.values()):
            yield "sticky_address", "this needs several addresses; add one"
        if self.source_hash and not any(map(_wide, self.address)):
            yield (
                "source_hash",
                "pf accepts this for one network only; write address as a network, or sticky_address = true",
            )

    def render(self, context: Context) -> Iterable[Rule]:
        """One nat rule for each family that the jail and `address` share, and for each way out."""
        for side in context.sides(to=self.to, proto=self.proto):
            source = of_family(self.source, side.family) if self.source else side.jail
            for way, senders in self._apart(context, source) if source else ():
                if not (targets := way.addresses.get(side.family, ())):
                    context.reasons.append(f"`address` has no {side.family} address")
                    continue
                yield Rule(
                    action="nat", on=way.on, family=side.family, proto=self.proto, source=senders, to=side.to,
                    port=self.port, tag=way.tag, target=targets[0], more_targets=targets[1:],
                    pool=self._pool(context, targets), static_port=self.static_port,
                )  # fmt: skip
                if way.closed:
                    yield Rule(
                        action="block", answer="drop", direction="out", quick=True, on=way.on, family=side.family, tagged=way.tag, order="last"
                    )  # fmt: skip

    def _apart(self, context: Context, source: tuple[Peer, ...]) -> Iterator[tuple[Way, tuple[Peer, ...]]]:
        """What is sent from behind the jail has a tag of its own: an `out` for that lets out nothing of the jail's."""
        behind = tuple(one for one in source if not any(map(one.holds, context.jail.addresses)))
        own = tuple(one for one in source if one not in behind)
        for way in self._ways(context):
            if way.closed:
                yield way, source
                continue
            yield from [(way, own)] * bool(own)
            yield from [(way._replace(tag=context.tag_behind), behind)] * bool(behind)

    def _ways(self, context: Context) -> Iterator[Way]:
        """The host's address belongs to the cards of the default route only; an uplink has its own."""
        host = context.host
        cards = tuple(one for one in self.on or host.default_if if host.uplink(one) is None)
        ours = tuple(one for one in cards if one in host.ext_if)
        if not (self.address or self.on or host.nat):
            raise context.error("nat has no address to translate to; add address = ..., or [host] nat to jailpf.toml")
        if self.address:
            yield from [Way(cards, _each(self.address), context.tag_out)] * bool(cards)
        else:
            yield from [Way(ours, _each(host.nat), context.tag_out)] * bool(ours and host.nat)
            for one in cards:
                if one not in ours or not host.nat:
                    yield Way((one,), _each((Outgoing.parse(f"({one}:0)"),)), context.tag_out)
        for link in filter(None, map(host.uplink, self.on)):
            if "out" not in context.declared:
                raise context.error(f"nothing leaves by {link.interface} without an out rule; add [out.all]", "on")
            own: dict[Family, tuple[Outgoing, ...]] = {}
            for gateway in link.gateway:
                family = gateway.address.family
                named = [one.word for one in link.outside(family) if one.network] or [f"({link.interface}:0)"]
                own[family] = (Outgoing.parse(named[0]),)
            given = {family: found for family, found in _each(self.address).items() if family in own}
            yield Way(host.default_if, given if self.address else own, context.tag_by(link.interface), True)

    def _pool(self, context: Context, targets: tuple[Outgoing, ...]) -> Pool | None:
        if _wide(targets[0]):
            return Pool(kind="source-hash", key=context.pool_key()) if self.source_hash else Pool(kind="random")
        return Pool(sticky=self.sticky_address) if len(targets) > 1 else None


def _each(addresses: tuple[Outgoing, ...]) -> dict[Family, tuple[Outgoing, ...]]:
    return {
        family: found
        for family in FAMILIES
        if (found := tuple(one for one in addresses if (one.family or "inet") == family))
    }


def _wide(one: Outgoing) -> bool:
    return one.network is not None and one.network.net.num_addresses > 1


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """nat."""
    return [Nat]
