"""A jail's file, read: its services and the other declarations, with every problem of the file in one error."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jailpf.declare.hands import Known
from jailpf.declare.jail_table import JailTable
from jailpf.declare.mentioned import mentioned
from jailpf.declare.rules import RuleType, Service
from jailpf.declare.schema import Reader, keys
from jailpf.declare.shapes import meant, named, no_rule_type
from jailpf.errors import DeclarationError
from jailpf.system import interfaces
from jailpf.values import FAMILIES
from jailpf.values.base import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.declare.settings import Settings
    from jailpf.declare.toml import Document, KeyPath
    from jailpf.errors import Place

RuleTypes = dict[str, type[RuleType]]


@dataclass(frozen=True)
class Declaration:
    """[KEYWORD.NAME] of a jail-scoped rule type."""

    keyword: str
    name: str
    type: RuleType


@dataclass(frozen=True)
class Services:
    """A jail's file. `declarations` are in the order of the file; off: the keywords that it sets to false."""

    document: Document
    services: tuple[Service, ...]
    declarations: tuple[Declaration, ...]
    jail: JailTable
    off: frozenset[str] = frozenset()

    def of(self, keyword: str) -> list[Declaration]:
        """The declarations of one rule type."""
        return [one for one in self.declarations if one.keyword == keyword]

    def place(self, *path: str | int) -> Place:
        """Where a key is written."""
        return self.document.place(path)


def read(
    document: Document, types: RuleTypes, settings: Settings, jails: Callable[[], Iterable[str]] = tuple
) -> Services:
    """Read a jail's file. jails: those that a word could mean, asked when one is refused. Raises DeclarationError with all its problems."""
    reader = Reader(document, _known(document, types, settings, jails))
    jail_types = {keyword: one for keyword, one in types.items() if one.scope == "jail"}
    off = frozenset(
        word for word, raw in document.data.items() if raw is False and word in jail_types and jail_types[word].default
    )
    data = {word: raw for word, raw in document.data.items() if word not in off}
    for keyword in data:
        if keyword not in (*jail_types, "service", "jail"):
            no_rule_type(reader, keyword, data[keyword], jail_types)
    jail = reader.read(JailTable, ("jail",), reader.table(("jail",), data.get("jail", {}), "[jail]"))
    services, declarations = [], []
    for keyword in data:
        known = (
            keys(Service if keyword == "service" else jail_types[keyword])
            if keyword in (*jail_types, "service")
            else ()
        )
        for name, table in named(reader, keyword, data, known) if known else ():
            if keyword == "service":
                services.append(_service(reader, name, table, types, settings))
            else:
                made = reader.read(jail_types[keyword], (keyword, name), table)
                declarations.append(Declaration(keyword, name, made) if made else None)
    whole = Services(
        document, tuple(filter(None, services)), tuple(filter(None, declarations)), jail or JailTable(), off
    )
    mentioned(reader, settings, list(_uses(whole)))
    if reader.problems:
        order = sorted(reader.problems, key=lambda problem: problem.place or ())
        raise DeclarationError(order)
    return whole


def homes(types: RuleTypes) -> dict[str, list[str]]:
    """Every key of a jail's file and of jailpf.toml: {key: the tables that have it, as they are written}."""
    from jailpf.declare.host import Host
    from jailpf.declare.settings import Settings

    tables: list[tuple[str, type]] = [("[service.NAME]", Service), ("[jail]", JailTable)]
    for keyword, one in types.items():
        tables.append((f"{keyword} = {{ ... }} of a service" if one.scope == "service" else f"[{keyword}.NAME]", one))
    tables += [("jailpf.toml, above [host]", Settings), ("[host] of jailpf.toml", Host)]
    found: dict[str, list[str]] = {
        word: ["[service.NAME]"] if one.scope == "service" else [f"a jail: [{word}.NAME], below the services"]
        for word, one in types.items()
    }
    for called, cls in tables:
        for name in keys(cls):
            found.setdefault(name, []).append(called)
    return found


def _uses(whole: Services) -> Iterator[tuple[KeyPath, object]]:
    """All that was read, and where it stands."""
    yield from (((one.keyword, one.name), one.type) for one in whole.declarations)
    for service in whole.services:
        yield ("service", service.name), service
        yield from ((("service", service.name, keyword), one) for keyword, one in service.types.items())


def _known(document: Document, types: RuleTypes, settings: Settings, jails: Callable[[], Iterable[str]]) -> Known:
    """What a word of this file may mean."""

    def tables() -> set[str]:
        declared = document.data.get("table", {})
        named = {peer.table for family in FAMILIES for peer in settings.host.outside(family) if peer.table}
        return {*(declared if isinstance(declared, dict) else ()), *settings.host.tables, *named}

    return Known(
        tables=tables,
        jails=lambda: {*settings.declared_beside(), *jails()},
        interfaces=lambda: interfaces.names(settings),
        homes=homes(types),
        plugins=settings.plugins,
    )


def _service(reader: Reader, name: str, table: dict[str, Any], types: RuleTypes, settings: Settings) -> Service | None:
    path: KeyPath = ("service", name)
    before = len(reader.problems)
    scoped = {keyword: one for keyword, one in types.items() if one.scope == "service"}
    service = reader.read(Service, path, table, extra=scoped)
    found: dict[str, RuleType] = {}
    for keyword in sorted(scoped, key=lambda word: (scoped[word].rank, word)):
        raw = table.get(keyword, keyword in settings.expose)
        if raw is False:
            continue
        if raw is not True and not isinstance(raw, dict):
            reader.wrong(
                (*path, keyword),
                f"{keyword} is true, false or keys in {{ }}, not {describe(raw)}",
                meant(keyword, raw),
            )
        elif (made := reader.read(scoped[keyword], (*path, keyword), {} if raw is True else raw)) is not None:
            found[keyword] = made
    if service is None:
        return None
    if not found and len(reader.problems) == before:
        reader.wrong(path, "no rule type applies to this service", "remove `false`, or the service")
    explicit = frozenset(keyword for keyword in found if keyword in table)
    return dataclasses.replace(service, name=name, types=found, explicit=explicit)
