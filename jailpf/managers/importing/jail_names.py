"""Names of jails where a rule has addresses: pfctl(8) would ask the host's resolver for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.managers.importing.finish import own_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.managers.adapter import Adapter

PEERS = ("from", "to", "->")
OTHERS = (
    "port", "proto", "on", "inet", "inet6", "label", "tag", "tagged", "keep", "modulate", "synproxy", "no", "flags", "user", "group",
    "static-port", "round-robin", "random", "source-hash", "sticky-address", "route-to", "reply-to", "all", "any",
)  # fmt: skip
Known = dict[str, dict[str, list[str]]]
"""jail -> family -> addresses"""


def addresses_of_jails(adapter: Adapter) -> Known:
    """What every manager knows; one that cannot be read knows none."""
    found: Known = {}
    for one in adapter.adapters:
        try:
            names = list(one.names())
        except JailpfError:
            continue
        for name in names:
            own, _ = own_addresses(adapter, name)
            if any(own.values()):
                found.setdefault(name, own)
    return found


def all_addresses(known: Mapping[str, Mapping[str, list[str]]]) -> frozenset[str]:
    """Those of all jails."""
    return frozenset(one for own in known.values() for found in own.values() for one in found)


def with_addresses(words: Iterable[str], known: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    """The words of a statement with the addresses of jails in the place of their names."""
    words = list(words)
    families = [family for family in ("inet", "inet6") if family in words] or ["inet", "inet6"]
    found: list[str] = []
    peers = False
    for word in words:
        peers = word in PEERS or (peers and word not in OTHERS)
        jail = known.get(word, {}) if peers else {}
        addresses = [one for family in families for one in jail.get(family, ())]
        if not addresses:
            found.append(word)
        elif len(addresses) == 1 or found.count("{") > found.count("}"):
            found += addresses
        else:
            found += ["{", *addresses, "}"]
    return found
