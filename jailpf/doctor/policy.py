"""The policy of the main ruleset: whether it blocks what no declaration names, and not the host's own loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.declare.layout import OWN_LOOPBACK
from jailpf.doctor.world import declared
from jailpf.errors import JailpfError
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.model import Jail

UNUSED = 61001
"""A port that nobody declares; where one does, the rule that lets in is the jail's, and the answer no finding."""
SOURCES = {"inet": "198.51.100.7", "inet6": "2001:db8::7"}
LOOPBACK = ("127.0.0.1", "::1")


def policy(session: Session) -> Iterator[Finding]:
    """Whether a port of a jail that no declaration names is reached by its own address, from outside or from a neighbour."""
    try:
        world = declared(session)
    except JailpfError:
        return  # told by the check whose trouble it is
    jails = [one.jail for one in world.jails.values() if not one.jail.shared]
    if said := next(filter(None, (_reached(world, jail, "outside") for jail in jails)), ""):
        yield Finding(
            "error",
            f"the main ruleset is open: {said}",
            "it is not declared: every port of every jail is open to everybody with a route to it",
            "`block all` in pf.conf, above the anchor line, and below it nothing that passes to `any`; but first allow your own ssh (`jailpf init` shows both)",
        )
        return
    local = [jail for jail in jails if not jail.vnet]
    pairs = zip(local[1:], local, strict=False)
    if said := next(filter(None, (_reached(world, jail, f"jail:{sender.name}") for sender, jail in pairs)), ""):
        yield Finding(
            "warning",
            f"the main ruleset is open between jails: {said}",
            'it is not declared: `from = "jail:NAME"` keeps no other jail out',
            "in pf.conf, a `block` above the anchor line that covers the jails' interface, and no `set skip` on it",
        )


def leaving(session: Session) -> Iterator[Finding]:
    """Whether a jail that says what it opens outside opens anything else: its `out` lets out, and only pf.conf blocks the rest."""
    try:
        world = declared(session)
    except JailpfError:
        return  # told by the check whose trouble it is
    for name, one in world.jails.items():
        ways = [
            rule
            for rule in one.ruleset.rules
            if (rule.action, rule.direction) == ("pass", "out") and f"jailpf/{name}/out." in " ".join(rule.labels)
        ]
        found = _leaves(world, one.jail, {str(card) for rule in ways for card in rule.on}) if ways else None
        if found is None:
            continue
        packet, rule, card = found
        tags = sorted({rule.tagged for rule in ways if rule.tagged})
        line = " and ".join(f'`block out on {card} tagged "{tag}"`' for tag in tags)
        below = "below that line, without `quick` in it, and" if rule and " quick " in rule else "below that line and"
        yield Finding(
            "warning",
            f"[out.*] of {name} limits nothing: {packet} leaves, {f'by `{rule}`' if rule else 'because no rule blocks it'}",
            "`out` lets out; what it does not name is for pf.conf to block",
            f"in pf.conf, {below if rule else ''} above the anchor line: {line or f'a `block` that covers what {name} sends'}",
        )


def _leaves(world: World, jail: Jail, cards: set[str]) -> tuple[str, str, str] | None:
    """A packet that no declaration names and that leaves by one of the cards, the rule of pf.conf that lets it out, and the card."""
    for address in jail.addresses:
        target = SOURCES[address.family]
        try:
            found = world.pf.connect("tcp", str(address), target, UNUSED, sender=f"jail:{jail.name}", keep=False)
        except JailpfError:
            continue
        filters = [step for step in found.steps if step.phase == "filter"]
        if not found or not filters or any(step.deciding and step.deciding.path for step in filters):
            continue
        last = filters[-1]
        if last.interface in cards:
            what = f"tcp from {address} to {target} port {UNUSED}"
            return what, last.deciding.text if last.deciding else "", last.interface
    return None


def loopback(session: Session) -> Iterator[Finding]:
    """Whether the host reaches itself on lo0, where resolvers, mail and databases of the host listen."""
    from jailpf.insight.world import build

    if session.settings.pf == "simulated" and not session.settings.main:
        return
    try:
        world = build(session)
    except JailpfError:
        return  # told by the check whose trouble it is
    there = world.pf.topology.interfaces.get("lo0")
    own = {text.partition("/")[0] for text in there.addresses} if there else set()
    for address in LOOPBACK:
        if address not in own:
            continue
        found = world.pf.connect("tcp", address, address, UNUSED, sender="host", keep=False)
        rule = found.steps[-1].deciding if found.verdict == "block" and found.steps else None
        if rule:
            quick = " quick " in rule.text
            line = OWN_LOOPBACK.replace("pass ", "pass quick ", 1) if quick else OWN_LOOPBACK
            yield Finding(
                "warning",
                f"the host does not reach itself at {address}: `{rule.text}` blocks it",
                "the host reaches its own resolver, mail and databases there",
                f"{'above' if quick else 'below'} that line of pf.conf: {line}",
            )
            return


def _reached(world: World, jail: Jail, sender: str) -> str:
    """The packet, and whom it reaches, where no rule of an anchor is behind it; "" else."""
    for address in jail.addresses:
        source = SOURCES[address.family] if sender == "outside" else _source(world, sender, address.family)
        if not source:
            continue
        try:
            found = world.pf.connect("tcp", source, str(address), UNUSED, sender=sender, keep=False)
        except JailpfError:
            continue
        by_main = all(step.deciding is None or not step.deciding.path for step in found.steps)
        if found and by_main and found.delivered_to == jail.name:
            whom = source if sender == "outside" else sender.replace(":", " ")
            rule = next((step.deciding for step in found.steps if step.phase == "filter" and step.deciding), None)
            by = f"by `{rule.text}`" if rule else "because no rule blocks it"
            return f"tcp from {whom} to {address} port {UNUSED} reaches {jail.name}, {by}"
    return ""


def _source(world: World, sender: str, family: str) -> str:
    jail = world.jails[sender.removeprefix("jail:")].jail
    return next((str(one) for one in jail.addresses if one.family == family), "")


CHECKS = (policy, leaving, loopback)
