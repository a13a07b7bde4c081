"""Asking the adapters that come with jailpf, in the order of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.bastille import Bastille
from jailpf.managers.iocage import Iocage
from jailpf.managers.jailconf import JailConf

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings
    from jailpf.managers.adapter import Adapter
    from jailpf.model import Jail

KINDS: dict[str, type[Adapter]] = {kind.name: kind for kind in (Bastille, Iocage, JailConf)}


def built_in(settings: Settings) -> list[Adapter]:
    """The adapters that the settings name and that come with jailpf."""
    return [KINDS[name](settings) for name in settings.adapters if name in KINDS]


def ask(adapters: list[Adapter], name: str) -> tuple[Adapter, Jail] | None:
    """The first adapter that knows the jail, and what it knows. Raises what Adapter.find raises."""
    for adapter in adapters:
        if (jail := adapter.find(name)) is not None:
            return adapter, jail
    return None
