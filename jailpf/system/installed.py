"""Which plugins are installed, without importing any of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "jailpf"


def entry_points() -> dict[str, EntryPoint]:
    """name -> entry point of the group `jailpf`; of two with one name, either."""
    return {entry.name: entry for entry in all_entry_points()}


def all_entry_points() -> list[EntryPoint]:
    """All of them: two distributions may bring one name."""
    from importlib import metadata

    return list(metadata.entry_points(group=GROUP))


def distribution(entry: EntryPoint) -> str:
    """The name of the distribution that brings it, "" where that is not known."""
    return entry.dist.name if entry.dist else ""


def of_distribution(name: str) -> list[str]:
    """The entry points that the distribution of that name brings: people write `jailpf-country` for `country`."""
    return sorted(entry.name for entry in all_entry_points() if _plain(distribution(entry)) == _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
