"""What moving in changes for what a jail sends: whether it leaves, and by which address, asked of both sides packet by packet."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from ipaddress import ip_network
from socket import getservbyname
from typing import TYPE_CHECKING, NamedTuple

from jailpf.insight.example import SHOWN
from jailpf.insight.rows import few
from jailpf.values import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jailpf.model import Jail
    from jailpf.pf.simulated import Simulated

OTHER = 54321
"""The port that stands for all that no rule names."""
MOST = 12
LEAVES = re.compile(
    r"^\s*(?:nat|binat|no nat|(?:pass|block)\b(?:(?!\bin\b)[^#\n])*$|(?:pass|block)\b[^#\n]*\bout\b)", re.MULTILINE
)
COMPILED = re.compile(r"^(?:nat|binat|block|pass out)\b", re.MULTILINE)
"""The rules of a declaration that what leaves may meet."""
_PORTS = re.compile(r"\bport (?:(?:[=<>!]+) )?([\w-]+)(?:(?::| (?:><|<>|:) )([\w-]+))?")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:]+)(?:/\d+)?(?![\w.:])")


class Leaving(NamedTuple):
    """What one packet of the jail becomes: before, after: the address by which it leaves, "" where it does not."""

    proto: str
    to: str
    port: int
    before: str
    after: str


def changed(was: Simulated, now: Simulated, jail: Jail, lines: Sequence[str]) -> list[Leaving]:
    """The packets that leave otherwise. lines: what both have loaded, by which they are chosen."""
    owned = {address.number for address in was.topology.owners()}
    found = []
    for family in FAMILIES:
        source = next((str(one) for one in jail.of(family)), "")
        for to in [*_destinations(lines, family, owned), SHOWN[family][0]] if source else ():
            for proto, ports in (
                ("tcp", _ports(lines)),
                ("udp", _ports(lines)),
                ("icmp" if family == "inet" else "icmp6", [0]),
            ):
                for port in ports:
                    before, after = (_leaves(pf, proto, source, to, port, jail.name) for pf in (was, now))
                    if before != after:
                        found.append(Leaving(proto, to, port, before, after))
    return found


def sentences(found: Sequence[Leaving], jail: str, more: str = "") -> Iterator[str]:
    """ "lets out less: web to 192.0.2.1 tcp 25", ...; more: said behind the first words."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    ports: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for one in found:
        ports[one.before, one.after, one.to, one.proto].append(one.port)
    for (before, after, to, proto), these in ports.items():
        words = [str(port) for port in these if port not in (0, OTHER)] + ["others"] * (OTHER in these)
        groups[before, after, " ".join([proto, ",".join(few(tuple(words)))]).rstrip()].append(to)
    told: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (before, after, what), where in groups.items():
        told[before, after, tuple(where)].append(what)
    for (before, after, whom), whats in told.items():
        to_whom = " and ".join("anyone" if to in (SHOWN["inet"][0], SHOWN["inet6"][0]) else to for to in few(whom))
        said = f"{jail} to {to_whom} {' and '.join(whats)}"
        if not before:
            yield f"lets out more{more}: {said}"
        elif not after:
            yield f"lets out less{more}: {said}, which left by {before}"
        else:
            yield f"leaves otherwise{more}: {said}, by {after} and not by {before}"


def _leaves(pf: Simulated, proto: str, source: str, to: str, port: int, jail: str) -> str:
    answer = pf.connect(proto, source, to, port, sender=f"jail:{jail}", keep=False)
    return answer.source if answer.verdict in ("pass", "unanswered", "unknown") else ""


def loaded_lines(*sides: Simulated) -> list[str]:
    """The rules of pf's, and what is in their tables."""
    return [line for pf in sides for line in _lines(pf)]


def _lines(pf: Simulated) -> Iterator[str]:
    for path in ("", *pf.anchors()):
        loaded = pf.read(path)
        yield from (*loaded.rules, *loaded.nat)
        yield from (f"from {member}" for members in loaded.tables.values() for member in members)


def _destinations(lines: Iterable[str], family: str, owned: set[int]) -> list[str]:
    """An address of each network that the rules name, of those that are outside."""
    found: dict[str, None] = {}
    for word in dict.fromkeys(word for line in lines for word in _ADDRESS.findall(line)):
        with suppress(ValueError):
            network = ip_network(word, strict=False)
            first = network.network_address + (1 if network.num_addresses > 1 else 0)
            if (network.version == 4) == (family == "inet") and int(first) not in owned and network.prefixlen:
                found[str(first)] = None
    return list(found)[:MOST]


def _ports(lines: Iterable[str]) -> list[int]:
    found = {OTHER}
    for match in (match for line in lines for match in _PORTS.finditer(line)):
        for word in filter(None, match.groups()):
            number = _number(word)
            found |= {number, number + 1, number - 1} if match[2] or ">" in match[0] or "<" in match[0] else {number}
    return sorted(port for port in found if 0 < port < 65536)[: 4 * MOST]


def _number(word: str) -> int:
    try:
        return int(word) if word.isdecimal() else getservbyname(word)
    except OSError:
        return 0
