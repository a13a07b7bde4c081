"""rdr rules as services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.importing.drafts import Pairs, ServiceDraft
from jailpf.managers.importing.language.lexer import LostError
from jailpf.values import Address, Port
from jailpf.values.protocol import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.managers.importing.context import Context
    from jailpf.managers.importing.language.rule_data import PfRule


def targets_of(rule: PfRule) -> list[Address]:
    """The addresses that a rule redirects to, of one family. Raises LostError for tables and interfaces."""
    try:
        found = [Address.parse(one) for one in rule.target]
    except ValueError as wrong:
        raise LostError(f"the target: {str(wrong).partition(';')[0]}") from None
    if rule.family and (strange := [one for one in found if one.family != rule.family]):
        raise LostError(f"{strange[0]} is not an {rule.family} address")
    if len({one.family for one in found}) > 1:
        raise LostError("it redirects to addresses of both families; write one rule for each")
    return found


def services(rule: PfRule, context: Context, comments: tuple[str, ...]) -> Iterator[ServiceDraft]:
    """One draft for each group of ports that keeps its numbers or changes them alike. Raises LostError."""
    targets = targets_of(rule)
    target = targets[0]
    if not rule.proto:
        raise LostError("a service needs a protocol")
    if rule.source_port:
        raise LostError("rdr has no `from_port`")
    if rule.loose:
        context.warn(
            f"`-> {target} {rule.target_port}` lacks the word `port`, so pfctl refuses it; it was imported as if it had it"
        )
    if rule.log:
        context.warn("rdr does not log; allow = { log = true } does")
    # What `rdr pass` lets in it has redirected; nobody who asks the jail itself.
    allow: dict[str, object] | None = ({"direct": False} if context.direct else {}) if rule.passes else None
    source, to, on = context.peers(rule.source), context.outside(rule.to, target.family), context.on(rule.on)
    own = len(targets) == 1 and context.is_own(str(target))
    others: dict[str, tuple[str, ...]] = {} if own else {target.family: tuple(map(str, targets))}
    deal = ("source_hash",) * (rule.deals == "source-hash") + ("sticky_address",) * (
        rule.sticky and rule.deals != "source-hash"
    )
    # One protocol at a time: what is let in may be of one only. Those that stay alike are joined in the end.
    for proto in rule.proto:
        for pairs in _pairs(rule) if proto in WITH_PORTS else [()]:
            yield ServiceDraft(
                proto=(proto,), pairs=pairs, source=source, on=on, to={target.family: to}, target=others, allow=allow,
                deal=deal if len(targets) > 1 else (), tag=rule.tag,
                comments=comments,
            )  # fmt: skip


def _pairs(rule: PfRule) -> list[Pairs]:
    if not rule.port:
        raise LostError("it redirects all ports, but a service lists them")
    if rule.target_port is None:
        return [tuple((port, port) for port in rule.port)]
    first = rule.target_port.first
    if len(rule.port) == 1 and (rule.wide or rule.port[0].width == rule.target_port.width):
        last = first + rule.port[0].width - 1
        if last > 65535:
            raise LostError(f"{rule.port[0]} does not fit behind port {first}")
        return [((rule.port[0], Port(first, last)),)]
    if rule.wide or any(port.width > 1 for port in rule.port) or rule.target_port.width > 1:
        raise LostError("several ports, or ranges of another width, cannot share one port in the jail")
    # A declaration pairs ports one to one: each of several that lead to one port is a service.
    return [((port, rule.target_port),) for port in rule.port]
