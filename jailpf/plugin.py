"""The authors' door: everything that a plugin may use, and nothing else. API version 1.

A plugin is a module with hooks. A rule type is a class with declared keys and one method:

    class KeepAway(RuleType):
        keyword = "keep_away"
        source: tuple[Peer, ...] = key(Peer, "Who is kept away.", name="from", many=True, required=True)

        def render(self, context):
            for side in context.sides(source=self.source, proto=context.service.proto):
                yield Rule(action="block", direction="in", quick=True, family=side.family, source=side.source, to=side.jail)

    @hookimpl
    def jailpf_rule_types():
        return [KeepAway]

Names, hooks, arguments of hooks and fields with defaults may be added in any release; nothing is removed or changes its
meaning without a major release, and one minor release that warns before it. `jailpf plugin new NAME` writes a start.
"""

from __future__ import annotations

from jailpf.declare.rules import Context, RuleType, Service, Side, negations, overlapping
from jailpf.declare.schema import Keys, key
from jailpf.declare.services import Services
from jailpf.declare.settings import Host
from jailpf.errors import Place, VetoError
from jailpf.hookspecs import hookimpl
from jailpf.managers.adapter import Adapter
from jailpf.model import Jail, Rule, StateOptions, Table
from jailpf.values import (
    FAMILIES,
    Address,
    Count,
    Family,
    Filename,
    Interface,
    Member,
    Name,
    Network,
    Outgoing,
    Outside,
    Peer,
    Port,
    Protocol,
    Rate,
    TableName,
    Target,
)

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "FAMILIES",
    "Adapter",
    "Address",
    "Context",
    "Count",
    "Family",
    "Filename",
    "Host",
    "Interface",
    "Jail",
    "Keys",
    "Member",
    "Name",
    "Network",
    "Outgoing",
    "Outside",
    "Peer",
    "Place",
    "Port",
    "Protocol",
    "Rate",
    "Rule",
    "RuleType",
    "Service",
    "Services",
    "Side",
    "StateOptions",
    "Table",
    "TableName",
    "Target",
    "VetoError",
    "hookimpl",
    "key",
    "negations",
    "overlapping",
]
