"""Members of tables."""

from __future__ import annotations

from typing import NamedTuple

from jailpf.values.address import Network


class Member(NamedTuple):
    """A network in a table, or with "!" one that is excluded."""

    negated: bool
    network: Network

    @classmethod
    def parse(cls, raw: object) -> Member:
        """From "192.0.2.0/24" or "!192.0.2.7". Raises ValueError."""
        negated = isinstance(raw, str) and raw.startswith("!")
        return cls(negated, Network.parse(str(raw)[1:] if negated else raw))

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text."""
        return {"type": "string"}

    def __str__(self) -> str:
        return ("!" if self.negated else "") + str(self.network)
