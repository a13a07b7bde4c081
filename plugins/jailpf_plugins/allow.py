"""allow: what was redirected, or whoever asks the jail directly, is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.plugin import (
    Count,
    Interface,
    Peer,
    Port,
    Rate,
    Rule,
    RuleType,
    StateOptions,
    Table,
    hookimpl,
    key,
    negations,
    overlapping,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Address, Context, Side

LIMITS = ("max_src_conn", "max_src_conn_rate", "max_src_states", "max")
TCP_ONLY = ("max_src_conn", "max_src_conn_rate", "overload", "synproxy")


class Allow(RuleType):
    """Lets connections to the service in: those that its rdr redirected, or with `direct` all of them."""

    keyword = "allow"
    rank = 90
    makes = "pass"

    source: tuple[Peer, ...] = key(Peer, "Who is let in.", name="from", many=True, shown="the service's `from`")
    from_port: tuple[Port, ...] = key(Port, "The port that the other side sends from.", many=True, shown="any")
    on: tuple[Interface, ...] = key(Interface, "The interface that connections come in by.", many=True, shown="any")
    log: bool = key(bool, "Whether pf logs the first packet of a connection.", default=False)
    direct: bool | None = key(
        bool, "Whether the service is also reached without its rdr.", shown="`direct` of jailpf.toml"
    )
    max_src_conn: Count | None = key(Count, "How many connections one source may have open (TCP).")
    max_src_conn_rate: Rate | None = key(
        Rate, 'How many connections one source may open in how many seconds: "15/5" (TCP).'
    )
    max_src_states: Count | None = key(
        Count, "How many states one source may have, counted over all rules of the host together."
    )
    max: Count | None = key(
        Count,
        "How many states all sources together may have: in each rule that this becomes (port, address, protocol).",
    )
    overload: bool = key(bool, "Whether a source that exceeds a TCP limit is blocked from then on.", default=False)
    synproxy: bool = key(bool, "Whether pf finishes the TCP handshake itself first.", default=False)

    def problems(self) -> Iterator[tuple[str, str]]:
        """overload needs a limit; no negations in lists."""
        yield from negations(self.source)
        yield from overlapping(self.from_port)
        if self.overload and not (self.max_src_conn or self.max_src_conn_rate):
            yield (
                "overload",
                "there is no limit that could be exceeded; add max_src_conn or max_src_conn_rate",
            )

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """For each family a pass rule (two with limits or `on`), and above it the block rule of `overload`."""
        service = context.service
        assert service is not None  # noqa: S101 - scope is "service"
        self._check(context)
        targets = [rule for rule in context.rendered if isinstance(rule, Rule) and rule.action == "rdr"]
        direct = context.direct if self.direct is None else self.direct
        overload = ""
        if self.overload:
            overload = context.table_name("overload")
            yield Table(name=overload)
        for side in context.sides(
            source=self.source or service.source,
            proto=service.proto,
            addresses=_addresses(context, targets, direct),
        ):
            tagged = "" if direct or not targets else context.tag_in
            yield from self._rules(context, side, tagged, overload)

    def _rules(self, context: Context, side: Side, tagged: str, overload: str) -> Iterator[Rule]:
        service = context.service
        assert service is not None  # noqa: S101
        what: dict[str, Any] = {
            "quick": True, "family": side.family, "proto": service.proto, "source_port": self.from_port,
            "to": side.jail, "port": service.port, "tagged": tagged, "log": self.log,
        }  # fmt: skip
        if overload:
            yield Rule(action="block", direction="in", source=(Peer.parse(f"<{overload}>"),), **what)
        what["source"] = side.source
        state = self._state(overload)
        if not state and not self.on:
            yield Rule(action="pass", **what)
            return
        # Limits count on the way in only: a vnet jail's packets leave again through its bridge as OUT (facts.md).
        yield Rule(
            action="pass",
            direction="in",
            on=self._on(context),
            state=state,
            tag="" if tagged or not self.on else context.tag_in,
            **what,
        )
        what["tagged"] = context.tag_in if self.on else tagged
        elsewhere = any(one not in context.jail.addresses for one in side.addresses)
        if not self.on or context.jail.vnet or elsewhere:
            yield Rule(action="pass", direction="out", **what)

    def _on(self, context: Context) -> tuple[Interface, ...]:
        """With hairpin, connections also come in by the interfaces that the rdr added: lo0, a vnet jail's bridge."""
        hairpin = [
            one for rule in context.rendered if isinstance(rule, Rule) and rule.direction == "out" for one in rule.on
        ]
        if hairpin and context.jail.vnet and context.jail.interface:
            hairpin.append(context.jail.interface)
        return tuple(dict.fromkeys((*self.on, *hairpin))) if self.on else ()

    def _state(self, overload: str) -> StateOptions | None:
        limits = {name: getattr(self, name) for name in LIMITS}
        if not any(limits.values()) and not self.synproxy:
            return None
        return StateOptions(overload=overload, synproxy=self.synproxy, **limits)

    def _check(self, context: Context) -> None:
        service = context.service
        assert service is not None  # noqa: S101
        if service.proto.has_ports and not service.port and not self.from_port:
            raise context.error("the service has no `port`; add port = ...")
        if self.from_port and not service.proto.has_ports:
            raise context.error(f"{service.proto} has no ports", "from_port")
        for name in TCP_ONLY if service.proto.names != ("tcp",) else ():
            if getattr(self, name):
                raise context.error(f"{name} works for tcp only, not for {'+'.join(service.proto.names)}", name)


def _addresses(context: Context, targets: list[Rule], direct: bool) -> tuple[Address, ...]:
    """The jail's, or those that the rdr sends to when they are another's; of the rdr's families unless direct."""
    sent = tuple(dict.fromkeys(rule.target for rule in targets))
    if any(one not in context.jail.addresses for one in sent):
        return sent  # type: ignore[return-value]
    families = {rule.family for rule in targets}
    return tuple(one for one in context.jail.addresses if direct or not targets or one.family in families)


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """allow."""
    return [Allow]
