"""The adapters that come with jailpf: jail.conf, Bastille, iocage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.adapters.bastille import Bastille
from jailpf.adapters.iocage import Iocage
from jailpf.adapters.jailconf import JailConf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.adapter import Adapter

__all__ = ["Bastille", "Iocage", "JailConf", "jailpf_adapters"]


def jailpf_adapters() -> Iterable[type[Adapter]]:
    """All three; the settings say which are asked, and in which order."""
    return [Bastille, Iocage, JailConf]
