"""A jail's file, read: its services and the other declarations, with every problem of the file in one error."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jailpf.declare.hands import Known
from jailpf.declare.mentioned import mentioned
from jailpf.declare.rules import RuleType, Service
from jailpf.declare.schema import Reader, key, keys
from jailpf.errors import DeclarationError
from jailpf.system import interfaces
from jailpf.values import FAMILIES, Address, Family, Interface, Name, TableName
from jailpf.values.base import describe
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jailpf.declare.settings import Settings
    from jailpf.declare.toml import Document, KeyPath
    from jailpf.errors import Place

RuleTypes = dict[str, type[RuleType]]
MANAGER = "what the jail manager says"


@dataclass(frozen=True, kw_only=True)
class JailTable:
    """[jail]: what the jail's manager does not know, or knows wrongly; laid over what it says, key by key."""

    ip4: tuple[Address, ...] | None = key(
        Address, "The jail's IPv4 address, or several; [] if it has none.", many=True, optional=True, shown=MANAGER
    )
    ip6: tuple[Address, ...] | None = key(
        Address, "The jail's IPv6 address, or several; [] if it has none.", many=True, optional=True, shown=MANAGER
    )
    vnet: bool | None = key(bool, "Whether the jail has its own network stack.", shown=MANAGER)
    interface: tuple[Interface, ...] | None = key(
        Interface,
        "For a vnet jail, the bridge or epair on the host, or several; for another jail, the interface with its addresses.",
        many=True,
        optional=True,
        filled=True,
        shown=MANAGER,
    )
    shared: bool | None = key(bool, "Whether the host or another jail also has one of its addresses.", shown=MANAGER)

    @property
    def addresses(self) -> dict[Family, tuple[Address, ...]]:
        """What it says of each family; a family of which it says nothing is left out."""
        said: dict[Family, tuple[Address, ...] | None] = {"inet": self.ip4, "inet6": self.ip6}
        return {family: given for family, given in said.items() if given is not None}

    def problems(self) -> Iterator[tuple[str, str]]:
        """Each key holds its own family."""
        for name, addresses, family in (("ip4", self.ip4, "inet"), ("ip6", self.ip6, "inet6")):
            for address in addresses or ():
                if address.family != family:
                    other = "ip6" if name == "ip4" else "ip4"
                    yield name, f'{address} is not an {family} address; it belongs in {other}: {other} = "{address}"'
                elif address.ip.is_loopback and not self.shared:
                    yield name, f"{address} is the host's own; say shared = true, or give the jail an address"


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
            _no_rule_type(reader, keyword, data[keyword], jail_types)
    jail = reader.read(JailTable, ("jail",), reader.table(("jail",), data.get("jail", {}), "[jail]"))
    services, declarations = [], []
    for keyword in data:
        known = (
            keys(Service if keyword == "service" else jail_types[keyword])
            if keyword in (*jail_types, "service")
            else ()
        )
        for name, table in _named(reader, keyword, data, known) if known else ():
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


def jail_table(document: Document) -> JailTable:
    """[jail] of a file alone, whatever else is in it; empty where it is broken itself."""
    reader = Reader(document)
    raw = document.data.get("jail", {})
    return (reader.read(JailTable, ("jail",), raw) if isinstance(raw, dict) else None) or JailTable()


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


def _no_rule_type(reader: Reader, keyword: str, value: object, jail_types: RuleTypes) -> None:
    """A word at the top that begins no table of a jail's file."""
    from jailpf.system.installed import entry_points

    path: KeyPath = (keyword,)
    near = did_you_mean(keyword, [*jail_types, "service", "jail"])
    home = reader.home(keyword)
    if not isinstance(value, dict | list) and home:
        below = reader.known.homes[keyword][0]
        remedy = (
            f"write {below} above it"
            if below.startswith("[") and "jailpf.toml" not in below
            else f"it is a key of {below}"
        )
        if "jailpf.toml" in home and not remedy.endswith(home[14:]):
            remedy = f"for all jails it is a key of {next(one for one in reader.known.homes[keyword] if 'jailpf.toml' in one)}; {remedy}"
        reader.wrong(path, f"{keyword!r} belongs above all tables", remedy)
    elif keyword in ("host", "programs", "managers", "layout"):
        reader.wrong(path, f"[{keyword}] is not a table of a jail's file", "it belongs in jailpf.toml")
    elif keyword in entry_points():  # plugins are mostly called as their rule type
        remedy = f"the plugin {keyword!r} is installed but not enabled: add it to `plugins` in jailpf.toml"
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)
    elif not near.startswith("did") and not home and isinstance(value, dict) and set(value) & set(keys(Service)):
        remedy = (
            f"write [service.{keyword}]: a service has a name of your choice, and the file's name says which jail it is"
        )
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)
    else:
        remedy = near if near.startswith("did") else home or near
        idle = sorted(set(entry_points()) - set(reader.known.plugins))
        if idle and not near.startswith("did") and not home:
            remedy += f"; {' and '.join(idle)} {'is' if len(idle) == 1 else 'are'} installed, and not in `plugins` of jailpf.toml"
        reader.wrong(path, f"{keyword!r} is not a rule type", remedy)


def _named(
    reader: Reader, keyword: str, data: Mapping[str, Any], known: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    raw = data[keyword]
    if isinstance(raw, list) and raw and isinstance(raw[0], dict):
        name = raw[0].get("name", "NAME")
        reader.wrong(
            (keyword,),
            f"[{keyword}.NAME] is a table, not an array",
            f"write [{keyword}.{name}], with single brackets and a name",
        )
        return
    if not isinstance(raw, dict | list):
        remedy = f"write [{keyword}.NAME] on a line of its own, with its keys below"
        if keyword == "nat":
            remedy += "; for all jails it is [host] nat in jailpf.toml"
        reader.wrong((keyword,), f"[{keyword}.NAME] is a table, not {describe(raw)}", remedy)
        return
    own = [name for name in raw if name in known and not isinstance(raw[name], dict)] if isinstance(raw, dict) else []
    if own:
        said = " and ".join(f"`{name}`" for name in own)
        remedy = f"write [{keyword}.NAME], with a name of your choice, above {'it' if len(own) == 1 else 'them'}"
        reader.wrong(
            (keyword, own[0]), f"{said} stand{'s' if len(own) == 1 else ''} in [{keyword}], which has no name", remedy
        )
    for name, table in reader.table((keyword,), raw, f"[{keyword}.NAME]").items():
        if name in own:
            continue
        path: KeyPath = (keyword, name)
        try:
            (TableName if keyword == "table" else Name).parse(name)
        except ValueError as wrong:
            reader.wrong(path, str(wrong))
        if isinstance(table, dict):
            yield name, table
        else:
            reader.wrong(
                path,
                f"[{keyword}.NAME] is a table, not {describe(table)}",
                f"write [{keyword}.NAME] above its keys",
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
                _meant(keyword, raw),
            )
        elif (made := reader.read(scoped[keyword], (*path, keyword), {} if raw is True else raw)) is not None:
            found[keyword] = made
    if service is None:
        return None
    if not found and len(reader.problems) == before:
        reader.wrong(path, "no rule type applies to this service", "remove `false`, or the service")
    explicit = frozenset(keyword for keyword in found if keyword in table)
    return dataclasses.replace(service, name=name, types=found, explicit=explicit)


def _meant(keyword: str, raw: object) -> str:
    """What somebody meant who wrote a value where keys belong."""
    if isinstance(raw, int) and keyword == "rdr":
        return f"write rdr = {{ port = {raw} }} for the port outside"
    if str(raw).lower() in ("no", "false", "off"):
        return f"write {keyword} = false, without quotes"
    if str(raw).lower() in ("yes", "true", "on"):
        return f"write {keyword} = true, without quotes"
    return ""
