"""Ports and ranges of ports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values import near
from jailpf.values.base import describe


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port or an inclusive range "7000:7010" (pf.conf(5)); first <= last, both in 1..65535."""

    first: int
    last: int

    @classmethod
    def parse(cls, raw: object) -> Port:
        """From 993, "993", "7000:7010" or "any". Raises ValueError; reversed ranges are refused because 13 takes them."""
        if isinstance(raw, int) and not isinstance(raw, bool):
            first = last = raw
        elif isinstance(raw, str):
            first, last = (1, 65535) if raw == "any" else _range(raw)
        else:
            raise ValueError(f'a port is a number or a range "7000:7010", not {describe(raw)}')
        for number in (first, last):
            if not 1 <= number <= 65535:
                raise ValueError(f"port {number} does not exist; ports are 1 to 65535")
        if first > last:
            raise ValueError(near.reversed_range(first, last))
        return cls(first, last)

    @property
    def width(self) -> int:
        """How many ports."""
        return self.last - self.first + 1

    def overlaps(self, other: Port) -> bool:
        """Whether a port is in both."""
        return self.first <= other.last and other.first <= self.last

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A number or a range."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 65535},
                {"type": "string", "pattern": r"^(any|[0-9]{1,5}(:[0-9]{1,5})?)$"},
            ]
        }

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}:{self.last}"


def _range(raw: str) -> tuple[int, int]:
    if found := re.fullmatch(r"([0-9]{1,5})(?::([0-9]{1,5}))?", raw, re.ASCII):
        return int(found[1]), int(found[2] or found[1])
    raise ValueError(near.unseen(raw) or near.port(raw))
