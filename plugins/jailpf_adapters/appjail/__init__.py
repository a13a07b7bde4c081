"""AppJail: template.conf of each jail, its exposures and nat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.appjail.adapter import AppJail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [AppJail]
