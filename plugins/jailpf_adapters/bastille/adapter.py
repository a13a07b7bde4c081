"""Bastille's jails: bastille.conf, and jails/NAME/jail.conf as jail(8) reads it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    ConfigError,
    Imported,
    JailConfHooks,
    Keys,
    PermissionDeniedError,
    Place,
    expand,
    importing,
    jailconf,
    key,
    read_assignments,
)
from jailpf_adapters.bastille import rdr_conf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jailpf.plugin import Address, Jail, Published, Settings, Unread

DEFAULTS = {
    "bastille_prefix": "/usr/local/bastille",
    "bastille_jailsdir": "${bastille_prefix}/jails",
    "bastille_network_loopback": "bastille0",
    "bastille_network_pf_table": "jails",
}
_NAME = r"[A-Za-z0-9_-]+"


class BastilleKeys(Keys):
    """[managers.bastille]."""

    conf: str = key(AbsolutePath, "Bastille's settings.", default="/usr/local/etc/bastille/bastille.conf")


class Bastille(Adapter):
    """Knows nothing where there is no bastille.conf.

    The static address of a VNET jail stands in the jail's own rc.conf. That is the jail's word, not the
    administrator's, and a jail may change it between prestart and its network's start: so it is not read, and such
    a jail is not settled. The running jail says its address, or, better, [jail] of the declaration.
    """

    name = "bastille"
    keys = BastilleKeys
    own: BastilleKeys

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.conf = self.own.conf
        self._jailsdir: str | None = None

    def find(self, name: str) -> Jail | None:
        """The jail; see Adapter.find. Raises ConfigError with jail(8)'s words."""
        if not (file := self.file_of(name)):
            return None
        known = jailconf.read(self.settings, file)
        if name not in known:
            raise ConfigError(
                f"there is no block {name} {{ ... }}",
                Place(file),
                f"Bastille gives the block the name of its folder; this file has {', '.join(known) or 'none'}",
            )
        jail = jailconf.jail_of(name, name, known[name], file, self.name)
        return replace(jail, inputs=(self.conf, *jailconf.sources(file)))

    def names(self) -> Iterable[str]:
        """The folders of bastille_jailsdir that hold a jail.conf."""
        if not (folder := self.jailsdir()):
            return []
        try:
            entries = sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        except PermissionError as wrong:
            raise _closed(folder, wrong) from None
        return [name for name in entries if self.file_of(name)]

    def roots(self) -> Iterable[str]:
        """The root folder of each jail, without asking jail(8)."""
        return [f"{self.jailsdir()}/{name}/root" for name in self.names()]

    def file_of(self, name: str) -> str:
        """The jail.conf of a jail, "" when Bastille does not know it."""
        file = self._beside(name, "jail.conf")
        return file if file and os.path.isfile(file) else ""

    def watches(self, name: str) -> Iterable[str]:
        """bastille.conf, the folder of the jails, and what `find` and `claims` read below it."""
        folder = self.jailsdir()
        if not folder:
            return [self.conf]
        files = [f"{folder}/{name}", f"{folder}/{name}/jail.conf", *map(self.rdr_file, self.names())]
        return [self.conf, folder, *files]

    def hooks(self, jail: Jail) -> JailConfHooks | None:
        """An include below the block of its own jail.conf: what survives the commands of Bastille that edit it."""
        file = self.file_of(jail.name)
        return JailConfHooks(file=file, alone=True) if file else None

    def claims(self) -> Iterable[Published | Unread]:
        """What `bastille rdr` publishes: the lines of every rdr.conf."""
        for name in self.names():
            if os.path.lexists(file := self.rdr_file(name)):
                yield from rdr_conf.parse(importing.text_of(file), file, name)

    def fills(self) -> Mapping[str, Iterable[Address]]:
        """<jails>: the addresses of jails on Bastille's loopback. Those of others are put there or not as the host's routes
        say when they start, so with such a jail nothing is sure.
        """
        if not self.jailsdir():
            return {}
        known = self._conf()
        jails = [jail for name in self.names() if (jail := self.find(name)) is not None and not jail.vnet]
        if any(jail.interface != known["bastille_network_loopback"] for jail in jails if jail.addresses):
            return {}
        return {known["bastille_network_pf_table"]: [one for jail in jails for one in jail.addresses]}

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that has an rdr.conf. Afterwards `bastille rdr JAIL reset` ends Bastille's own publishing."""
        found = importing.published_by(self, names, "bastille list")
        for name, published in found.items():
            heading = [
                f"Imported from {self.rdr_file(name)} by `jailpf import {self.name}`.",
                f"`bastille rdr {name} reset` undoes it there.",
            ]
            yield importing.declared(self, name, published, heading=heading)

    def rdr_file(self, name: str) -> str:
        """Where the rdr.conf of a jail is, or would be; "" without Bastille."""
        return self._beside(name, "rdr.conf")

    def jailsdir(self) -> str:
        """The folder of the jails, "" without Bastille. Raises ConfigError, PermissionDeniedError."""
        if self._jailsdir is None:
            if not os.path.lexists(self.conf):
                self._jailsdir = ""
            else:
                self._jailsdir = expand("${bastille_jailsdir}", self._conf())
                if not self._jailsdir.startswith("/"):
                    raise ConfigError(
                        f"bastille_jailsdir is {self._jailsdir!r}, not an absolute path", Place(self.conf)
                    )
        return self._jailsdir

    def _conf(self) -> dict[str, str]:
        """What bastille.conf says, with Bastille's own defaults."""
        return {**DEFAULTS, **read_assignments(self.conf, DEFAULTS)}

    def _beside(self, name: str, file: str) -> str:
        folder = self.jailsdir()
        if not folder or not re.fullmatch(_NAME, name):
            return ""
        try:
            os.stat(folder)
        except PermissionError as wrong:
            raise _closed(folder, wrong) from None
        except OSError:
            return ""
        return f"{folder}/{name}/{file}"


def _closed(folder: str, wrong: OSError) -> PermissionDeniedError:
    return PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(folder), "run as root")
