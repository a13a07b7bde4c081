"""Whether a deny is beaten by another jail: pf asks the anchors by their names, and what the first lets through is through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.apart import common, peers_meet, within
from jailpf.errors import JailpfError, Problem
from jailpf.lifecycle.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Jail, Rule


def beaten(session: Session, asked: list[Prepared]) -> list[Problem]:
    """A warning for each deny of these jails, and each jail whose rules stand above and let through some of it."""
    denying = [(one, blocks) for one in asked if (blocks := [rule for rule in one.ruleset.rules if _denies(rule)])]
    if not denying:
        return []
    everybody = {one.jail.name: one for one in asked}
    for name in session.jails.declared():
        if name not in everybody and (found := _prepared(session, name)):
            everybody[name] = found
    problems: dict[tuple[str, str], Problem] = {}
    for mine, blocks in denying:
        for other in everybody.values():
            if _order(session, other) < _order(session, mine):
                passes = [rule for rule in other.ruleset.rules if _lets_through(rule, other.jail)]
                above = [rule for rule in other.ruleset.rules if rule.action == "block" and rule.order == "first"]
                for block, rule in _met(blocks, passes, mine.jail):
                    if any(_covers(one, block, rule) for one in above):
                        continue
                    what = f"{block.service} does not hold for what {other.jail.name} lets through ({rule.place}), whose rules stand first: its name comes before {mine.jail.name}"
                    remedy = "take that out, or write a [deny.NAME] in the same file, which stands above it"
                    problems.setdefault((str(block.place), other.jail.name), Problem(what, block.place, remedy))
    return list(problems.values())


def _prepared(session: Session, name: str) -> Prepared | None:
    """A jail that was not asked about; its own mistakes are told when it is."""
    try:
        return prepare(session, name, created=False)
    except JailpfError:
        return None


def _order(session: Session, one: Prepared) -> bytes:
    return str(session.settings.layout.path("filter", one.jail.name)).encode()


def _denies(rule: Rule) -> bool:
    """By address; what has a tag of the jail's own is never seen by others' rules for their own."""
    return rule.action == "block" and rule.order == "first" and not rule.tagged


def _lets_through(rule: Rule, jail: Jail) -> bool:
    """Not what it lets in from everybody to itself, which is its own say, nor what it sends outside."""
    own = set(map(str, jail.addresses))
    to_itself = bool(rule.to) and {str(one) for one in rule.to} <= own
    sends = rule.tagged.startswith("jailpf.out") or not rule.to
    return rule.action == "pass" and not sends and not (to_itself and not rule.source)


def _met(blocks: list[Rule], passes: list[Rule], jail: Jail) -> Iterator[tuple[Rule, Rule]]:
    for block in blocks:
        for rule in passes:
            here = not jail.vnet and any(one.negated and one.interface == "self" for one in rule.to)
            if not here and (
                block.family == rule.family
                and not (block.direction and rule.direction and block.direction != rule.direction)
                and common(block.on, rule.on)
                and common(block.proto.names if block.proto else (), rule.proto.names if rule.proto else ())
                and (not block.port or not rule.port or any(a.overlaps(b) for a in block.port for b in rule.port))
                and peers_meet(block.source, rule.source)
                and peers_meet(block.to, rule.to)
            ):
                yield block, rule


def _covers(above: Rule, block: Rule, rule: Rule) -> bool:
    """Whether the other's own deny blocks all that is denied of what its rule lets through."""
    protos = [set(one.proto.names) for one in (block, rule) if one.proto]
    return (
        above.family == rule.family
        and above.tagged in ("", rule.tagged)
        and above.direction in ("", rule.direction)
        and (not above.on or (bool(rule.on) and set(rule.on) <= set(above.on)))
        and (not above.proto or any(one <= set(above.proto.names) for one in protos))
        and (not above.port or any(one.port and set(one.port) <= set(above.port) for one in (block, rule)))
        and (not above.source or within(block.source, above.source) or within(rule.source, above.source))
        and (not above.to or within(block.to, above.to) or within(rule.to, above.to))
    )
