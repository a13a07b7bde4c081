"""iocage's jails: config.json of each, defaults.json for what it leaves out."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    ConfigError,
    FileHooks,
    Finding,
    HookFile,
    Imported,
    Jail,
    JailName,
    Keys,
    Peer,
    PermissionDeniedError,
    Place,
    importing,
    jailconf,
    key,
    read_file,
)
from jailpf_adapters.iocage import nat_forwards, properties
from jailpf_adapters.iocage.root import iocage_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.plugin import Published, Settings, Unread

_ASKED = ("dhcp", "accept_rtadv")


class IocageKeys(Keys):
    """[managers.iocage]."""

    root: str = key(
        AbsolutePath,
        "iocage's root folder; without it, jailpf asks zpool(8) at each start of a jail.",
        default="",
    )
    program: str = key(AbsolutePath, "The path of iocage.", default="/usr/local/bin/iocage")


class Iocage(Adapter):
    """Jails are declared under iocage's name; jls(8) calls them ioc-NAME with "_" for ".".

    Knows nothing where iocage is not installed.
    """

    name = "iocage"
    keys = IocageKeys
    own: IocageKeys

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._root: str | None = None
        self._defaults: dict[str, Any] | None = None

    def find(self, name: str) -> Jail | None:
        """The jail; see Adapter.find.

        Raises ConfigError for a config.json that is none, and for nat=1 with nat_backend=pf: iocage then replaces the
        main ruleset of the host at every start, and with it every anchor line.
        """
        file = self.file_of(name)
        if not file:
            return None
        config = self.config(name)
        if nat_by_pf(config):
            reason = "nat=1 with nat_backend=pf: iocage replaces the host's main pf ruleset at every start"
            remedy = f"`iocage set nat=0 {name}` and declare [nat.*], or `iocage set nat_backend=ipfw default`"
            raise ConfigError(reason, Place(file), remedy)
        inputs = (file, self._defaults_file())
        return replace(_jail(name, config, file), path=os.path.dirname(file) + "/root", inputs=inputs)

    def names(self) -> Iterable[str]:
        """The folders of ROOT/jails that hold a config.json."""
        if not self.root():
            return []
        folder = self.root() + "/jails"
        try:
            entries = sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        except PermissionError as wrong:
            raise PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(folder), "run as root") from None
        return [name for name in entries if self.file_of(name)]

    def roots(self) -> Iterable[str]:
        """The root folder of each jail."""
        return [f"{self.root()}/jails/{name}/root" for name in self.names()]

    def watches(self, name: str) -> Iterable[str] | None:
        """Where there is no iocage, its program; where [managers.iocage] says the root, the properties of all jails."""
        if not self.own.root:
            return [self.own.program] if not os.path.exists(self.own.program) else None
        folder = self.root() + "/jails"
        files = [f"{folder}/{name}/config.json", *map(self.file_of, self.names())]
        return [self.own.program, self.root(), folder, self._defaults_file(), *files]

    def hooks(self, jail: Jail) -> FileHooks | None:
        """The exec_* properties of its config.json."""
        file = self.file_of(jail.name)
        lines = properties.Properties(self, jail)
        return (
            FileHooks(files=(HookFile(path=file, attached=lines.attached, detached=lines.detached),)) if file else None
        )

    def claims(self) -> Iterable[Published | Unread]:
        """The nat_forwards of jails with nat=1: iocage redirects for no others."""
        for name in self.names():
            config = self.config(name)
            if on(config.get("nat")):
                yield from self._forwards(name, config)

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that has nat_forwards, whether it translates now or not."""
        forwards = {name: list(self._forwards(name, self.config(name))) for name in self.names()}
        for name, published in importing.published_by(
            self, names, "iocage list", {name: found for name, found in forwards.items() if found}
        ).items():
            file = self.file_of(name)
            heading = [f"Imported from nat_forwards of {file} by `jailpf import {self.name}`."]
            warnings = [nat_forwards.NATTED.format(name=name)] if on(self.config(name).get("nat")) else []
            yield importing.declared(self, name, published, heading=heading, warnings=warnings)

    def findings(self) -> Iterable[Finding]:
        """Whether iocage would replace the main ruleset, and hooks that a rename or a clone left with another name."""
        for name in self.names():
            if others := properties.called_for_others(self.config(name), name):
                yield Finding(
                    "error",
                    f"the hooks of the iocage jail {name} name {', '.join(others)}",
                    "`iocage rename` and `iocage clone` do not change them, so they load and unload another jail's rules",
                    f"jailpf attach {name}",
                )
        for name in self.nat_by_pf():
            yield Finding(
                "error",
                f"the iocage jail {name} has nat=1 with nat_backend=pf",
                "its start replaces the host's main ruleset and detaches every anchor",
                f"iocage set nat=0 {name}",
            )

    def nat_by_pf(self) -> list[str]:
        """The jails that make iocage replace the host's main ruleset."""
        return [name for name in self.names() if nat_by_pf(self.config(name))]

    def _forwards(self, name: str, config: Mapping[str, Any]) -> Iterable[Published | Unread]:
        interface = str(config.get("nat_interface") or "none")
        to = self.settings.host.outside("inet")
        if interface != "none":
            to = (Peer.parse(f"({interface}:0)"),)
        where = (interface,) if interface != "none" else ()
        return nat_forwards.parse(
            name,
            str(config.get("nat_forwards") or "none"),
            Place(self.file_of(name)),
            where,
            to,
            passes=nat_by_pf(config),
        )

    def root(self) -> str:
        """iocage's folder, "" where there is none."""
        if self._root is None:
            self._root = iocage_root(self.settings, self.own.root, self.own.program)
        return self._root

    def file_of(self, name: str) -> str:
        """The config.json of a jail, "" when iocage does not know it."""
        if not self.root() or not _valid(name):
            return ""
        file = f"{self.root()}/jails/{name}/config.json"
        return file if os.path.isfile(file) else ""

    def config(self, name: str) -> dict[str, Any]:
        """A jail's properties, defaults.json below config.json."""
        return {**self.defaults(), **read_json(self.file_of(name))}

    def defaults(self) -> dict[str, Any]:
        """The properties of all jails that do not say otherwise."""
        if self._defaults is None:
            there = os.path.isfile(self._defaults_file())
            self._defaults = read_json(self._defaults_file()) if there else {}
        return self._defaults

    def _defaults_file(self) -> str:
        return f"{self.root()}/defaults.json"


def read_json(file: str) -> dict[str, Any]:
    """A file of properties. Raises ConfigError with the place of what is not JSON, PermissionDeniedError."""
    import json

    text = read_file(file, ConfigError).decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise ConfigError(f"not valid JSON: {wrong.msg}", Place(file, wrong.lineno, wrong.colno)) from None
    except (ValueError, RecursionError) as wrong:  # a number of 5,000 digits, 1,000 brackets
        raise ConfigError(f"not an iocage configuration: {wrong}", Place(file, 1, 1)) from None
    if not isinstance(found, dict):
        raise ConfigError("not an iocage configuration: it must be a JSON object", Place(file, 1, 1))
    return found


def on(value: object) -> bool:
    """A boolean in any of the forms that iocage has had."""
    return str(value).lower() in ("1", "on", "yes", "true")


def nat_by_pf(config: Mapping[str, Any]) -> bool:
    """Whether iocage translates for this jail with pf, which it does in the host's main ruleset."""
    return on(config.get("nat")) and str(config.get("nat_backend", "ipfw")) == "pf"


def running_name(name: str) -> str:
    """What jls(8) calls the jail."""
    return "ioc-" + name.replace(".", "_")


def _jail(name: str, config: Mapping[str, Any], file: str) -> Jail:
    entries = [word.strip() for key in ("ip4_addr", "ip6_addr") for word in str(config.get(key) or "").split(",")]
    # nat=1 (ipfw): iocage deals out another address at every start.
    asked = on(config.get("dhcp")) or on(config.get("ip_hostname")) or on(config.get("nat"))
    known = [entry for entry in entries if entry.rpartition("|")[2].lower() not in _ASKED]
    asked = asked or len(known) < len(entries)
    addresses = tuple(dict.fromkeys(jailconf.addresses(known, file)))
    vnet = on(config.get("vnet"))
    return Jail(
        name=name,
        addresses=() if on(config.get("nat")) else addresses,
        vnet=vnet,
        interface=_bridge(str(config.get("interfaces") or "vnet0:bridge0")) if vnet else None,
        shared=not vnet and not addresses and "inherit" in (config.get("ip4"), config.get("ip6")),
        running_name=running_name(name),
        known_by=Iocage.name,
        settled=not asked and not (vnet and not addresses),
    )


def _bridge(interfaces: str) -> Any:
    """The host's side of the first interface in "vnet0:bridge0,vnet1:bridge1"."""
    found = re.match(r"\s*\w+:([\w.]+)", interfaces)
    return jailconf.interface(found[1]) if found else None


def _valid(name: str) -> bool:
    try:
        JailName.parse(name)
    except ValueError:
        return False
    return "/" not in name
