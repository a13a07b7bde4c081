"""The adapters that come with jailpf: jail.conf, Bastille, iocage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.managers.bastille import Bastille
from jailpf.managers.iocage import Iocage
from jailpf.managers.jailconf import JailConf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.managers.adapter import Adapter

__all__ = ["Bastille", "Iocage", "JailConf", "jailpf_adapters"]


def jailpf_adapters() -> Iterable[type[Adapter]]:
    """All three; the settings say which are asked, and in which order."""
    return [Bastille, Iocage, JailConf]
