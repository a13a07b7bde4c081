"""AppJail's jails: jails/NAME/conf below its folder."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import (
    AbsolutePath,
    Adapter,
    FileHooks,
    HookFile,
    Imported,
    Keys,
    importing,
    jailconf,
    key,
    listed,
    read_text,
)
from jailpf_adapters.appjail import exposures, template

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.plugin import Jail, Published, Unread

_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")


class AppJailKeys(Keys):
    """[managers.appjail]."""

    root: str = key(AbsolutePath, "AppJail's folder.", default="/usr/local/appjail")


class AppJail(Adapter):
    """Knows nothing where there is no folder of jails.

    template.conf is what a start reads: conf/jail.conf is made of it anew each time. The address in a virtual network is
    reserved before the start.
    """

    name = "appjail"
    keys = AppJailKeys
    own: AppJailKeys

    def find(self, name: str) -> Jail | None:
        """The jail; see Adapter.find."""
        file = self.template(name)
        if not file:
            return None
        known = template.parameters(read_text(file))
        # An address behind a variable of the template is known when the jail runs.
        variable = [word for one in ("ip4.addr", "ip6.addr") for word in known.get(one, ()) if "$" in word]
        for one in ("ip4.addr", "ip6.addr"):
            known[one] = tuple(word for word in known.get(one, ()) if "$" not in word)
        networks = self.networks(name)
        reserved = tuple(jailconf.addresses(networks.values(), file))
        jail = jailconf.jail_of(name, name, known, file, self.name)
        folder = f"{self.own.root}/jails/{name}/conf/boot/network"
        return replace(
            jail,
            addresses=tuple(dict.fromkeys((*reserved, *jail.addresses))),
            interface=jailconf.interface(next(iter(networks))) if networks and jail.vnet else jail.interface,
            path=f"{self.own.root}/jails/{name}/jail",
            settled=(jail.settled or bool(reserved)) and not variable,
            inputs=(file, folder, *(f"{folder}/reserved.{network}" for network in networks)),
        )

    def names(self) -> Iterable[str]:
        """The folders of jails that hold a template."""
        return [name for name in listed(f"{self.own.root}/jails") if self.template(name)]

    def roots(self) -> Iterable[str]:
        """The root folder of each jail."""
        return [f"{self.own.root}/jails/{name}/jail" for name in self.names()]

    def hooks(self, jail: Jail) -> FileHooks | None:
        """Rows of template.conf: what stands in conf/jail.conf survives no start."""
        file = self.template(jail.name)
        if not file:
            return None
        rows = template.Rows(self.settings, jail)
        return FileHooks(files=(HookFile(path=file, attached=rows.attached, detached=rows.detached),))

    def claims(self) -> Iterable[Published | Unread]:
        """The exposures that are enabled."""
        for name in self.names():
            for one, enabled in exposures.read(self._boot(name), name):
                if enabled:
                    yield one

    def import_(self, names: Sequence[str]) -> Iterable[Imported]:
        """One for each jail that exposes anything. Its nat comes along; what is not enabled becomes a comment."""
        every = {name: exposures.read(self._boot(name), name) for name in self.names()}
        found = {name: [one if on else exposures.off(one) for one, on in rows] for name, rows in every.items() if rows}
        for name, published in importing.published_by(self, names, "appjail jail list", found).items():
            heading = [
                f"Imported from {self._boot(name)} by `jailpf import {self.name}`.",
                f"`appjail expose remove all {name}` ends the same there; remove the two `appjail expose` rows from template.conf.",
            ]
            yield importing.declared(self, name, published, heading=heading, more=exposures.nat(self._boot(name)))

    def template(self, name: str) -> str:
        """The template of a jail, "" when AppJail does not know it."""
        file = f"{self.own.root}/jails/{name}/conf/template.conf"
        return file if _NAME.fullmatch(name) and os.path.isfile(file) else ""

    def networks(self, name: str) -> dict[str, str]:
        """{virtual network: the address that is reserved in it}."""
        folder = f"{self._boot(name)}/network"
        found = [entry for entry in listed(folder) if entry.startswith("reserved.")]
        return {entry.removeprefix("reserved."): read_text(f"{folder}/{entry}").strip() for entry in found}

    def _boot(self, name: str) -> str:
        return f"{self.own.root}/jails/{name}/conf/boot"
