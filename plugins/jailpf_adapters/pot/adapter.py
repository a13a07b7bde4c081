"""pot's jails: jails/NAME/conf/pot.conf below POT_FS_ROOT."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    FileHooks,
    Imported,
    Keys,
    hook_command,
    importing,
    jailconf,
    key,
    listed,
    read_assignments,
    read_text,
    script,
)
from jailpf_adapters.pot import ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.plugin import Jail, Published, Unread

WEAK = "pot ignores the exit status of hooks, so a jail starts even when jailpf refuses it"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


class PotKeys(Keys):
    """[managers.pot]."""

    etc: str = key(AbsolutePath, "The folder of pot.conf and pot.default.conf.", default="/usr/local/etc/pot")
    root: str = key(AbsolutePath, "pot's folder, which contains `jails`; default POT_FS_ROOT of pot.conf.", default="")


class Pot(Adapter):
    """Knows nothing where there is no pot.conf. The address is known before the start; that of IPv6 on a bridge is not."""

    name = "pot"
    keys = PotKeys
    goes_on = True
    own: PotKeys

    def find(self, name: str) -> Jail | None:
        """The jail; see Adapter.find."""
        file = self.file_of(name)
        if not file:
            return None
        known = properties(read_text(file))
        vnet = known.get("vnet") == "true"
        parameters = {"ip4.addr": tuple(known.get("ip", "").split()), **({"vnet": ()} if vnet else {})}
        inherit = {"ip4": ("inherit",)} if known.get("network_type") == "inherit" else {}
        jail = jailconf.jail_of(name, name, {**parameters, **inherit}, file, self.name)
        learns = known.get("network_type", "").endswith("bridge") and known.get("pot.stack", "ipv4") != "ipv4"
        path = f"{os.path.dirname(os.path.dirname(file))}/m"
        return replace(jail, path=path, settled=jail.settled and not learns, inputs=(file, *self._settings_files()))

    def names(self) -> Iterable[str]:
        """The folders of jails that hold a pot.conf."""
        return [name for name in listed(f"{self.root()}/jails") if self.file_of(name)] if self.root() else []

    def roots(self) -> Iterable[str]:
        """The root folder of each jail."""
        return [f"{self.root()}/jails/{name}/m" for name in self.names()]

    def hooks(self, jail: Jail) -> FileHooks | None:
        """Scripts in conf; one that already exists is kept, below our line."""
        file = self.file_of(jail.name)
        if not file:
            return None
        stages = {"prestart": "prestart", "poststart": "created", "poststop": "poststop"}
        files = [
            script(f"{os.path.dirname(file)}/{stage}.sh", hook_command(self.settings, verb, '"$_POT_NAME"'))
            for stage, verb in stages.items()
        ]
        return FileHooks(files=tuple(files), weak=WEAK)

    def claims(self) -> Iterable[Published | Unread]:
        """pot.export.ports of the jails on a bridge; pot redirects for no others."""
        for name in self.names():
            yield from self._exported(name)

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that exports ports."""
        for name, published in importing.published_by(self, names, "pot ls").items():
            file = self.file_of(name)
            heading = [
                f"Imported from pot.export.ports of {file} by `jailpf import {self.name}`.",
                "Remove that line, or both publish.",
            ]
            tunnel = properties(read_text(file)).get("pot.attr.localhost-tunnel") == "YES"
            warnings = ["write rdr = { hairpin = true } if its localhost-tunnel is needed"] if tunnel else []
            yield importing.declared(self, name, published, heading=heading, warnings=warnings)

    def file_of(self, name: str) -> str:
        """The pot.conf of a jail, "" when pot does not know it."""
        if not _NAME.fullmatch(name) or not self.root():
            return ""
        file = f"{self.root()}/jails/{name}/conf/pot.conf"
        return file if os.path.isfile(file) else ""

    def root(self) -> str:
        """pot's folder, "" where there is none."""
        if self.own.root:
            return self.own.root
        return self.host().get("POT_FS_ROOT", "/opt/pot") if self._settings_files() else ""

    def host(self) -> dict[str, str]:
        """pot's own settings; those of pot.conf over the defaults."""
        found: dict[str, str] = {}
        for file in self._settings_files():
            found |= read_assignments(file, found)
        return found

    def _settings_files(self) -> list[str]:
        files = [f"{self.own.etc}/{name}" for name in ("pot.default.conf", "pot.conf")]
        return [file for file in files if os.path.isfile(file)]

    def _exported(self, name: str) -> Iterable[Published | Unread]:
        file = self.file_of(name)
        known = properties(read_text(file))
        if known.get("network_type", "").endswith("-bridge"):
            yield from ports.parse(known.get("pot.export.ports", ""), name, file, self.host())


def properties(text: str) -> dict[str, str]:
    """`key=value` lines; quotes are dropped, and so is everything that has another form."""
    found = {}
    for line in text.splitlines():
        name, given, value = line.partition("=")
        if given and re.fullmatch(r"[\w.-]+", name.strip()):
            found[name.strip()] = value.strip().strip('"')
    return found
