"""Values: what a declaration may hold. Each parses itself, prints itself as pf text, and knows its JSON Schema.

A value is made by `X.parse(raw)`, which raises ValueError with one sentence and, where there is one, a remedy after a
semicolon. `str(x)` is pf.conf(5) text; nothing else of a user's file ever reaches pf.
"""

from __future__ import annotations

from jailpf.values.address import FAMILIES, Address, Family, Network
from jailpf.values.base import Value
from jailpf.values.icmp import IcmpType
from jailpf.values.log import Log
from jailpf.values.member import Member
from jailpf.values.names import Filename, Interface, JailName, Name, TableName
from jailpf.values.peer import Peer
from jailpf.values.port import Port
from jailpf.values.protocol import Protocol
from jailpf.values.rate import Count, Rate
from jailpf.values.remote import HostName, Url
from jailpf.values.sides import Gateway, Outgoing, Outside, Party, Target

__all__ = [
    "FAMILIES",
    "Address",
    "Count",
    "Family",
    "Filename",
    "Gateway",
    "HostName",
    "IcmpType",
    "Interface",
    "JailName",
    "Log",
    "Member",
    "Name",
    "Network",
    "Outgoing",
    "Outside",
    "Party",
    "Peer",
    "Port",
    "Protocol",
    "Rate",
    "TableName",
    "Target",
    "Url",
    "Value",
]
