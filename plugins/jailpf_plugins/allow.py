"""allow: what was redirected, or whoever asks the jail directly, is let in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from jailpf.plugin import (
    Address,
    Count,
    Interface,
    Log,
    Party,
    Peer,
    Port,
    Protocol,
    Rate,
    Route,
    Rule,
    RuleType,
    StateOptions,
    Table,
    hookimpl,
    key,
    negations,
    overlapping,
)  # fmt: skip
from jailpf_plugins.brought import brought, redirecting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.plugin import Context, Service, Side

LIMITS = ("max_src_conn", "max_src_conn_rate", "max_src_states", "max")
ANSWERS: dict[str, Literal["", "in", "out"]] = {"": "", "in": "out", "out": "in"}
TCP_ONLY = ("max_src_conn", "max_src_conn_rate", "overload", "synproxy")


class Allow(RuleType):
    """Lets connections to the service in: those that its rdr redirected, or with `direct` all of them."""

    keyword = "allow"
    rank = 90
    makes = "pass"

    source: tuple[Party, ...] = key(
        Party,
        "Who is let in: addresses, tables, other jails by name, or `host`.",
        name="from",
        many=True,
        shown="the service's `from`",
    )
    from_port: tuple[Port, ...] = key(Port, "The source port of the client.", many=True, shown="any")
    to: tuple[Address, ...] = key(Address, "The addresses of the jail that are reached.", many=True, shown="all")
    on: tuple[Interface, ...] = key(
        Interface, "The interface or uplink that connections come in on.", many=True, shown="any"
    )
    log: Log | None = key(Log, 'Whether to log connections: true, "all" for every packet, or { to = "pflog1" }.')
    direct: bool | None = key(
        bool,
        "Whether the service also accepts connections that its rdr has not redirected.",
        shown="`direct` of jailpf.toml",
    )
    max_src_conn: Count | None = key(Count, "The number of open connections from one source (TCP).")
    max_src_conn_rate: Rate | None = key(
        Rate, 'The rate of new connections from one source: "15/5" is 15 in 5 seconds (TCP).'
    )
    max_src_states: Count | None = key(Count, "The number of states from one source.")
    max: Count | None = key(Count, "The number of states from all sources together.")
    overload: bool = key(bool, "Whether to block a source from the moment it exceeds a TCP limit.", default=False)
    synproxy: bool = key(bool, "Whether pf completes the TCP handshake before it connects to the jail.", default=False)
    state: str = key(
        str,
        "How pf keeps state; none only where nothing is translated.",
        default="keep",
        choices=("keep", "modulate", "sloppy", "none"),
    )

    def problems(self) -> Iterator[tuple[str, str]]:
        """Limits need a state; no negations in lists."""
        yield from negations(self.source, jails=True)
        yield from overlapping(self.from_port)
        if self.state == "none" and any(getattr(self, name) for name in (*LIMITS, "synproxy")):
            yield "state", "limits count states, but this keeps none; remove `state`, or the limits"
        if self.synproxy and self.state != "keep":
            yield "state", f"pf does not accept synproxy with {self.state}; write one of them"

    def render(self, context: Context) -> Iterable[Rule | Table]:
        """For each family a pass rule (two with limits or `on`), and above it the block rule of `overload`."""
        service = context.service
        assert service is not None  # noqa: S101 - scope is "service"
        self._check(context, service)
        overload = ""
        if self.overload:
            overload = context.table_name("overload")
            yield Table(name=overload)
        source = self.source or service.source
        plain, jails = ([one for one in source if one.indoors == named] for named in (False, True))
        senders = [one for rule in redirecting(context) for one in rule.source or (Peer.parse("any"),)]
        if plain and senders and not any(one.meets(two) for one in senders for two in plain):
            context.note("nobody gets in: rdr.from and allow.from have no address in common; write only one of them")
        if plain or not source:
            for addresses, tag in brought(context, self._own(context), self.direct, bool(self.to)):
                for side in context.sides(source=tuple(plain), proto=service.proto, addresses=addresses):
                    yield from self._rules(context, side, tag, overload)
        for side in (
            context.sides(source=tuple(jails), proto=service.proto, addresses=self._own(context)) if jails else ()
        ):
            yield from self._rules(context, side, "", overload)

    def _own(self, context: Context) -> tuple[Address, ...]:
        return tuple(one for one in context.jail.addresses if not self.to or one in self.to)

    def _rules(self, context: Context, side: Side, tagged: str, overload: str) -> Iterator[Rule]:
        service = context.service
        assert service is not None  # noqa: S101
        whole = Rule(
            action="pass", quick=True, family=side.family, source=side.source, source_port=self.from_port, to=side.jail,
            port=service.port, icmp_type=service.messages, tagged=tagged, log=self.log,
        )  # fmt: skip
        for proto in self._protocols(service.proto):
            rule = replace(whole, proto=proto)
            if overload and "tcp" in proto.names:
                yield replace(
                    rule, action="block", answer="drop", direction="in", source=(Peer.parse(f"<{overload}>"),)
                )
            if self.state == "none":
                yield from self._stateless(context, side, rule)
            elif side.way:
                yield from self._near(side, rule, self._state(proto, overload))
            else:
                yield from self._far(context, rule, self._state(proto, overload))

    def _far(self, context: Context, rule: Rule, state: StateOptions | None) -> Iterator[Rule]:
        """Who comes from elsewhere; by an uplink the answers go back by it."""
        tag = context.tag_in if self.on and not rule.tagged else ""
        for card, gateway in self._uplinks(context, rule):
            route = Route(word="reply-to", interface=card, gateway=gateway)
            yield replace(rule, direction="in", on=(card,), route=route, state=state, tag=tag)
        if not self.on and not _limited(state):
            yield replace(rule, state=state)
            return
        # Limits count on the way in only: a vnet jail's packets leave again through its bridge as OUT (facts.md).
        asked = list(dict.fromkeys(one for rule in redirecting(context) for one in rule.on))
        cards = [link.interface if (link := context.host.uplink(one)) else one for one in self.on]
        if rule.tagged and asked and cards and not set(cards) & set(asked):
            context.note(
                f"nobody gets in: redirected connections come in on {' '.join(asked)}, but `on` of allow lists none of these; add one, or write rdr.on"
            )
        on = self._on(context)
        if on or not self.on:
            yield replace(rule, direction="in", on=on, state=state, tag=tag)
        elsewhere = any(str(one) not in map(str, context.jail.addresses) for one in rule.to)
        if not self.on or context.jail.vnet or elsewhere:
            yield replace(rule, direction="out", tagged=rule.tagged or tag)

    def _near(self, side: Side, rule: Rule, state: StateOptions | None) -> Iterator[Rule]:
        """Other jails, where their packets are seen, and nowhere else: anybody may borrow an address."""
        assert side.way is not None  # noqa: S101
        rule = replace(rule, on=side.way.on, direction=side.way.direction)
        if side.way.direction or not _limited(state):
            yield replace(rule, state=state)
        else:
            yield replace(rule, direction="in", state=state)
            yield replace(rule, direction="out")

    def _stateless(self, context: Context, side: Side, rule: Rule) -> Iterator[Rule]:
        """Both directions by themselves; nat would change the answers, which nobody undoes."""
        if rule.tagged or any(one.family == rule.family for one in context.translating):
            raise context.error(f"translated connections need a state, and {rule.family} of this jail is", "state")
        if any(map(context.host.uplink, self.on)):
            raise context.error(
                "without a state, replies do not leave by the uplink the connection came in on", "state"
            )
        on, direction = (side.way.on, side.way.direction) if side.way else (self.on, "")
        none = replace(rule, on=on, direction=direction, state=StateOptions(kind="none"))
        yield none
        yield replace(
            none, direction=ANSWERS[direction], source=rule.to, source_port=rule.port, to=rule.source, port=rule.source_port
        )  # fmt: skip

    def _uplinks(self, context: Context, rule: Rule) -> Iterator[tuple[Interface, Address]]:
        """(card, gateway) of each uplink that the service is asked on."""
        asked = [one for rule in redirecting(context) for one in rule.on]
        if not asked and not context.jail.vnet and context.jail.interface:
            asked = [context.jail.interface]
        for link in dict.fromkeys(filter(None, map(context.host.uplink, self.on or asked))):
            if gateway := link.to(rule.family or ""):
                yield link.interface, gateway

    def _on(self, context: Context) -> tuple[Interface, ...]:
        """With hairpin, connections also come in by the interfaces that the rdr added: lo0, a vnet jail's bridge."""
        cards = [one for one in self.on if context.host.uplink(one) is None]
        hairpin = [
            one
            for rule in context.rendered
            if isinstance(rule, Rule) and (rule.direction == "out" or rule.action == "nat")
            for one in rule.on
        ]
        return tuple(dict.fromkeys((*cards, *hairpin))) if self.on else ()

    def _protocols(self, proto: Protocol) -> Iterator[Protocol]:
        """Limits of TCP stand on a rule of their own."""
        if "tcp" in proto.names and len(proto.names) > 1 and any(getattr(self, name) for name in TCP_ONLY):
            yield Protocol(("tcp",))
            yield Protocol(tuple(one for one in proto.names if one != "tcp"))
        else:
            yield proto

    def _state(self, proto: Protocol, overload: str) -> StateOptions | None:
        wanted = {name: getattr(self, name) for name in (*LIMITS, "synproxy") if getattr(self, name)}
        if "tcp" not in proto.names:
            wanted = {name: value for name, value in wanted.items() if name not in TCP_ONLY}
            overload = ""
        kind = self.state if "tcp" in proto.names else "keep"
        if not wanted and kind == "keep":
            return None
        return StateOptions(overload=overload, kind=kind, **wanted)  # type: ignore[arg-type]

    def _check(self, context: Context, service: Service) -> None:
        if service.proto.has_ports and not service.port and not self.from_port:
            raise context.error("the service has no `port`; add port = ...")
        if self.from_port and not service.proto.has_ports:
            raise context.error(f"{service.proto} has no ports", "from_port")
        for name in TCP_ONLY if "tcp" not in service.proto.names else ():
            if getattr(self, name):
                raise context.error(f"{name} works for tcp only, not for {'+'.join(service.proto.names)}", name)
        if self.overload and not (self.max_src_conn or self.max_src_conn_rate):
            what = "overload needs a limit; add max_src_conn or max_src_conn_rate"
            raise context.error(what, "overload")
        if self.state in ("modulate", "sloppy") and "tcp" not in service.proto.names:
            raise context.error(f"{self.state} works for tcp only, not for {'+'.join(service.proto.names)}", "state")
        for number, one in enumerate(self.to):
            if one not in context.jail.addresses:
                raise context.error(f"{one} is not an address of {context.jail.name}", f"to.{number}")


def _limited(state: StateOptions | None) -> bool:
    return state is not None and (state.synproxy or any(getattr(state, name) for name in LIMITS))


@hookimpl
def jailpf_rule_types() -> Iterable[type[RuleType]]:
    """allow."""
    return [Allow]
