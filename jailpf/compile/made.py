"""What rule types have made, looked at and put right before it is laid out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.compile.pftext import rule_text, table_text
from jailpf.errors import PluginError
from jailpf.model import Rule, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.declare.ways import Way
    from jailpf.values import Peer

Rendered = list[Rule | Table]


def checked(made: Iterable[object]) -> None:
    """Rules of a plugin, looked at while it is known whose they are. Raises PluginError for what pf could not be told."""
    for one in made:
        if not isinstance(one, Rule | Table):
            raise PluginError(f"{one!r} is neither a Rule nor a Table")
        if isinstance(one, Rule):
            rule_text(one)
        else:
            table_text(one)


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
    return replace(one, on=way.on, direction=one.direction or way.direction)


def untagged(rendered: Rendered, tag: str) -> Rendered:
    """A service that is let in directly needs no tag; without any pass rule it stays, for pf.conf to use."""
    rules = [one for one in rendered if isinstance(one, Rule)]
    if not any(rule.action == "pass" and rule.direction != "out" for rule in rules) or any(
        rule.tagged == tag for rule in rules
    ):
        return rendered
    return [
        replace(one, tag="") if isinstance(one, Rule) and one.action == "rdr" and one.tag == tag else one
        for one in rendered
    ]
