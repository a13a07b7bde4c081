"""What a jail's file names: every <table> must be somebody's, and what resembles an uplink must be one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from jailpf.declare.schema import keys
from jailpf.system import interfaces
from jailpf.values import FAMILIES, Interface, Peer
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.declare.schema import Reader
    from jailpf.declare.settings import Settings
    from jailpf.declare.toml import KeyPath

Kind = TypeVar("Kind")


def mentioned(reader: Reader, settings: Settings, uses: list[tuple[KeyPath, object]]) -> None:
    """Note with the reader what is named and is nobody's. uses: (where it stands, a declaration or service)."""
    _tables(reader, settings, uses)
    _uplinks(reader, settings, uses)


def _tables(reader: Reader, settings: Settings, uses: list[tuple[KeyPath, object]]) -> None:
    """Every <table> that is named must be defined here, or belong to the host."""
    host = settings.host
    own = reader.document.data.get("table", {})
    defined = set(own) if isinstance(own, dict) else set()
    theirs = set(host.tables) | {peer.table for family in FAMILIES for peer in host.outside(family) if peer.table}
    known = defined | theirs
    for name in defined & theirs:
        reader.wrong(
            ("table", name), f"the host has a table <{name}>, which this table would hide", "give it another name"
        )
    for path, declared in uses:
        for where, peer in _values(declared, Peer):
            if peer.table and peer.table not in known:
                near = did_you_mean(peer.table, known, only_near=True)
                remedy = f"add [table.{peer.table}], or name it in [host] tables if pf.conf has it"
                reader.wrong(
                    (*path, *where),
                    f"no table {peer.word} is defined",
                    f'did you mean "<{near}>"? Otherwise {remedy}' if near else remedy,
                )


def _uplinks(reader: Reader, settings: Settings, uses: list[tuple[KeyPath, object]]) -> None:
    """A card is called by its driver and a number, or renamed, and then it is there; else the uplink is meant that it resembles."""
    uplinks = settings.host.uplinks
    for path, declared in uses if uplinks else ():
        for where, name in _values(declared, Interface):
            near = did_you_mean(name, uplinks, only_near=True)
            if near and near != name and not re.search(r"\d", name) and name not in interfaces.names(settings):
                reader.wrong(
                    (*path, *where), f"there is no uplink {name!r}, and no such interface", f"did you mean {near!r}?"
                )


def _values(declared: object, kind: type[Kind]) -> Iterator[tuple[KeyPath, Kind]]:
    for name, (attribute, one) in keys(type(declared)).items():
        value = getattr(declared, attribute)
        for number, each in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(each, kind):
                yield ((name, number) if one.many else (name,)), each
