"""What no block stops: IPv6 neighbours who look for each other. IPv4's do so by ARP, which pf never sees."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.values import IcmpType, Protocol
from jailpf.values import anchors as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.model import Jail, Rule

ICMP6 = Protocol(("icmp6",))
DISCOVERY = (IcmpType("neighbrsol"), IcmpType("neighbradv"))


def with_discovery(jail: Jail, rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules, and above each block of the jail as a whole that would take neighbour discovery with it a pass for that alone.

    A jail whose router cannot find it is reached by nobody, once the router's neighbour cache is empty (facts.md).
    """
    for rule in rules:
        if _takes(rule):
            yield replace(
                rule, action="pass", answer="", log=False, identifier=0, family="inet6", proto=ICMP6, icmp_type=DISCOVERY,
                labels=(names.jail_label(jail.name),),
            )  # fmt: skip
        yield rule


def _takes(rule: Rule) -> bool:
    """Not on loopbacks, where nobody is looked for, nor of what nat has sent."""
    indoors = bool(rule.on) and all(one.startswith("lo") for one in rule.on)
    return (
        rule.action == "block"
        and bool(rule.order)  # those of a service are as its rule type means them
        and rule.family != "inet"
        and (rule.proto is None or "icmp6" in rule.proto.names)
        and not (rule.icmp_type or rule.tagged or indoors)
    )
