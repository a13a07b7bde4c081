"""Rows that are read from a file: their fields, and the words of ports and networks in these."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PORTS = re.compile(r"any|[0-9]{1,5}(:[0-9]{1,5})?")


def fields_of(
    data: dict[str, Any], names: Iterable[str], lists: Collection[str], flags: Collection[str]
) -> dict[str, Any]:
    """{name: its value}: texts, but for lists of texts and for flags. Raises ValueError, KeyError, TypeError for what `reach` never printed."""
    made: dict[str, Any] = {}
    for name in names:
        value = data[name]
        if name in lists:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise ValueError(name)
            value = tuple(value)
        elif not isinstance(value, bool if name in flags else str):
            raise ValueError(name)
        made[name] = value
    return made


def within(word: str, network: str) -> bool:
    """Whether two addresses or networks have an address in common; "any" has all."""
    if word == "any":
        return True
    try:
        mine, theirs = ip_network(word, strict=False), ip_network(network, strict=False)
    except ValueError:
        return False
    return mine.version == theirs.version and mine.overlaps(theirs)


def holds(word: str, first: int, last: int = 0) -> bool:
    """Whether a word of ports has one of these."""
    if word == "any":
        return True
    low, _, high = word.partition(":")
    return low.isascii() and low.isdigit() and int(low) <= (last or first) and first <= int(high or low)
