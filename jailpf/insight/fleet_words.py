"""Words of rows that were read from a file: ports and networks."""

from __future__ import annotations

import re
from ipaddress import ip_network

PORTS = re.compile(r"any|[0-9]{1,5}(:[0-9]{1,5})?")


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
