"""Podman with ocijail: containers by the name in their annotation, hooks of hooks_dir, portmap's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import hookimpl
from jailpf_adapters.podman.adapter import Podman

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.plugin import Adapter


@hookimpl
def jailpf_adapters() -> Iterable[type[Adapter]]:
    """The one adapter."""
    return [Podman]
