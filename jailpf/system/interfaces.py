"""The interfaces of this host, their groups and addresses, as ifconfig(8) shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from jailpf.errors import JailpfError
from jailpf.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class HasExternal(Protocol):
    """[host]."""

    @property
    def ext_if(self) -> Iterable[str]:
        """The external interfaces."""


class HasHost(Protocol):
    """The settings."""

    @property
    def programs(self) -> Mapping[str, str]:
        """name -> absolute path."""

    @property
    def pf(self) -> str:
        """Which pf is driven."""

    @property
    def host(self) -> HasExternal:
        """[host]."""


class Seen(NamedTuple):
    """names: in ifconfig(8)'s order; groups: {group: its interfaces}; addresses: without prefix and scope, {address: interface}. Empty: not known."""

    names: list[str]
    groups: dict[str, list[str]]
    addresses: dict[str, str]

    def has(self, name: str) -> bool:
        """Whether pf would find an interface or a group of that name."""
        return name in self.names or name in self.groups

    def behind(self, name: str) -> list[str]:
        """The interfaces that stand for a name: itself, or those of the group."""
        return [name] if name in self.names else self.groups.get(name, [])


def seen(ifconfig: str) -> Seen:
    """What `ifconfig -a` prints; nothing where it does not answer."""
    try:
        text = programs.run(ifconfig, "-a")
    except JailpfError:
        return Seen([], {}, {})
    return parse(text)


def parse(text: str) -> Seen:
    """The same from text."""
    names: list[str] = []
    groups: dict[str, list[str]] = {}
    addresses: dict[str, str] = {}
    for line in text.splitlines():
        if head := re.match(r"(\S+): flags=", line):
            names.append(head[1])
            groups.setdefault(re.sub(r"\d+[ab]?$", "", head[1]), []).append(head[1])
        elif (found := re.match(r"\s+groups: (.*)", line)) and names:
            for group in found[1].split():
                groups.setdefault(group, []).append(names[-1])
        elif (found := re.match(r"\s+inet6? ([0-9a-fA-F.:]+)", line)) and names:
            addresses.setdefault(found[1], names[-1])
    return Seen(names, groups, addresses)


def names(settings: HasHost) -> list[str]:
    """The interfaces that a declaration may mean: those of the host, and those that the settings name."""
    named = list(map(str, settings.host.ext_if))
    return [*named, *(["lo0", "lo1"] if settings.pf != "pfctl" else seen(settings.programs["ifconfig"]).names)]
