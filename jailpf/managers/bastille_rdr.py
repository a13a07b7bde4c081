"""rdr.conf of a Bastille jail: what `bastille rdr` publishes (peers.md 1.3 and 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place, Problem
from jailpf.system import files
from jailpf.values import Family, Peer, Port

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILIES: dict[str, tuple[Family, ...]] = {"dual": ("inet", "inet6"), "ipv4": ("inet",), "ipv6": ("inet6",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RdrLine:
    """One line. interfaces: () for Bastille's default; port: outside; jail_port: inside; log: with its options."""

    families: tuple[Family, ...] = ("inet", "inet6")
    interfaces: tuple[str, ...] = ()
    source: Peer
    to: Peer
    proto: str
    port: Port
    jail_port: Port
    log: str = ""
    place: Place
    text: str


def load(file: str) -> tuple[list[RdrLine], list[Problem]]:
    """The lines of a file, and a problem for each that cannot be read. Raises ConfigError, PermissionDeniedError."""
    return parse(files.read(file, ConfigError).decode("utf-8", "replace"), file)


def parse(text: str, file: str) -> tuple[list[RdrLine], list[Problem]]:
    """The same from text."""
    lines, problems = [], []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = Place(file, number)
        try:
            lines.append(_line(line, place))
        except ValueError as wrong:
            problems.append(Problem(str(wrong), place))
    return lines, problems


def _line(line: str, place: Place) -> RdrLine:
    """Old: `tcp HOST JAIL [log ...]`. New: `dual|ipv4|ipv6 IF SRC DST tcp HOST JAIL [log ...]`."""
    words = line.split()
    if words[0] in ("tcp", "udp"):
        words = ["dual", "any", "any", "any", *words]
    words = list(_braces(words))
    if len(words) < 7 or words[0] not in FAMILIES:
        raise ValueError(f"{line!r} is neither `PROTO HOST JAIL` nor `dual|ipv4|ipv6 IF FROM TO PROTO HOST JAIL`")
    family, interfaces, source, to, proto, port, jail_port, *log = words
    if proto not in ("tcp", "udp"):
        raise ValueError(f"{proto!r} is neither tcp nor udp")
    if log and log[0] != "log":
        raise ValueError(f"{' '.join(log)!r} is not `log`")
    return RdrLine(
        families=FAMILIES[family],
        interfaces=() if interfaces == "any" else tuple(interfaces.strip("{}").replace(",", " ").split()),
        source=Peer.parse(source),
        to=Peer.parse(to),
        proto=proto,
        port=Port.parse(port.replace("-", ":")),
        jail_port=Port.parse(jail_port.replace("-", ":")),
        log=" ".join(log),
        place=place,
        text=line,
    )


def _braces(words: list[str]) -> Iterator[str]:
    """The words, with `{ a b }` as one: Bastille stores it so, and then cannot read it itself (peers.md 1.3)."""
    held: list[str] = []
    for word in words:
        if word.startswith("{") or held:
            held.append(word)
            if word.endswith("}"):
                yield " ".join(held)
                held = []
        else:
            yield word
    yield from held
