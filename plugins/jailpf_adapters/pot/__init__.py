"""pot: pot.conf of each jail, its hook scripts and exported ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.pot.adapter import Pot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [Pot]
