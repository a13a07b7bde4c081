"""Whether two rules may be about the same packet. Yes, where that is not known."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from jailpf.managers.importing.language.words import network

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.managers.importing.language.rule_data import PfRule

_CARD = re.compile(r"[a-z][a-z_]*[0-9]+(\.[0-9]+)?")  # not a group such as egress, which may be any


def overlap(one: PfRule | None, other: PfRule | None, tables: Mapping[str, tuple[str, ...]]) -> bool:
    """Two rules of filtering, or two of translation. None: nothing is known of it; tables: members by "<name>"."""
    if one is None or other is None:
        return True
    words = ((one.direction, other.direction), (one.family, other.family))
    if any(mine and theirs and mine != theirs for mine, theirs in words):
        return False
    if one.proto and other.proto and not set(one.proto) & set(other.proto):
        return False
    for mine, theirs in ((one.port, other.port), (one.source_port, other.source_port)):
        if mine and theirs and not any(a.first <= b.last and b.first <= a.last for a in mine for b in theirs):
            return False
    cards = set(one.on), set(other.on)
    if all(cards) and all(map(_CARD.fullmatch, cards[0] | cards[1])) and not cards[0] & cards[1]:
        return False
    return _meet(one.to, other.to, tables) and _meet(one.source, other.source, tables)


def _meet(some: Iterable[str], others: Iterable[str], tables: Mapping[str, tuple[str, ...]]) -> bool:
    mine, theirs = _networks(some, tables), _networks(others, tables)
    if mine is None or theirs is None:
        return True
    return any(a.version == b.version and a.overlaps(b) for a in mine for b in theirs)


def _networks(
    words: Iterable[str], tables: Mapping[str, tuple[str, ...]]
) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network] | None:
    """None: any, or not known."""
    found = []
    for word in words:
        for member in tables.get(word) or (word,):
            try:
                found.append(ipaddress.ip_network(network(member, lambda _: None) or member, strict=False))
            except ValueError:
                return None
    return found or None
