"""A claim: what one rule takes for itself outside, as it is kept on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jailpf.errors import Place
from jailpf.values import Peer, Port

ALL_PORTS = (Port(1, 65535),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one rule takes. ports: ALL_PORTS for protocols without; protos: () for all; owner: the jail, or "bastille rdr NAME"."""

    owner: str
    service: str
    place: Place
    family: str
    on: tuple[str, ...]
    protos: tuple[str, ...]
    to: tuple[Peer, ...]
    ports: tuple[Port, ...]
    source: tuple[Peer, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a record."""
        return {
            "owner": self.owner, "service": self.service, "place": list(self.place), "family": self.family, "on": list(self.on),
            "protos": list(self.protos), "to": list(map(str, self.to)), "ports": list(map(str, self.ports)),
            "from": list(map(str, self.source)),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Claim:
        """The opposite. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            owner=data["owner"], service=data["service"], place=Place(*data["place"]), family=data["family"], on=tuple(data["on"]),
            protos=tuple(data["protos"]), to=tuple(map(Peer.parse, data["to"])), ports=tuple(map(Port.parse, data["ports"])),
            source=tuple(map(Peer.parse, data["from"])),
        )  # fmt: skip
