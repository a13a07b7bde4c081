"""jail.conf(5) for adapters whose manager keeps one: what jail(8) reads in it, and which files it is made of."""

from __future__ import annotations

from jailpf.managers.building import addresses, interface, jail_of, known_addresses, with_running
from jailpf.managers.parameters import Parameters, read
from jailpf.managers.rcconf import rc_conf
from jailpf.managers.sources import included, sources, text_of

__all__ = [
    "Parameters", "addresses", "included", "interface", "jail_of", "known_addresses", "rc_conf", "read", "sources", "text_of",
    "with_running",
]  # fmt: skip
