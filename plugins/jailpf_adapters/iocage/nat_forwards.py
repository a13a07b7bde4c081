"""iocage's nat_forwards: the jail's port first, the host's second."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.plugin import Port, Problem, Published, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Peer, Place

NATTED = "its address changes at every start; `iocage set nat=0 ip4_addr=... {name}` gives it one that rules can name"


def parse(
    jail: str, forwards: str, place: Place, on: tuple[str, ...], to: tuple[Peer, ...], *, passes: bool = True
) -> Iterator[Published | Unread]:
    """The entries of a jail's property. on, to: where iocage publishes all of them; passes: by pf, and not by ipfw."""
    if forwards.strip().lower() in ("none", ""):
        return
    for word in entries(forwards.strip()):
        try:
            yield replace(_entry(jail, word, place, on, to), passes=passes)
        except ValueError as wrong:
            yield Unread(jail, Problem(str(wrong).partition("; ")[0], place), f"nat_forwards: {word}")


def _entry(jail: str, word: str, place: Place, on: tuple[str, ...], to: tuple[Peer, ...]) -> Published:
    found = re.fullmatch(r"(tcp|udp|tcp/udp|udp/tcp)\(([0-9-]+)(?::([0-9-]+))?\)", word)
    if not found:
        raise ValueError("it is not of the form tcp(JAIL:HOST)")
    inside, outside = _port(found[2]), _port(found[3] or found[2])
    if inside.width != outside.width:
        raise ValueError(f"{inside} and {outside} differ in width")
    proto = tuple(found[1].split("/"))
    return Published(
        jail=jail, by=f"iocage's nat_forwards of {jail}", place=place, text=f"nat_forwards: {word}", proto=proto,
        port=outside, jail_port=inside, families=("inet",), on=on, to=to, passes=True,
        weak="iocage prints `proto tcp/udp`, which pf refuses" if len(proto) > 1 else "",
    )  # fmt: skip


def _port(text: str) -> Port:
    return Port.parse(int(text) if text.isascii() and text.isdigit() else text.replace("-", ":"))


def entries(forwards: str) -> list[str]:
    """ "tcp(80:8080,443),udp(53)" as ["tcp(80:8080)", "tcp(443)", "udp(53)"]; what is of no such form comes back whole."""
    found = []
    for whole in re.findall(r"[^,(]+\([^)]*\)|[^,]+", forwards):
        proto, bracket, inside = whole.strip().partition("(")
        if bracket and inside.endswith(")"):
            found += [f"{proto}({one.strip()})" for one in inside[:-1].split(",")]
        else:
            found.append(whole.strip())
    return found
