"""Mail Toaster's pfrule.sh: folders of pf.conf(5) files, one for each jail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.pfrule.adapter import PfRuleFolders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [PfRuleFolders]
