"""CBSD's jails: the table `jails` of var/db/local.sqlite in its work folder."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    Address,
    FileHooks,
    Finding,
    Imported,
    Keys,
    hook_command,
    importing,
    jailconf,
    key,
    read_text,
    script,
)
from jailpf_adapters.cbsd import exposed
from jailpf_adapters.cbsd.database import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.plugin import Jail, Published, Unread

HOOKS = {"tests": "prestart", "master_poststart.d": "created", "master_poststop.d": "poststop"}
_ASKED = ("dhcp", "realdhcp")


class CbsdKeys(Keys):
    """[managers.cbsd]."""

    workdir: str = key(AbsolutePath, "CBSD's work folder.", default="/usr/jails")
    nodeip: Address | None = key(Address, "The host address that `cbsd expose` uses; default ext_ip4.")


class Cbsd(Adapter):
    """Knows nothing where there is no local.sqlite. Virtual machines of CBSD are no jails."""

    name = "cbsd"
    keys = CbsdKeys
    goes_on = True
    own: CbsdKeys

    def find(self, name: str) -> Jail | None:
        """The jail; see Adapter.find. Raises PfUnavailableError without Python's sqlite3."""
        known = self._jails().get(name)
        return self._jail(name, known) if known else None

    def names(self) -> Iterable[str]:
        """The jails of the table."""
        return list(self._jails())

    def roots(self) -> Iterable[str]:
        """The root folder of each jail."""
        return [str(row.get("path") or "") for row in self._jails().values()]

    def hooks(self, jail: Jail) -> FileHooks | None:
        """A script in each of three folders. A file in tests/ that fails stops `jstart` before anything is made."""
        folder = f"{self.own.workdir}/jails-system/{jail.name}"
        files = [
            script(f"{folder}/{place}/50-jailpf", hook_command(self.settings, verb, '"$jname"'), folder=True, last=True)
            for place, verb in HOOKS.items()
        ]
        return FileHooks(files=tuple(files))

    def claims(self) -> Iterable[Published | Unread]:
        """The rows of `cbsd expose`."""
        for name in self.names():
            yield from self._exposed(name)

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that exposes anything."""
        for name, published in importing.published_by(self, names, "cbsd jls").items():
            heading = [
                f"Imported from {self._expose_file(name)} by `jailpf import {self.name}`.",
                f"`cbsd expose mode=flush jname={name}` undoes it there.",
            ]
            yield importing.declared(self, name, published, heading=heading)

    def findings(self) -> Iterable[Finding]:
        """Whether the pf.conf that CBSD loads in the place of the host's has the lines for jailpf."""
        file = f"{self.own.workdir}/etc/pf.conf"
        if not os.path.isfile(file):
            return
        text = read_text(file)
        wanted = {f"{path.partition('{jail}')[0].rpartition('/')[0]}/*" for path in self.settings.layout.paths.values()}
        for anchor in sorted(wanted):
            if f'"{anchor}"' not in text:
                yield Finding(
                    "error",
                    f'{file} has no line for the anchors "{anchor}"',
                    "`cbsd expose` and `cbsd naton` load that file as the main ruleset, and then pf does not evaluate jailpf's anchors",
                    f"add the lines of `jailpf init` to {file}",
                )

    def _jails(self) -> dict[str, dict[str, Any]]:
        if not os.path.lexists(self._database()):
            return {}
        found = rows(self._database(), "jails")
        return {str(row["jname"]): row for row in found if row.get("emulator") in (None, "", "jail")}

    def _jail(self, name: str, known: Mapping[str, Any]) -> Jail:
        words = [word for word in re.split(r"[,\s]+", str(known.get("ip4_addr") or "")) if word not in ("", "0")]
        fixed = [word for word in words if word.lower() not in _ASKED]
        vnet = str(known.get("vnet") or "0") == "1"
        parameters = {
            "ip4.addr": tuple(fixed),
            "path": (str(known.get("path") or ""),),
            **({"vnet": ()} if vnet else {}),
        }
        jail = jailconf.jail_of(name, name, parameters, self._database(), self.name)
        return replace(jail, settled=jail.settled and len(fixed) == len(words), inputs=(self._database(),))

    def _exposed(self, name: str) -> Iterable[Published | Unread]:
        if os.path.lexists(file := self._expose_file(name)):
            node = (str(self.own.nodeip),) if self.own.nodeip else tuple(map(str, self.settings.host.outside("inet")))
            yield from exposed.parse(rows(file, "expose"), name, file, node)

    def _database(self) -> str:
        return f"{self.own.workdir}/var/db/local.sqlite"

    def _expose_file(self, name: str) -> str:
        return f"{self.own.workdir}/jails-system/{name}/expose.sqlite"
