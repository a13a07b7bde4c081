"""What rule types have made, looked at and put right before it is laid out."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from jailpf.compile.pftext import rule_text, table_text
from jailpf.errors import PluginError, Problem
from jailpf.model import Rule, Table
from jailpf.values import FAMILIES, Peer
from jailpf.values.fields import changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jailpf.declare.ways import Way
    from jailpf.model import Jail
    from jailpf.values import Interface

Rendered = list[Rule | Table]
MOST = (
    100_000  # rules of pf that one jail may have: each takes memory of the kernel's, and pfctl seconds for all of them
)


def checked(made: Iterable[object]) -> None:
    """Rules of a plugin, looked at while it is known whose they are. Raises PluginError for what pf could not be told."""
    for one in made:
        if not isinstance(one, Rule | Table):
            raise PluginError(f"{one!r} is neither a Rule nor a Table")
        if isinstance(one, Rule):
            rule_text(one)
        else:
            table_text(one)


def acting(actions: tuple[str, ...], made: Rendered) -> list[Rule]:
    """The rules among what was made that do one of these."""
    return [one for one in made if isinstance(one, Rule) and one.action in actions]


def crowded(rendered: Rendered) -> Iterator[Problem]:
    """At most one problem: with which rule they become more than pf can be given, one for each combination of its lists."""
    total = 0
    for one in rendered:
        if isinstance(one, Rule):
            lists = (
                one.on,
                one.source,
                one.source_port,
                one.to,
                one.port,
                one.icmp_type,
                one.proto and one.proto.names,
            )
            total += prod(len(each or ()) or 1 for each in lists)
            if total > MOST:
                what = f"this would give pf {total} rules, one for each combination of the listed values; the limit is {MOST}"
                yield Problem(what, one.place, "list the addresses in a [table.NAME], and write <NAME> in their place")
                return


def bound(one: Rule | Table, named: Mapping[Peer, Way]) -> Rule | Table:
    """What lets another jail in stands where its packets are seen, also when its rule type does not know of that."""
    if (
        not isinstance(one, Rule)
        or one.action != "pass"
        or one.on
        or not one.source
        or not set(one.source) <= set(named)
    ):
        return one
    way = named[one.source[0]]
    return changed(one, on=way.on, direction=one.direction or way.direction)


def untagged(rendered: Rendered, tag: str) -> Rendered:
    """A service that is let in directly needs no tag; without any pass rule it stays, for pf.conf to use."""
    rules = [one for one in rendered if isinstance(one, Rule)]
    if not any(rule.action == "pass" and rule.direction != "out" for rule in rules) or any(
        rule.tagged == tag for rule in rules
    ):
        return rendered
    return [
        changed(one, tag="") if isinstance(one, Rule) and one.action == "rdr" and one.tag == tag else one
        for one in rendered
    ]


def never_by_default(jail: Jail, cards: tuple[Interface, ...], translating: tuple[Rule, ...]) -> Iterator[Rule]:
    """What leaves by a tunnel never leaves by another card of the default route, whatever the host's policy: where a nat takes all that
    a jail sends, and none of its rules names that card. Above it stands what is let out there by name.
    """
    whole = [
        rule
        for rule in translating
        if rule.action == "nat"
        and any(peer.holds(one) for peer in rule.source for one in jail.addresses)
        and not (rule.proto or rule.to or rule.port)
    ]
    closed = tuple(card for card in cards if not any(not one.on or card in one.on for one in translating))
    for family in FAMILIES if whole and closed and not jail.shared else ():
        if source := tuple(map(Peer.of, jail.of(family))):
            yield Rule(
                action="block", answer="drop", direction="out", quick=True, on=closed, family=family, source=source,
                order="last", place=whole[0].place,
            )  # fmt: skip


def in_order(rendered: Rendered) -> list[Rule]:
    """The rules as they are laid out: "first", the rest, "last"; of the last ones those that something above says already are left out."""
    order = {"first": 0, "": 1, "last": 2}
    rules = sorted((one for one in rendered if isinstance(one, Rule)), key=lambda rule: order[rule.order])
    if not rules or rules[-1].order != "last":
        return rules
    said: set[Rule] = set()
    found = []
    for rule in rules:
        plain = changed(rule, service="", place=None)
        if rule.order != "last" or plain not in said:
            found.append(rule)
        said.add(plain)
    return found
