"""out: what a jail may open under a host policy of `block`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.plugin import (
    Interface,
    Network,
    Party,
    Peer,
    Port,
    Protocol,
    Rule,
    RuleType,
    destination,
    everywhere,
    hookimpl,
    key,
    of_family,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Side


class Out(RuleType):
    """Lets connections of the jail out by the interfaces of its nat; to the host itself and its other jails only where `to` names them."""

    keyword = "out"
    scope = "jail"
    makes = "pass"

    on: tuple[Interface, ...] = key(
        Interface, "The interface or uplink to leave by.", many=True, shown="those of the jail's nat, else ext_if"
    )
    source: tuple[Network, ...] = key(
        Network,
        "A network behind the jail, instead of the jail itself.",
        name="from",
        many=True,
        shown="the jail's addresses",
    )
    to: tuple[Party, ...] = key(
        Party, "Where the jail may connect to: addresses, tables, or other jails by name.", many=True, shown="any"
    )
    proto: Protocol | None = key(Protocol, "Only this protocol.", shown="all")
    port: tuple[Port, ...] = key(Port, "Only these destination ports.", many=True, shown="any")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ports belong to a protocol that has them."""
        yield from destination(self.to, self.proto, self.port, beyond=True)

    def render(self, context: Context) -> Iterable[Rule]:
        """Filtering sees the translated source (facts.md): what is translated is known by its tag, the rest by its source."""
        for side in context.sides(to=self.to, proto=self.proto):
            source = of_family(self.source, side.family)
            if self.source and not source:
                context.reasons.append(f"`from` names no {side.family} network")
                continue
            what: dict[str, Any] = {"family": side.family, "proto": self.proto, "port": self.port, "quick": True}
            yield from self._rules(context, side, source or side.jail, what)

    def _rules(self, context: Context, side: Side, source: tuple[Peer, ...], what: dict[str, Any]) -> Iterator[Rule]:
        bridges = context.bridges(context.jail) if context.jail.vnet else ()
        if bridges:
            # To the host itself, and so to its other jails, this rule alone would let in: nothing goes out of em0 there.
            for beyond in self._beyond(context, side.to):
                yield Rule(action="pass", direction="in", on=bridges, source=source, to=beyond, **what)
        ways = [(side.to, side.way)] if side.way or not side.to else context.near(side.to, outside=bool(self.on))
        for to, way in ways:
            if way is None:
                for one in context.routes(side.family, self.on, of_family(self.source, side.family)):
                    yield Rule(
                        action="pass", direction="out", on=one.on, route=one.route, tagged=one.tagged,
                        source=() if one.tagged else source, to=to, **what,
                    )  # fmt: skip
            elif not bridges:
                yield Rule(action="pass", direction=way.direction, on=way.on, source=source, to=to, **what)
            elif others := tuple(one for one in way.on if one not in bridges and way.direction != "in"):
                yield Rule(action="pass", direction="out", on=others, source=source, to=to, **what)

    def _beyond(self, context: Context, to: tuple[Peer, ...]) -> Iterator[tuple[Peer, ...]]:
        """What a bridge lets in: of everywhere not the host and its other jails, which must be named. pf has no "and" for the rest."""
        nobody = everywhere(to)
        named = tuple(one for one in to if one not in nobody)
        if named != to or not to:
            yield (NOT_HERE,)
        for number, one in enumerate(self.to):
            if one not in named:
                continue
            if one.negated and one != NOT_HERE:
                rest = (
                    f'add a [deny.NAME] with to = "{one.word}", then leave `to` out'
                    if not one.jail
                    else "name who is meant"
                )
                raise context.error(
                    f'"!{one.word}" includes the host and its other jails, which this vnet jail would reach; {rest}',
                    f"to.{number}",
                )
            if _holds_the_host(context, one):
                context.note(
                    f"{one.word} includes the host's own address, so this vnet jail reaches the host; if that is not meant, "
                    f'add a [deny.NAME] with to = "(self)"'
                )
            members = context.tables.get(one.table, ())
            wide = everywhere(Peer.of(member.network) for member in members if not member.negated)
            if wide:
                raise context.error(
                    f"{one.word} has {' and '.join(sorted(map(str, wide)))}, which includes the host and its other jails, and "
                    f"this vnet jail would reach them; write smaller networks in it",
                    f"to.{number}",
                )
        if named:
            yield named


def _holds_the_host(context: Context, peer: Peer) -> bool:
    """Whether a network has an address of the host in it, as far as is known."""
    if peer.network is None or peer.network.net.num_addresses == 1:
        return peer.interface in context.host.ext_if and ":network" in peer.word
    if peer.network.net.prefixlen < WIDE:
        return True
    return any(one.network and one.network.within(peer.network) for one in context.host.outside(peer.network.family))


WIDE = 8
NOT_HERE = Peer.parse("!(self)")


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """out."""
    return [Out]
