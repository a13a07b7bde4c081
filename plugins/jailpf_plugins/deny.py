"""deny: who never gets in, and what the jail never sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.plugin import Log, Party, Peer, Port, Protocol, Rule, RuleType, hookimpl, key, negations, overlapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Side

TCP_UDP = Protocol(("tcp", "udp"))


class Deny(RuleType):
    """Blocks above all that is let in: who never gets in (`from`), or what the jail never sends (`to`, `proto`, `port`). IPv6 neighbour discovery is never blocked.

    What a jail denies stands in an anchor of its own, `jailpf/-deny.NAME`, which pf asks before those of all jails: it holds
    whatever another jail lets through. Once more it stands above the jail's own rules.
    """

    keyword = "deny"
    scope = "jail"
    rank = 95
    makes = "block"

    source: tuple[Party, ...] = key(
        Party,
        "Who never gets in: addresses, tables, other jails by name, or `host`.",
        name="from",
        many=True,
        filled=True,
    )
    to: tuple[Party, ...] = key(
        Party, "Where the jail never sends to: addresses, tables, or other jails by name.", many=True, shown="any"
    )
    proto: Protocol | None = key(
        Protocol, "Only this protocol; by default tcp and udp if there are ports.", shown="all"
    )
    port: tuple[Port, ...] = key(
        Port, "Only these ports: with `from` those of the jail, else those of the other side.", many=True, filled=True
    )
    log: Log | None = key(Log, 'Whether to log it: true, "all", or { to = "pflog1" }.')
    answer: bool | None = key(
        bool,
        "Whether to reject with an answer, instead of dropping silently.",
        name="return",
        shown="true for what the jail sends",
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """One direction at a time."""
        yield from overlapping(self.port)
        yield from negations(self.source)
        yield from negations(self.to, "to")
        if self.source and self.to:
            yield "to", "`from` means who gets in, `to` where the jail sends; write a [deny.NAME] for each"
        if not (self.source or self.to or self.port or self.proto):
            yield "", "this denies nothing; add from = ..., or to, proto or port for what the jail never sends"
        if self.port and self.proto and not self.proto.has_ports:
            yield "port", f"{self.proto} has no ports; leave `port` out"

    def render(self, context: Context) -> Iterable[Rule]:
        """The block rules, above all others of the jail."""
        proto = self.proto or (TCP_UDP if self.port else None)
        tells = self.answer if self.answer is not None else not self.source
        for side in self._sides(context, proto):
            what: dict[str, Any] = {
                "action": "block", "answer": "return" if tells else "drop", "quick": True, "order": "first",
                "family": side.family, "proto": proto, "port": self.port, "log": self.log,
            }  # fmt: skip
            yield from self._coming(context, side, what) if self.source else self._sent(context, side, what)

    def _sides(self, context: Context, proto: Protocol | None) -> Iterator[Side]:
        """Everybody but a network of one family is everybody of the other one too."""
        yield from context.sides(source=self.source, to=self.to, proto=proto)
        but = {one.family for one in (*self.source, *self.to) if one.negated and one.family}
        if but:
            yield from (side for side in context.sides(proto=proto) if side.family not in but)

    def _coming(self, context: Context, side: Side, what: dict[str, Any]) -> Iterator[Rule]:
        """To the jail's own addresses, or the host would be closed as well; and to where its rdr sends to."""
        yield Rule(source=side.source, to=side.jail, **what)
        asked = [rule for rule in context.redirecting if rule.family == side.family]
        there = [rule for rule in asked if any(one not in side.addresses for one in (rule.target, *rule.more_targets))]
        for tag in dict.fromkeys(rule.tag for rule in there if rule.tag):
            yield Rule(source=side.source, tagged=tag, **what)
        made = (self._direct(side, rule, what) for rule in there if not rule.tag)
        yield from dict.fromkeys(one for one in made if one)

    def _direct(self, side: Side, rule: Rule, what: dict[str, Any]) -> Rule | None:
        """Where a service lets everybody in to another jail without a tag: there, and to that service only."""
        inside = (rule.target_port,) if rule.target_port else rule.port
        port = tuple(
            Port(max(one.first, other.first), min(one.last, other.last))
            for one in self.port or inside
            for other in inside or self.port
            if one.overlaps(other)
        )
        names = [one for one in _names(rule.proto or what["proto"]) if one in _names(what["proto"] or rule.proto)]
        if bool(port) != bool(self.port or inside) or bool(names) != bool(rule.proto or what["proto"]):
            return None
        proto = Protocol(tuple(names)) if names else None
        to = tuple(map(Peer.of, (rule.target, *rule.more_targets)))
        return Rule(source=side.source, to=to, **{**what, "proto": proto, "port": port})

    def _sent(self, context: Context, side: Side, what: dict[str, Any]) -> Iterator[Rule]:
        """Before nat by address, after it by tag: the filter sees the translated source (facts-2.md)."""
        if context.jail.vnet:
            yield Rule(direction="in", on=context.bridges(context.jail), source=side.jail, to=side.to, **what)
            return
        yield Rule(source=side.jail, to=side.to, **what)
        rules = [rule for rule in context.translating if rule.family == side.family]
        for tag in dict.fromkeys(rule.tag for rule in rules):
            yield Rule(direction="out", to=side.to, tagged=tag, **what)


def _names(proto: Protocol | None) -> tuple[str, ...]:
    return proto.names if proto else ()


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """deny."""
    return [Deny]
