"""The API for plugins: everything that a plugin may use, and nothing else. API version 1.

A plugin is a module that implements hooks. A rule type is a class with declared keys and one method:

    class KeepAway(RuleType):
        keyword = "keep_away"
        source: tuple[Peer, ...] = key(Peer, "Who is blocked.", name="from", many=True, required=True)

        def render(self, context):
            for side in context.sides(source=self.source, proto=context.service.proto):
                yield Rule(action="block", direction="in", quick=True, family=side.family, source=side.source, to=side.jail)

    @hookimpl
    def jailpf_rule_types():
        return [KeepAway]

Any release may add names, hooks, arguments of hooks and fields with defaults. Something is removed or changes its meaning
only in a major release, after a minor release that warns. `jailpf plugin new NAME` writes a plugin to start from.

An adapter is a class with everything that jailpf knows about a jail manager: see Adapter. It may use read_file,
run_program, ask_program, running_jails and running_jail (files are checked for their owner, programs have a time limit
and no shell), `jailconf` (what jail(8) reads in a jail.conf), hook_command, and `importing` (turns rules into declarations).
"""

from __future__ import annotations

from jailpf.declare.host import Host
from jailpf.declare.lists import destination, everywhere, negations, of_family, overlapping
from jailpf.declare.rules import Context, RuleType, Service
from jailpf.declare.schema import Keys, key
from jailpf.declare.services import Services
from jailpf.declare.settings import Settings
from jailpf.declare.ways import Outlet, Side, Way
from jailpf.declare.words import AbsolutePath
from jailpf.errors import (
    ConfigError,
    JailpfError,
    NoJailError,
    PermissionDeniedError,
    PfUnavailableError,
    Place,
    Problem,
    TryAgainError,
    UsageError,
    VetoError,
)
from jailpf.hookspecs import hookimpl
from jailpf.managers import importing, jailconf
from jailpf.managers.adapter import Adapter
from jailpf.managers.assignments import expand, read_assignments
from jailpf.managers.attach.lines import hook_command, is_hook_command
from jailpf.managers.finding import Finding
from jailpf.managers.hooks import FileHooks, HookFile, JailConfHooks
from jailpf.managers.importing import Imported
from jailpf.managers.published import Published, Unread
from jailpf.managers.reading import listed, read_text
from jailpf.managers.scripts import script
from jailpf.model import Jail, Pool, Route, Rule, StateOptions, Table
from jailpf.system.files import read as read_file
from jailpf.system.programs import ask as ask_program
from jailpf.system.programs import run as run_program
from jailpf.system.running import find as running_jail
from jailpf.system.running import running as running_jails
from jailpf.values import (
    FAMILIES,
    Address,
    Count,
    Family,
    Filename,
    HostName,
    IcmpType,
    Interface,
    JailName,
    Log,
    Member,
    Name,
    Network,
    Outgoing,
    Outside,
    Party,
    Peer,
    Port,
    Protocol,
    Rate,
    TableName,
    Target,
    Url,
)

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "FAMILIES",
    "AbsolutePath",
    "Adapter",
    "Address",
    "ConfigError",
    "Context",
    "Count",
    "Family",
    "FileHooks",
    "Filename",
    "Finding",
    "HookFile",
    "Host",
    "HostName",
    "IcmpType",
    "Imported",
    "Interface",
    "Jail",
    "JailConfHooks",
    "JailName",
    "JailpfError",
    "Keys",
    "Log",
    "Member",
    "Name",
    "Network",
    "NoJailError",
    "Outgoing",
    "Outlet",
    "Outside",
    "Party",
    "Peer",
    "PermissionDeniedError",
    "PfUnavailableError",
    "Place",
    "Pool",
    "Port",
    "Problem",
    "Protocol",
    "Published",
    "Rate",
    "Route",
    "Rule",
    "RuleType",
    "Service",
    "Services",
    "Settings",
    "Side",
    "StateOptions",
    "Table",
    "TableName",
    "Target",
    "TryAgainError",
    "Unread",
    "Url",
    "UsageError",
    "VetoError",
    "Way",
    "ask_program",
    "destination",
    "everywhere",
    "expand",
    "hook_command",
    "hookimpl",
    "importing",
    "is_hook_command",
    "jailconf",
    "key",
    "listed",
    "negations",
    "of_family",
    "overlapping",
    "read_assignments",
    "read_file",
    "read_text",
    "run_program",
    "running_jail",
    "running_jails",
    "script",
]
