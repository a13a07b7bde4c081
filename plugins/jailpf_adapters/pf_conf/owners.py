"""Whose a rule is: by the addresses that it redirects to, lets in to, or translates and lets out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.plugin import importing as rules
    from jailpf_adapters.pf_conf.statements import Known, Statement, Statements


def owned(one: Statement, all_of: Statements, known: Known) -> dict[str, rules.PfRule]:
    """{jail: the rule with its own addresses only}. {} for what is also about what is no jail.

    A rule that redirects to several jails is the first one's, with what lets in there; one that asks for a tag only, the
    jail's to which everything with that tag is redirected.
    """
    rule = one.rule
    if rule is None:
        return {}
    jails = {address for jail in known for address in of(known, jail)}
    redirects = [other.rule for other in all_of.all if other.rule is not None and other.first == "rdr"]
    words = rule.target if rule.action == "rdr" else rule.source if leaves(rule) else rule.to
    if rule.tagged and not words and not leaves(rule):
        words = tuple(word for pool in redirects if pool.tag == rule.tagged for word in pool.target)
    ends = [end for word in words for end in all_of.tables.get(word) or (word,)]
    if not ends or not set(ends) <= jails:
        return {}
    found = {}
    for jail in known:
        mine = of(known, jail)
        if rule.action == "rdr":
            if ends[0] in mine:
                found[jail] = rule
            continue
        pools = [pool for pool in redirects if pool.target[0] in mine and opens(rule, pool)]
        here = tuple(dict.fromkeys(end for end in ends if end in mine | {one for pool in pools for one in pool.target}))
        if here:
            found[jail] = replace(rule, source=here) if leaves(rule) else replace(rule, to=here)
    return found


def of(known: Known, jail: str) -> set[str]:
    """A jail's addresses."""
    return {one for family in known[jail].values() for one in family}


def leaves(rule: rules.PfRule) -> bool:
    """Whether it is about what the jail sends."""
    return rule.action in ("nat", "binat") or rule.direction == "out"


def opens(rule: rules.PfRule, pool: rules.PfRule) -> bool:
    """Whether a rule is about what another redirects."""
    ports = [pool.target_port] if pool.target_port else pool.port
    meets = any(one.first <= port.last and port.first <= one.last for one in rule.port for port in ports)
    return (
        rule.action == "pass"
        and rule.direction != "out"
        and bool(not rule.proto or set(rule.proto) & set(pool.proto))
        and (meets or not rule.port)
    )
