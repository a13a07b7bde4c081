"""Protocols."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values import near
from jailpf.values.base import text

WITH_PORTS = ("tcp", "udp", "sctp")
WITHOUT_PORTS = ("icmp", "icmp6", "esp", "ah", "gre")
_FAMILY = {"icmp": "inet", "icmp6": "inet6"}
_NUMBERS = [
    "igmp",
    "2",
    "ggp",
    "3",
    "ipencap",
    "4",
    "egp",
    "8",
    "igp",
    "9",
    "argus",
    "13",
    "chaos",
    "16",
    "mux",
    "18",
    "hmp",
    "20",
    "dccp",
    "33",
    "xtp",
    "36",
    "ipv6",
    "41",
    "idrp",
    "45",
    "rsvp",
    "46",
    "mobile",
    "55",
    "eigrp",
    "88",
    "ospf",
    "89",
    "ipip",
    "94",
    "etherip",
    "97",
    "encap",
    "98",
    "pim",
    "103",
    "ipcomp",
    "108",
    "carp",
    "112",
    "pgm",
    "113",
    "l2tp",
    "115",
    "stp",
    "118",
    "isis",
    "124",
    "udplite",
    "136",
    "manet",
    "138",
    "hip",
    "139",
    "shim6",
    "140",
    "pfsync",
    "240",
]
NUMBERS = {name: int(number) for name, number in zip(_NUMBERS[::2], _NUMBERS[1::2], strict=True)}
"""More of protocols(5). They are written as numbers: that file is the host's, and need not have all of them."""
_NAMED = {1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 51: "ah", 58: "icmp6", 132: "sctp"}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol by name or number, or several that have ports: "tcp+udp". `sctp` with ports needs FreeBSD 14 or later."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, raw: object) -> Protocol:
        """From "tcp", "tcp+udp", "icmp", "ospf", 89 ... Raises ValueError."""
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError(near.protocol(raw, (*WITH_PORTS, *WITHOUT_PORTS)))
        whole = str(raw) if isinstance(raw, int) else text(raw, "a protocol")
        names = tuple(_name(word) for word in whole.split("+"))
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
        usual = [*WITH_PORTS, "tcp+udp", *WITHOUT_PORTS, *NUMBERS]
        joined = {"type": "string", "pattern": r"^([1-9][0-9]{0,2}|(tcp|udp|sctp)(\+(tcp|udp|sctp))+)$"}
        return {"anyOf": [{"enum": usual}, joined, {"type": "integer", "minimum": 1, "maximum": 255}]}

    def __str__(self) -> str:
        return self.names[0] if len(self.names) == 1 else "{ " + " ".join(self.names) + " }"


def _name(word: str) -> str:
    if word in WITH_PORTS + WITHOUT_PORTS:
        return word
    if word == "0":
        raise ValueError("pf makes no rule for protocol 0; write the name or number of the protocol")
    if re.fullmatch(r"[1-9][0-9]{0,2}", word, re.ASCII) and int(word) < 256:
        return _NAMED.get(int(word), word)
    if word not in NUMBERS:
        raise ValueError(near.protocol(word, (*WITH_PORTS, *WITHOUT_PORTS)))
    return str(NUMBERS[word])


TCP = Protocol(("tcp",))
