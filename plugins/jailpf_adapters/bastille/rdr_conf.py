"""rdr.conf of a Bastille jail: what `bastille rdr` publishes, a line a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.plugin import Peer, Place, Problem, Published, Unread, importing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.plugin import Family

FAMILIES: dict[str, tuple[Family, ...]] = {"dual": ("inet", "inet6"), "ipv4": ("inet",), "ipv6": ("inet6",)}


def parse(text: str, file: str, jail: str) -> Iterator[Published | Unread]:
    """The lines of a jail's file, as text."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = Place(file, number)
        try:
            yield _line(line, place, jail)
        except ValueError as wrong:
            yield Unread(jail, Problem(str(wrong), place), line)


def _line(line: str, place: Place, jail: str) -> Published:
    """Old: `tcp HOST JAIL [log ...]`. New: `dual|ipv4|ipv6 INTERFACES FROM TO tcp HOST JAIL [log ...]`."""
    words = line.split()
    if words[0] in ("tcp", "udp"):
        words = ["dual", "any", "any", "any", *words]
    at = next((number for number, word in enumerate(words) if number > 2 and word in ("tcp", "udp")), 0)
    if words[0] not in FAMILIES or not at or len(words) < at + 3:
        raise ValueError(f"{line!r} is neither `PROTO HOST JAIL` nor `dual|ipv4|ipv6 IF FROM TO tcp|udp HOST JAIL`")
    source, to, proto, port, jail_port, *log = words[at - 2 :]
    if log and log[0] != "log":
        raise ValueError(f"{' '.join(log)!r} is not `log`")
    interfaces = [name for word in words[1 : at - 2] for name in word.strip("{}").split(",") if name]
    return Published(
        jail=jail,
        by=f"`bastille rdr {jail}`",
        families=FAMILIES[words[0]],
        on=() if interfaces == ["any"] else tuple(interfaces),
        source=_peers(source),
        to=_peers(to),
        proto=(proto,),
        port=importing.port(port.replace("-", ":")),
        jail_port=importing.port(jail_port.replace("-", ":")),
        log=" ".join(log),
        place=place,
        text=line,
        # `bastille start` wants the protocol in the fifth place; the list of a macro, or no interface at all, moves it.
        weak=""
        if at == 4
        else "`bastille start` does not load this line, because it does not have exactly one interface",
    )


def _peers(word: str) -> tuple[Peer, ...]:
    peer = Peer.parse(word)
    return () if peer.kind == "any" else (peer,)
