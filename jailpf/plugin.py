"""The authors' door: everything that a plugin may use, and nothing else. API version 1.

Names may be added in any release; nothing is removed or changes its meaning without a major release, and one minor
release that warns before it.
"""

from __future__ import annotations

from jailpf.adapter import Adapter
from jailpf.errors import Place, VetoError
from jailpf.hookspecs import hookimpl
from jailpf.model import Jail, Rule, StateOptions, Table
from jailpf.rules import Context, RuleType, Side
from jailpf.schema import Keys, key
from jailpf.services import Service, Services, negations, overlapping
from jailpf.settings import Host
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
