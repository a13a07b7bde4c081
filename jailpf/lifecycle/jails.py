"""Who a jail is: its own file first, else the first adapter that knows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.declare import toml
from jailpf.declare.services import JailTable, read
from jailpf.errors import NoJailError, UsageError
from jailpf.model import Jail
from jailpf.system import files
from jailpf.values import JailName

if TYPE_CHECKING:
    from jailpf.declare.services import Services
    from jailpf.declare.settings import Settings
    from jailpf.registry import Registry


class Jails:
    """Reads declarations and finds jails, each once."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry
        self.adapters = registry.adapters(settings)
        registry.check_exposed(settings)

    def file(self, name: str) -> str:
        """Where the declaration of a jail is. Raises UsageError for what cannot be a jail's name."""
        return self.settings.jail_file(checked(name))

    def declared(self) -> list[str]:
        """The names of all jails that have a file, sorted."""
        folder, _, pattern = self.settings.jail_file("{jail}").partition("{jail}")
        if "/" in pattern or not folder.endswith("/"):
            return sorted(
                {name for adapter in self.adapters for name in adapter.names() if os.path.lexists(self.file(name))}
            )
        try:
            found = os.listdir(folder)
        except OSError:
            return []
        return sorted(
            name[: -len(pattern)] for name in found if name.endswith(pattern) and valid(name[: -len(pattern)])
        )

    def services(self, name: str) -> Services:
        """The declaration of a jail. Raises NoJailError when it has no file, DeclarationError, PermissionDeniedError."""
        file = self.file(name)
        if not os.path.lexists(file):
            raise NoJailError(f"nothing is declared for {name}", None, f"`jailpf new {name}` writes {file}")
        return read(toml.load(file), self.registry.rule_types, self.settings)

    def find(self, name: str, services: Services | None = None) -> Jail:
        """The jail. Raises NoJailError when neither its file nor an adapter knows its addresses."""
        table = services.jail if services else self._own_table(name)
        file = self.settings.jail_file(name)
        known = None
        beside = os.path.dirname(self.settings.file) + "/"
        if not (table.ip4 or table.ip6) or not file.startswith(beside):
            known = next(filter(None, (adapter.find(name) for adapter in self.adapters)), None)
        if services is not None and known is not None:
            files.must_be_outside(file, [known.path])
        if table.ip4 or table.ip6:
            return Jail(
                name=name, addresses=table.ip4 + table.ip6, vnet=table.vnet, interface=table.interface, shared=table.shared,
                path=known.path if known else "", running_name=known.running_name if known else name,
                inputs=known.inputs if known else (),
            )  # fmt: skip
        if known is None:
            asked = ", ".join(adapter.name for adapter in self.adapters)
            place = services.place() if services else None
            raise NoJailError(
                f"no jail manager knows {name} (asked: {asked})",
                place,
                'add [jail] with ip4 = "..." or ip6 = "..."',
            )
        from dataclasses import replace

        return replace(
            known,
            vnet=known.vnet or table.vnet,
            interface=table.interface or known.interface,
            shared=known.shared or table.shared,
        )

    def _own_table(self, name: str) -> JailTable:
        file = self.file(name)
        return self.services(name).jail if os.path.lexists(file) else JailTable()


def valid(name: str) -> bool:
    """Whether this can be the name of a jail."""
    try:
        JailName.parse(name)
    except ValueError:
        return False
    return True


def checked(name: str) -> str:
    """The name itself. Raises UsageError: '', '*', '/', '..' and the like would address the main ruleset."""
    try:
        return JailName.parse(name)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
