"""jailpf.toml: the host's settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from jailpf.declare import toml
from jailpf.declare.hands import Known
from jailpf.declare.host import Host, read_uplinks
from jailpf.declare.layout import LAYOUTS, PF_CONF, Layout, as_called_in, read_layout
from jailpf.declare.schema import Reader, key, keys
from jailpf.declare.words import AbsolutePath, AdapterName, Seconds
from jailpf.errors import ConfigError, JailpfError, Place, Problem
from jailpf.system import interfaces
from jailpf.values import Filename, Name

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "sysrc": "/usr/sbin/sysrc",
    "sockstat": "/usr/bin/sockstat",
    "tcpdump": "/usr/sbin/tcpdump",
    "zfs": "/sbin/zfs",
    "zpool": "/sbin/zpool",
    "zstd": "/usr/bin/zstd",
}


@dataclass(frozen=True, kw_only=True)
class Watch:
    """[watch]: what `jailpf watch` does."""

    start: bool = key(bool, "Whether to load the rules of a jail that started without its hook.", default=False)
    every: int = key(
        Seconds,
        "Seconds between two checks of pf, and of jls(8) where the kernel does not report jails.",
        default=5,
        shown="5 seconds",
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """jailpf.toml as a whole. `file` is absolute; `run` is the run directory, `plans` that of the plans, "" for the usual one; managers: their tables, read by `of_manager`."""

    adapters: tuple[str, ...] = key(
        AdapterName,
        "The jail managers, in this order; the first that knows a jail is used for it.",
        many=True,
        default=("bastille", "iocage", "jail.conf"),
    )
    services: str = key(Filename, "The path of a jail's file, relative to this file.", default="jails/{jail}.toml")
    plugins: tuple[str, ...] = key(Name, "Third-party plugins to load, by the names of their entry points.", many=True)
    expose: tuple[str, ...] = key(
        Name,
        "The rule types that apply to every service, unless it sets them to false.",
        many=True,
        default=("rdr", "allow"),
    )
    direct: bool = key(bool, "Whether services also accept connections that no rdr has redirected.", default=False)
    on_error: str = key(
        str,
        "What prestart and created do if the firewall would not be as declared: refuse the start, or only warn.",
        default="refuse",
        choices=("refuse", "warn"),
    )
    pf: str = key(str, "The pf to use.", default="pfctl", choices=("pfctl", "simulated"))
    main: str = key(
        Filename,
        "The pf.conf of the simulated pf, relative to this file.",
        default="",
        shown="the lines of `jailpf init` and block all",
    )
    file: str = DEFAULT_FILE
    run: str = DEFAULT_RUN
    plans: str = ""
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


def read(file: str = DEFAULT_FILE, *, run: str = DEFAULT_RUN, plans: str = "", pf: str = "") -> Settings:
    """Read jailpf.toml. `pf` is the command line's choice. Raises ConfigError with all problems, PermissionDeniedError."""
    file = os.path.abspath(file)
    if os.path.isdir(file):
        raise ConfigError("is a folder", Place(file), f"-c names the file in it: -c {file}/jailpf.toml")
    try:
        document = toml.load(file, ConfigError)
    except ConfigError as wrong:
        if wrong.problems[0].message != "no such file":
            raise
        named = "" if file == DEFAULT_FILE else f"-c {file} "
        remedy = f"`jailpf {named}init --ext-if em0` writes them"
        raise ConfigError("there are no settings", wrong.problems[0].place, remedy) from None
    if "host" not in document.data and "service" in document.data:
        raise ConfigError("is a jail's declaration, not the settings", Place(file), "-c names jailpf.toml")
    reader = Reader(document, Known(homes=_homes(), interfaces=lambda: _interfaces(data)))
    data = document.data
    settings = reader.read(Settings, (), data, extra=("host", "layout", "programs", "managers", "watch"))
    table = reader.table(("host",), data.get("host", {}), "[host]")
    loose = "host" not in data and any(name in data for name in keys(Host))
    host = Host() if loose else reader.read(Host, ("host",), table, extra=("uplink",))
    host = host and replace(host, uplinks=read_uplinks(reader, table.get("uplink", {}), host))
    watch = reader.read(Watch, ("watch",), reader.table(("watch",), data.get("watch", {}), "[watch]"))
    layout = read_layout(reader, data.get("layout", "single"))
    programs = _programs(reader, reader.table(("programs",), data.get("programs", {}), "[programs]"))
    managers = reader.table(("managers",), data.get("managers", {}), "[managers]")
    for name, raw in managers.items():
        reader.table(("managers", name), raw, f"[managers.{name}]")
    if reader.problems or settings is None or host is None or layout is None or watch is None:
        raise ConfigError(sorted(reader.problems, key=lambda problem: problem.place or ()))
    driven = pf or settings.pf
    main = os.path.join(os.path.dirname(file), settings.main) if settings.main else ""
    return replace(
        settings,
        file=file,
        run=os.path.abspath(run),
        plans=os.path.abspath(plans) if plans else "",
        host=host,
        layout=as_called_in(layout, main or (PF_CONF if driven == "pfctl" else "")),
        watch=watch,
        programs=programs,
        managers=managers,
        pf=driven,
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
    found = {name: ["the top of this file, above [host]"] for name in (*keys(Settings), "layout")}
    for name in keys(Host):
        found.setdefault(name, []).append("[host]")
    return found


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
