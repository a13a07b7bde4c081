"""Protocols."""

from __future__ import annotations

from dataclasses import dataclass

from jailpf.values.base import text

WITH_PORTS = ("tcp", "udp", "sctp")
WITHOUT_PORTS = ("icmp", "icmp6", "esp", "ah", "gre")
_FAMILY = {"icmp": "inet", "icmp6": "inet6"}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol, or several that have ports: "tcp+udp". `sctp` with ports needs FreeBSD 14 or later."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, raw: object) -> Protocol:
        """From "tcp", "tcp+udp", "icmp" ... Raises ValueError."""
        names = tuple(text(raw, "a protocol").split("+"))
        for name in names:
            if name not in WITH_PORTS + WITHOUT_PORTS:
                known = ", ".join(WITH_PORTS + WITHOUT_PORTS)
                raise ValueError(f"{name!r} is not a protocol; one of {known}, or tcp+udp")
        if len(set(names)) < len(names):
            raise ValueError(f"{raw!r} names a protocol twice")
        if len(names) > 1 and not set(names) <= set(WITH_PORTS):
            raise ValueError(f"{raw!r}: only protocols with ports can be joined by '+'")
        return cls(names)

    @property
    def has_ports(self) -> bool:
        """Whether the protocol knows ports."""
        return self.names[0] in WITH_PORTS

    @property
    def family(self) -> str:
        """ "inet" or "inet6" for the protocols that exist in one family only, else ""."""
        return _FAMILY.get(self.names[0], "")

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The usual ones by name, so that an editor can offer them."""
        usual = [*WITH_PORTS, "tcp+udp", *WITHOUT_PORTS]
        return {"anyOf": [{"enum": usual}, {"type": "string", "pattern": r"^(tcp|udp|sctp)(\+(tcp|udp|sctp))+$"}]}

    def __str__(self) -> str:
        return self.names[0] if len(self.names) == 1 else "{ " + " ".join(self.names) + " }"


TCP = Protocol(("tcp",))
