"""The rows of `cbsd expose`: pin outside, pout in the jail; pin = 0 gives the jail a whole address, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jailpf.plugin import Address, Peer, Place, Port, Problem, Published, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EVERY = Port(1, 65535)


def parse(
    found: Iterable[Mapping[str, Any]], jail: str, file: str, node: tuple[str, ...]
) -> Iterator[Published | Unread]:
    """The rows of a jail. node: what `nodeip` and 0 mean."""
    for row in found:
        try:
            yield _one(row, jail, Place(file), node)
        except (ValueError, KeyError) as wrong:
            text = " ".join(f"{name}={value}" for name, value in row.items())
            yield Unread(jail, Problem(str(wrong).partition("; ")[0], Place(file)), text)


def _one(row: Mapping[str, Any], jail: str, place: Place, node: tuple[str, ...]) -> Published:
    inside, outside = int(row["pout"]), int(row["pin"])
    to = node if str(row["inaddr"]) in ("0", "nodeip") else (str(row["inaddr"]).partition("/")[0],)
    whole = outside == 0
    if row["proto"] not in ("tcp", "udp"):
        raise ValueError(f"{row['proto']!r} is neither tcp nor udp")
    given = [word for word in str(row["fromips"]).split(",") if word]
    return Published(
        jail=jail, by=f"`cbsd expose` of {jail}", place=place, text=f"expose pin={outside} pout={inside} {row['proto']} inaddr={row['inaddr']} from {row['fromips']}",
        proto=("tcp", "udp") if whole else (row["proto"],), port=EVERY if whole else Port.parse(outside),
        jail_port=EVERY if whole else Port.parse(inside), families=("inet",),
        source=() if given == ["any"] else tuple(map(Peer.parse, given)), to=tuple(map(Peer.parse, to)),
        target=Address.parse(row["outaddr"]) if row["outaddr"] else None, passes=True,
        weak="`cbsd expose mode=apply`, which runs at every start, ignores outaddr: it redirects to the jail" if row["outaddr"] else "",
    )  # fmt: skip
