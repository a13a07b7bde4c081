"""Whose a rule is: by the addresses that it redirects to, lets in to, or translates and lets out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import importing as rules
    from jailpf_adapters.pf_conf.statements import Known, Statements


class Owners:
    """Knows each address's jail, and what is redirected to whom."""

    def __init__(self, statements: Statements, known: Known) -> None:
        self.tables = statements.tables
        self.by_address = {
            one: jail for jail, own in reversed(known.items()) for found in own.values() for one in found
        }
        self.redirects = [one.rule for one in statements.all if one.rule is not None and one.first == "rdr"]
        self.pools = [rule for rule in self.redirects if len(rule.target) > 1]

    def of(self, rule: rules.PfRule | None) -> dict[str, rules.PfRule]:
        """{jail: the rule with its own addresses only}. {} for what is also about what is no jail.

        A rule that redirects to several jails is the first one's, with what lets in there; one that asks for a tag only, the
        jail's to which everything with that tag is redirected.
        """
        if rule is None:
            return {}
        words = rule.target if rule.action == "rdr" else rule.source if leaves(rule) else rule.to
        if rule.tagged and not words and not leaves(rule):
            words = tuple(word for one in self.redirects if one.tag == rule.tagged for word in one.target)
        ends = list(dict.fromkeys(end for word in words for end in self.tables.get(word) or (word,)))
        if not ends or not self.by_address.keys() >= set(ends):
            return {}
        if rule.action == "rdr":
            return {self.by_address[ends[0]]: rule}
        here: dict[str, dict[str, None]] = {}
        for end in ends:
            for jail in (self.by_address[end], *self._by_pools(rule, end)):
                here.setdefault(jail, {})[end] = None
        side = "source" if leaves(rule) else "to"
        return {jail: replace(rule, **{side: tuple(found)}) for jail, found in here.items()}  # type: ignore[arg-type]

    def about(self, words: Iterable[str]) -> set[str]:
        """The jails whose addresses stand there."""
        return {self.by_address[word] for word in words if word in self.by_address}

    def _by_pools(self, rule: rules.PfRule, end: str) -> Iterable[str]:
        """The first ones of those that share what is redirected to an address, and that the rule lets in to."""
        for pool in self.pools:
            if end in pool.target and pool.target[0] in self.by_address and opens(rule, pool):
                yield self.by_address[pool.target[0]]


def leaves(rule: rules.PfRule) -> bool:
    """Whether it is about what the jail sends."""
    return rule.action in ("nat", "binat") or rule.direction == "out"


def opens(rule: rules.PfRule, redirect: rules.PfRule) -> bool:
    """Whether a rule is about what another redirects."""
    ports = [redirect.target_port] if redirect.target_port else redirect.port
    meets = any(one.first <= port.last and port.first <= one.last for one in rule.port for port in ports)
    return (
        rule.action == "pass"
        and rule.direction != "out"
        and bool(not rule.proto or set(rule.proto) & set(redirect.proto))
        and (meets or not rule.port)
    )
