"""Counts and rates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values.base import describe, text

MOST = 4294967  # pfctl multiplies by 1000 (facts.md section 3)


class Count(int):
    """A positive number such as max-src-conn takes, at most 4294967295."""

    @classmethod
    def parse(cls, raw: object) -> Count:
        """From a positive integer. Raises ValueError."""
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError(f"this must be a whole number, not {describe(raw)}")
        if not 1 <= raw <= 0xFFFFFFFF:
            raise ValueError(f"{raw} is out of range; 1 to 4294967295")
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A positive integer."""
        return {"type": "integer", "minimum": 1, "maximum": 0xFFFFFFFF}


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` connections in `seconds`: "15/5" (max-src-conn-rate of pf.conf(5))."""

    count: int
    seconds: int

    @classmethod
    def parse(cls, raw: object) -> Rate:
        """From "COUNT/SECONDS". Raises ValueError."""
        if not isinstance(raw, str):
            what = f"a rate is written as a string, not {describe(raw)}"
            raise ValueError(f'{what}; write connections and seconds: "15/5"')
        found = re.fullmatch(r"([0-9]{1,10})/([0-9]{1,10})", text(raw, "a rate"), re.ASCII)
        if not found:
            raise ValueError(f'{raw!r} is not a rate; write connections and seconds: "15/5"')
        count, seconds = int(found[1]), int(found[2])
        if not (1 <= count <= MOST and 1 <= seconds <= 0xFFFFFFFF):
            raise ValueError(f"{raw!r} is out of range; 1 to {MOST} connections in 1 to 4294967295 seconds")
        return cls(count, seconds)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A pattern."""
        return {"type": "string", "pattern": "^[0-9]{1,10}/[0-9]{1,10}$"}

    def __str__(self) -> str:
        return f"{self.count}/{self.seconds}"
