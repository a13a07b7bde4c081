"""What pf takes without a word and does not do: a deny behind another's nat, a card or a log that is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem
from jailpf.system import programs
from jailpf.values import Log, Network, Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.errors import Place
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.pf import Loaded

_NAT = re.compile(
    r"^nat (?:pass )?(?:log (?:\([^)]*\) )?)?(?:on \S+ )?(?:(?P<af>inet6?) )?(?:proto \S+ )?(?:all|from (?P<source>.+?)(?: port .+?)? to) .*->"
)


def opened(session: Session, prepared: Prepared, main: Loaded) -> Iterator[Problem]:
    """Each [deny.*] of what a local jail sends that a nat rule of the main ruleset would silently open.

    pf.conf's nat comes first: the filter then sees the host's address, and no tag of ours is set (facts-2.md).
    """
    if prepared.jail.vnet:
        return
    rules = [rule for rule in prepared.ruleset.rules if rule.action == "block" and _sends(rule, prepared)]
    said = set()
    for line in main.nat if rules else ():
        for rule in rules:
            if rule.service not in said and _covers(session, line, rule):
                said.add(rule.service)
                yield Problem(
                    f"the main ruleset's `{line}` translates these packets first, so {rule.service} would not block them",
                    rule.place,
                    "exclude the jail from that line of pf.conf, and use [host] nat or a [nat.NAME]",
                )


def _sends(rule: Rule, prepared: Prepared) -> bool:
    return bool(rule.source) and set(rule.source) <= set(map(Peer.of, prepared.jail.addresses))


def _covers(session: Session, line: str, rule: Rule) -> bool:
    found = _NAT.match(line)
    if not found or (found["af"] and found["af"] != rule.family):
        return False
    words = (found["source"] or "any").strip("{} ").replace(",", " ").split()
    for word in words:
        if word in ("any", "!") or word.startswith(("!", "(")):
            return True  # what it leaves out, or an interface has, is not for us to guess: refused rather than promised
        try:
            nets = [
                Network.parse(one)
                for one in (session.pf.table("", word[1:-1], "show") if word.startswith("<") else [word])
                if not one.startswith("!")
            ]
        except (ValueError, JailpfError):
            continue
        if any(peer.network and peer.network.within(net) for net in nets for peer in rule.source):
            return True
    return False


def cards(prepared: Prepared) -> dict[str, Place | None]:
    """The cards of uplinks that rules send by, and where that is said."""
    return {str(rule.route.interface): rule.place for rule in prepared.ruleset.rules if rule.route}


def logs(prepared: Prepared) -> dict[str, Place | None]:
    """The pflog interfaces that rules log to, and where that is said."""
    rules = prepared.ruleset.rules
    return {str(rule.log.to): rule.place for rule in rules if isinstance(rule.log, Log) and rule.log.to}


def missing(session: Session, prepared: Prepared) -> Iterator[Problem]:
    """Cards of uplinks and pflog interfaces that the host does not have: pf drops every packet, or reads past an array."""
    links, pflogs = cards(prepared), logs(prepared)
    if not (links or pflogs) or session.settings.pf == "simulated":
        return
    there = programs.run(session.settings.programs["ifconfig"], "-l").split()
    for name, place in links.items():
        if name not in there:
            remedy = f"create it, or remove its [host.uplink.*] from {session.settings.file}"
            yield Problem(f"there is no interface {name}, so pf would drop what this rule matches", place, remedy)
    for log, place in pflogs.items():
        if log not in there:
            yield Problem(
                f"there is no interface {log} to log to",
                place,
                f"`ifconfig {log} create`, and pflog_instances in rc.conf(5)",
            )
