"""pot.export.ports: `[tcp:|udp:]JAILPORT[:HOSTPORT]`, a word each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.plugin import Peer, Place, Problem, Published, Unread, importing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def parse(text: str, jail: str, file: str, host: Mapping[str, str]) -> Iterator[Published | Unread]:
    """What pot redirects to a jail, on each of its external interfaces. host: pot's settings."""
    first = host.get("POT_EXTIF", "")
    for word in text.split():
        for interface in dict.fromkeys([first, *host.get("POT_EXTRA_EXTIF", "").split()]):
            address = host.get("POT_EXTIF_ADDR", "") if interface == first else ""
            try:
                yield _one(word, jail, Place(file), interface, address)
            except ValueError as wrong:
                yield Unread(jail, Problem(str(wrong), Place(file)), f"pot.export.ports: {word}")


def _one(word: str, jail: str, place: Place, interface: str, address: str) -> Published:
    found = re.fullmatch(r"(?:(tcp|udp):)?(\w+)(?::(\w+))?", word)
    if not found:
        raise ValueError("it is not of the form tcp:JAIL:HOST")
    to = address or (f"({interface})" if interface else "any")
    return Published(
        jail=jail, by=f"pot.export.ports of {jail}", place=place, text=f"pot.export.ports: {word}", proto=(found[1] or "tcp",),
        port=importing.port(found[3]) if found[3] else None, jail_port=importing.port(found[2]), families=("inet",),
        on=(interface,) if interface else (), to=() if to == "any" else (Peer.parse(to),), passes=True,
    )  # fmt: skip
