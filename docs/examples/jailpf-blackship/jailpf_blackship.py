"""A jail manager for jailpf: Blackship (0.1.3), which keeps its jails in one blackship.toml and runs no jail.conf."""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit

from jailpf import plugin as api

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WEAK = "Blackship takes a failing post_start for a warning: the jail goes on with nothing of its own loaded"
PLACE = api.Place("pfctl -a blackship -sn")
RULE = re.compile(r"rdr (?:inet6? )?proto (tcp|udp) from any to any port = (\S+) -> (\S+) port (\d+)")
PHASES = {"pre_start": "prestart", "post_start": "created", "post_stop": "poststop"}


class BlackshipKeys(api.Keys):
    """[managers.blackship]."""

    file: str = api.key(api.AbsolutePath, "Blackship's settings.", default="/usr/local/etc/blackship/blackship.toml")


class Blackship(api.Adapter):
    """A jail without `ip` draws its address at every start: only the running jail knows it."""

    name = "blackship"
    keys, goes_on = BlackshipKeys, True

    def find(self, name: str) -> api.Jail | None:
        """The jail; see api.Adapter.find."""
        if (network := self._networks().get(name)) is None:
            return None
        return api.Jail(
            name=name, addresses=tuple(api.Address.parse(network[one]) for one in ("ip",) if one in network), vnet=bool(network.get("vnet")), running_name=name, known_by=self.name,
            inputs=(self.own.file,), settled="ip" in network,
        )  # fmt: skip

    def names(self) -> Iterable[str]:
        """Every [[jails]]."""
        return list(self._networks())

    def hooks(self, jail: api.Jail) -> api.FileHooks:
        """Three [[jails.hooks]] of its own; those of others stay as they are, and so do comments."""
        wanted = {at: api.hook_command(self.settings, verb, "${jail_name}").split() for at, verb in PHASES.items()}

        def edited(text: str | None, phases: dict[str, list[str]]) -> str:
            document = tomlkit.parse(text or "")
            own: Any = next(one for one in document["jails"] if one["name"] == jail.name)  # type: ignore[union-attr]
            old = [one for one in own.get("hooks", ()) if api.is_hook_command(_command(one))]
            if [_command(one).split() for one in old] == list(phases.values()):
                return text or ""
            for one in old:
                own["hooks"].remove(one)
            for phase, (program, *args) in phases.items():
                said = {"phase": phase, "target": "host", "command": program, "args": args, "on_failure": "abort"}
                own.setdefault("hooks", tomlkit.aot()).append(tomlkit.item(said))
            return tomlkit.dumps(document)

        on, off = (lambda text: edited(text, wanted)), (lambda text, _: edited(text, {}))
        return api.FileHooks(files=(api.HookFile(path=self.own.file, attached=on, detached=off),), weak=WEAK)

    def claims(self) -> Iterable[api.Published | api.Unread]:
        """What `blackship expose` loaded into its one anchor; Blackship itself remembers none of it."""
        if self.settings.pf == "simulated" or not self.names():
            return
        owners = {network.get("ip", ""): name for name, network in self._networks().items()}
        for line in api.run_program(self.settings.programs["pfctl"], "-a", "blackship", "-sn").splitlines():
            if (found := RULE.match(line)) is None:
                yield api.Unread("", api.Problem("no rule of `blackship expose`", PLACE), line)
                continue
            yield api.Published(
                jail=owners.get(found[3], found[3]), by="`blackship expose`", place=PLACE, text=line, proto=(found[1],),
                port=api.Port.parse(found[2]), jail_port=api.Port.parse(found[4]), families=(api.Address.parse(found[3]).family,),
            )  # fmt: skip

    def import_(self, names: Sequence[str]) -> Iterable[api.Imported]:
        """One for each jail that is exposed."""
        for name, found in api.importing.published_by(self, names, "blackship ps").items():
            yield api.importing.declared(self, name, found, heading=["Imported from the anchor `blackship`."])

    def _networks(self) -> dict[str, dict[str, Any]]:
        text = api.read_text(self.own.file) if os.path.exists(self.own.file) else ""
        return {jail["name"]: jail.get("network", {}) for jail in tomllib.loads(text).get("jails", ())}


def _command(hook: Any) -> str:
    return " ".join([str(hook["command"]), *map(str, hook.get("args", ()))])


@api.hookimpl
def jailpf_adapters() -> Iterable[type[api.Adapter]]:
    """The one adapter."""
    return [Blackship]
