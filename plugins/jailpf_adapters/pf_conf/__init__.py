"""A plain pf.conf(5), in which somebody keeps the rules of all jails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.pf_conf.adapter import PfConf

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [PfConf]
