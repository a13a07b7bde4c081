"""Bastille: bastille.conf, jails/NAME/jail.conf as jail(8) reads it, and rdr.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.bastille.adapter import Bastille

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [Bastille]
