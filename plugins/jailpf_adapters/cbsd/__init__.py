"""CBSD: the tables of local.sqlite, hook scripts, and expose.sqlite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.cbsd.adapter import Cbsd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [Cbsd]
