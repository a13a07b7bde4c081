"""jailpf.toml: the host's settings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from jailpf.declare import toml
from jailpf.declare.hands import Known
from jailpf.declare.layout import LAYOUTS, Layout
from jailpf.declare.schema import Reader, key, keys
from jailpf.errors import ConfigError, JailpfError, Place, Problem
from jailpf.model import SECTIONS
from jailpf.system import interfaces
from jailpf.values import Address, Filename, Gateway, Interface, Name, Outgoing, Outside, Peer, TableName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")

DEFAULT_FILE = "/usr/local/etc/jailpf/jailpf.toml"
DEFAULT_RUN = "/var/run/jailpf"
PROGRAMS = {
    "pfctl": "/sbin/pfctl",
    "jail": "/usr/sbin/jail",
    "jls": "/usr/sbin/jls",
    "ifconfig": "/sbin/ifconfig",
    "netstat": "/usr/bin/netstat",
    "sysctl": "/sbin/sysctl",
    "sockstat": "/usr/bin/sockstat",
    "tcpdump": "/usr/sbin/tcpdump",
    "zfs": "/sbin/zfs",
    "zpool": "/sbin/zpool",
}


class AbsolutePath(Filename):
    """A path that begins with a slash."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> AbsolutePath:
        """Make the path. Raises ValueError."""
        path = Filename.parse(raw)
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is not an absolute path; begin it with '/'")
        return cls(path)


class Seconds(int):
    """A number of seconds, from 1 to 3600."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Seconds:
        """From a whole number. Raises ValueError."""
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= 3600:
            raise ValueError("seconds are a whole number from 1 to 3600")
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A range."""
        return {"type": "integer", "minimum": 1, "maximum": 3600}


class AdapterName(str):
    """The name of an adapter, such as "jail.conf"."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> AdapterName:
        """Make the name. Raises ValueError."""
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", raw):
            raise ValueError(f"{raw!r} is not the name of an adapter")
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A pattern."""
        return {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"}


@dataclass(frozen=True, kw_only=True)
class Uplink:
    """[host.uplink.NAME]: another way outside than that of the default route."""

    interface: Interface = key(Interface, "Its card.", required=True)
    gateway: tuple[Gateway, ...] = key(
        Gateway, "The next router there, one for each family at most.", many=True, required=True
    )
    addresses: tuple[Outside, ...] = key(
        Outside, "The host's addresses there.", many=True, default=None, optional=True, shown='"(INTERFACE:0)"'
    )

    def to(self, family: str) -> Address | None:
        """The gateway of a family, None when it has none: then nothing of that family comes or goes this way."""
        return next((one.address for one in self.gateway if one.address.family == family), None)

    def outside(self, family: str) -> tuple[Peer, ...]:
        """The addresses of a family by which it is reached."""
        own = self.addresses or (Outside.parse(f"({self.interface}:0)"),)
        return tuple(one for one in own if one.family in (None, family)) if self.to(family) else ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """One gateway of a family, and addresses of the host."""
        families = [one.address.family for one in self.gateway]
        if not families:
            yield "gateway", "an empty list; name the next router"
        if len(set(families)) < len(families):
            yield (
                "gateway",
                "a second gateway of one family; pf watches neither, so which of them is alive is for you to say",
            )
        for peer in self.addresses or ():
            if peer.kind == "any":
                yield "addresses", f'{peer} is not an address; write an address, "<table>" or "({self.interface}:0)"'


@dataclass(frozen=True, kw_only=True)
class Host:
    """[host]: the host's side."""

    ext_if: tuple[Interface, ...] = key(Interface, "The external interface, or several.", many=True, required=True)
    ext_ip4: tuple[Peer, ...] | None = key(
        Peer,
        "The external IPv4 address: an address, a table of pf.conf, or an interface's.",
        many=True,
        default=(Peer("any", "default"),),
        shown='"(EXT_IF:0)"',
    )
    ext_ip6: tuple[Peer, ...] | None = key(
        Peer,
        "The external IPv6 address, likewise; [] when the host has none.",
        many=True,
        default=(Peer("any", "default"),),
        shown='"(EXT_IF:0)"',
    )
    nat: tuple[Outgoing, ...] = key(
        Outgoing,
        "The address that jails without a [nat.*] of their own leave by; absent: pf.conf does it.",
        many=True,
    )

    tables: tuple[TableName, ...] = key(TableName, "The tables of pf.conf that jails' files may name.", many=True)
    uplinks: Mapping[str, Uplink] = field(default_factory=dict)

    def uplink(self, name: str) -> Uplink | None:
        """The uplink of that name, or by that card; None for what is no uplink."""
        return self.uplinks.get(name) or next((one for one in self.uplinks.values() if one.interface == name), None)

    @property
    def default_if(self) -> tuple[Interface, ...]:
        """The cards of the default route: ext_if without the uplinks'."""
        return tuple(one for one in self.ext_if if self.uplink(one) is None)

    def outside(self, family: str) -> tuple[Peer, ...]:
        """The external addresses of a family; () when the host has none."""
        chosen = self.ext_ip4 if family == "inet" else self.ext_ip6
        if chosen and chosen[0].word == "default":
            return tuple(Peer.parse(f"({interface}:0)") for interface in self.default_if or self.ext_if)
        return chosen or ()

    def problems(self) -> list[tuple[str, str]]:
        """`any` and addresses of the other family are refused."""
        found = []
        for name, peers, family in (("ext_ip4", self.ext_ip4, "inet"), ("ext_ip6", self.ext_ip6, "inet6")):
            for peer in peers or ():
                if peer.word == "default":
                    continue
                if peer.kind == "any" or peer.negated or peer.family not in (None, family):
                    found.append(
                        (
                            name,
                            f'{peer} is not an external {family} address; write an address, "<table>" or "(em0:0)"',
                        )
                    )
        found += [
            ("nat", f"{one} is a network; one address is wanted")
            for one in self.nat
            if one.network and one.network.net.num_addresses > 1
        ]
        if not self.ext_if:
            found.append(("ext_if", "an empty list; name the external interface"))
        return found


@dataclass(frozen=True, kw_only=True)
class Watch:
    """[watch]: what `jailpf watch` does."""

    start: bool = key(bool, "Whether a jail that started without its hook gets its rules.", default=False)
    every: int = key(
        Seconds, "How often pf, and without the kernel's help jls(8), is asked.", default=5, shown="5 seconds"
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """jailpf.toml as a whole. `file` is absolute; `run` is the run directory; managers: their tables, read by `of_manager`."""

    adapters: tuple[str, ...] = key(
        AdapterName,
        "The adapters, asked in this order; the first that knows the jail answers.",
        many=True,
        default=("bastille", "iocage", "jail.conf"),
    )
    services: str = key(Filename, "Where a jail's file is, relative to this file.", default="jails/{jail}.toml")
    plugins: tuple[str, ...] = key(Name, "Third-party plugins to load: names of entry points.", many=True)
    expose: tuple[str, ...] = key(
        Name,
        "The rule types that apply to every service unless it says false.",
        many=True,
        default=("rdr", "allow"),
    )
    direct: bool = key(bool, "Whether services are also reached without their rdr.", default=False)
    on_error: str = key(
        str,
        "What prestart and created do when the firewall would not be as declared.",
        default="refuse",
        choices=("refuse", "warn"),
    )
    pf: str = key(str, "The pf to drive.", default="pfctl", choices=("pfctl", "simulated"))
    main: str = key(
        Filename,
        "The pf.conf that the simulated pf takes, relative to this file.",
        default="",
        shown="the lines of `jailpf init` and block all",
    )
    file: str = DEFAULT_FILE
    run: str = DEFAULT_RUN
    host: Host = field(default_factory=Host)
    layout: Layout = field(default_factory=lambda: Layout("single", LAYOUTS["single"]))
    watch: Watch = field(default_factory=lambda: Watch())
    programs: Mapping[str, str] = field(default_factory=lambda: dict(PROGRAMS))
    managers: Mapping[str, Any] = field(default_factory=dict)

    def jail_file(self, jail: str) -> str:
        """Where the declaration of a jail is, absolute."""
        return os.path.normpath(os.path.join(os.path.dirname(self.file), self.services.replace("{jail}", jail)))

    def declared_beside(self) -> list[str]:
        """The jails that have a file where `services` says, by the names of the files."""
        folder, _, end = self.jail_file("{jail}").partition("{jail}")
        try:
            names = os.listdir(os.path.dirname(folder + "x"))
        except OSError:
            return []
        return [name.removesuffix(end) for name in names if name.endswith(end) and "/" not in end]

    def of_manager(self, name: str, cls: type[T]) -> T:
        """What stands in the table of an adapter, read as a `Keys` class. Raises ConfigError with all problems."""
        table = name.replace(".", "_")
        raw = self.managers.get(table, {})
        if not raw:
            return cls()
        try:
            document = toml.load(self.file, ConfigError)
        except JailpfError:
            document = toml.parse("", self.file)
        reader = Reader(document)
        path = ("managers", table)
        found = reader.read(cls, path, reader.table(path, raw, f"[managers.{table}]"))
        if found is None or reader.problems:
            raise ConfigError(sorted(reader.problems, key=lambda problem: problem.place or ()))
        return found

    def place(self, *path: str | int) -> Place:
        """Where a setting is written. The file is read again: only errors ask for it."""
        try:
            return toml.load(self.file, ConfigError).place(path)
        except JailpfError:
            return Place(self.file)

    def problems(self) -> list[tuple[str, str]]:
        """`services` must name the jail."""
        return [] if "{jail}" in self.services else [("services", '{jail} is missing; write "jails/{jail}.toml"')]


def read(file: str = DEFAULT_FILE, *, run: str = DEFAULT_RUN, pf: str = "") -> Settings:
    """Read jailpf.toml. `pf` is the command line's choice. Raises ConfigError with all problems, PermissionDeniedError."""
    file = os.path.abspath(file)
    try:
        document = toml.load(file, ConfigError)
    except ConfigError as wrong:
        if wrong.problems[0].message != "no such file":
            raise
        raise ConfigError(
            "there are no settings", wrong.problems[0].place, "`jailpf init --ext-if em0` writes them"
        ) from None
    reader = Reader(document, Known(homes=_homes(), interfaces=lambda: _interfaces(data)))
    data = document.data
    settings = reader.read(Settings, (), data, extra=("host", "layout", "programs", "managers", "watch"))
    table = reader.table(("host",), data.get("host", {}), "[host]")
    loose = "host" not in data and any(name in data for name in keys(Host))
    host = Host() if loose else reader.read(Host, ("host",), table, extra=("uplink",))
    host = host and replace(host, uplinks=_uplinks(reader, table.get("uplink", {}), host))
    watch = reader.read(Watch, ("watch",), reader.table(("watch",), data.get("watch", {}), "[watch]"))
    layout = _layout(reader, data.get("layout", "single"))
    programs = _programs(reader, reader.table(("programs",), data.get("programs", {}), "[programs]"))
    managers = reader.table(("managers",), data.get("managers", {}), "[managers]")
    for name, raw in managers.items():
        reader.table(("managers", name), raw, f"[managers.{name}]")
    if reader.problems or settings is None or host is None or layout is None or watch is None:
        raise ConfigError(sorted(reader.problems, key=lambda problem: problem.place or ()))
    return replace(
        settings,
        file=file,
        run=os.path.abspath(run),
        host=host,
        layout=layout,
        watch=watch,
        programs=programs,
        managers=managers,
        pf=pf or settings.pf,
    )


def _interfaces(data: Mapping[str, Any]) -> list[str]:
    """What ifconfig(8) names; where it does not answer, what [host] ext_if says."""
    host = data.get("host")
    named = host.get("ext_if", []) if isinstance(host, dict) else []
    programs = data.get("programs")
    ifconfig = programs.get("ifconfig", PROGRAMS["ifconfig"]) if isinstance(programs, dict) else PROGRAMS["ifconfig"]
    found = interfaces.seen(str(ifconfig)).names if data.get("pf", "pfctl") == "pfctl" else []
    return [*([named] if isinstance(named, str) else named), *found]


def _homes() -> dict[str, list[str]]:
    """{key: the table that has it}."""
    found = {name: ["the top of this file, above [host]"] for name in keys(Settings)}
    for name in keys(Host):
        found.setdefault(name, []).append("[host]")
    return found


def _uplinks(reader: Reader, raw: object, host: Host) -> dict[str, Uplink]:
    path = ("host", "uplink")
    found: dict[str, Uplink] = {}
    for name, table in reader.table(path, raw, "[host.uplink.NAME]").items():
        try:
            Interface.parse(name)  # it stands where an interface may stand
        except ValueError as wrong:
            reader.wrong((*path, name), f"the name of an uplink: {wrong}")
            continue
        inside = reader.table((*path, name), table, f"[host.uplink.{name}]")
        if (made := reader.read(Uplink, (*path, name), inside)) is None:
            continue
        if any(one.interface == made.interface for one in found.values()):
            reader.wrong((*path, name), f"two uplinks by {made.interface}", "give each a card of its own")
        found[name] = made
    whole = replace(host, uplinks=found)
    if found and not whole.default_if:
        reader.wrong(
            (*path,),
            "every interface of ext_if is an uplink",
            "leave the card of the default route out of [host.uplink.*]",
        )
    return found


def _layout(reader: Reader, raw: object) -> Layout | None:
    if isinstance(raw, str):
        if raw in LAYOUTS:
            return Layout(raw, LAYOUTS[raw])
        reader.wrong(
            ("layout",),
            f"{raw!r} is not a layout",
            'single, split, bastille, or a table: section = "path/{jail}"',
        )
        return None
    table = reader.table(("layout",), raw, "layout")
    reader.unknown(("layout",), table, [*SECTIONS, "allow"], "layout")
    paths: dict[str, str] = {}
    for section, path in table.items():
        if not isinstance(path, str) or not _PATH.fullmatch(path) or len(path) > 40:
            reader.wrong(
                ("layout", section),
                f"{path!r} is not an anchor path",
                'write "path/{jail}": letters, digits, "_", "." and "-" between slashes',
            )
        elif other := next((known for known in paths.values() if _mixed(known, path)), ""):
            reader.wrong(
                ("layout", section),
                f"{path} and {other} lie in one folder: a jail could have another's path",
                "give each a folder of its own, or both the same path",
            )
        elif (section := "filter" if section == "allow" else section) in paths:
            reader.wrong(("layout", "allow"), "`allow` is another word for `filter`", "write one of them")
        else:
            paths[section] = path
    return Layout("own", {section: paths[section] for section in SECTIONS if section in paths})


def _mixed(one: str, other: str) -> bool:
    """Whether "a/{jail}" of one jail can be "a/x{jail}" of another."""
    return one != other and one.rpartition("/")[0] == other.rpartition("/")[0]


_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*/([A-Za-z0-9][A-Za-z0-9_.-]*)?\{jail\}")


def _programs(reader: Reader, table: Mapping[str, Any]) -> dict[str, str]:
    reader.unknown(("programs",), table, PROGRAMS, "[programs]")
    programs = dict(PROGRAMS)
    for name, raw in table.items():
        if name not in PROGRAMS:
            continue
        try:
            programs[name] = AbsolutePath.parse(raw)
        except ValueError as wrong:
            message, _, remedy = str(wrong).partition("; ")
            reader.problems.append(Problem(message, reader.place(("programs", name)), remedy))
    return programs
