"""Questions to many hosts at once, from what `jailpf reach --json` printed on each: no host is asked."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.errors import ConfigError, Place, Problem
from jailpf.insight.away_words import sentence
from jailpf.insight.fleet_away import Sends, breaks, out_of
from jailpf.insight.fleet_words import PORTS, fields_of, holds, within
from jailpf.insight.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.promises import Promise, Promised, Whom

ICMP = ("icmp", "ipv6-icmp")


_LISTS = ("sources", "addresses", "ports", "arrives", "doubts")


class Entry(NamedTuple):
    """A row of one host."""

    host: str
    row: Row


class Known(NamedTuple):
    """All rows of HOST.json in a folder."""

    entries: list[Entry]
    leaving: list[Sends]


def read(folder: str) -> tuple[Known, list[Problem]]:
    """What the files say, and those that are none. Raises ConfigError for a folder that cannot be read."""
    found, sends = [], []
    problems = []
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except OSError as wrong:
        raise ConfigError(f"cannot be read: {wrong.strerror}", Place(folder)) from None
    if not names:
        raise ConfigError("there is no HOST.json", Place(folder), "run `jailpf reach --json > HOST.json` on each host")
    for name in names:
        file = os.path.join(folder, name)
        try:
            with open(file, encoding="utf-8") as opened:
                data = json.load(opened)
            rows = [_row(one) for key in ("reached", "undeclared") for one in data[key]]
            leaving = [out_of(one) for one in data["leaving"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            problems.append(
                Problem("is not what `jailpf reach --json` prints", Place(file), "create it again on that host")
            )
            continue
        found += [Entry(name.removesuffix(".json"), row) for row in rows]
        sends += [Sends(name.removesuffix(".json"), row) for row in leaving]
    return Known(found, sends), problems


def _row(data: dict[str, Any]) -> Row:
    """Raises ValueError, KeyError, TypeError for what `reach` never printed: nobody is passed over by a row that is half read."""
    service = data["service"] or ""  # null for what no declaration names
    made = fields_of(data | {"service": service}, Row._fields, _LISTS, ("answered",))
    if not made["arrives"] or not all(map(PORTS.fullmatch, made["ports"])):
        raise ValueError("ports")
    return Row(**made)


class Wanted(NamedTuple):
    """What is looked for; "" and 0: anything."""

    port: int = 0
    proto: str = ""
    jail: str = ""
    sender: str = ""


def chosen(entries: Iterable[Entry], wanted: Wanted) -> Iterator[Entry]:
    """The rows that fit. The port is the one that is asked for from outside."""
    for entry in entries:
        row = entry.row
        if wanted.proto and row.proto != wanted.proto:
            continue
        if wanted.jail and not fnmatchcase(row.jail, wanted.jail):
            continue
        if wanted.port and not any(holds(word, wanted.port) for word in row.ports):
            continue
        if wanted.sender and not _sends(row, wanted.sender):
            continue
        yield entry


def broken(known: Known, promises: Iterable[Promised]) -> list[Problem]:
    """A problem for each host and `never` that it does not keep; `always` is each host's own question."""
    found = []
    for one in promises:
        if one.word != "never":
            continue
        hosts = set()
        for host, row in known.entries:
            if host not in hosts and _breaks(one.promise, row):
                hosts.add(host)
                found.append(Problem(f"{host}: {one} is not kept: {row}", one.place))
        for host, out in known.leaving:
            if host not in hosts and breaks(one.promise, out):
                hosts.add(host)
                found.append(Problem(f"{host}: {one} is not kept: {sentence(out)}", one.place))
    return found


def _breaks(promise: Promise, row: Row) -> bool:
    names = {{"icmp6": "ipv6-icmp"}.get(name, name) for name in promise.proto.names} if promise.proto else ()
    if (row.proto not in names) if names else (row.proto not in ("tcp", "udp") if promise.port else row.proto in ICMP):
        return False
    if promise.port and not any(holds(word, port.first, port.last) for word in _arriving(row) for port in promise.port):
        return False
    if not any(_is_receiver(one, row) for one in promise.to):
        return False
    return any(_speaks_of(one, row) for one in promise.source) and not any(_speaks_of(one, row) for one in promise.but)


def _arriving(row: Row) -> tuple[str, ...]:
    """The ports at which it arrives: those behind "port", else those that were asked for."""
    inside = row.arrives[0].partition(" port ")[2].partition(" ")[0] if row.arrives else ""
    return tuple(inside.split(",")) if inside else row.ports


def _is_receiver(whom: Whom, row: Row) -> bool:
    if whom.network is not None:
        return any(within(address, str(whom.network)) for address in (*row.addresses, row.arrives[0].split(" ")[0]))
    return whom.kind == "any" or (whom.kind == "host" and row.jail == "host") or whom.is_jail(row.jail)


def _speaks_of(whom: Whom, row: Row) -> bool:
    if whom.kind == "any":
        return True
    if whom.kind == "outside":
        return _from_elsewhere(row)
    if whom.network is not None:
        return any(within(source, str(whom.network)) for source in row.sources)
    return row.origin != "outside" and any(
        whom.is_jail(name) or (whom.kind == "host" and name == "host") for name in row.sources
    )


def _sends(row: Row, sender: str) -> bool:
    if sender == "outside":
        return _from_elsewhere(row)
    return sender in row.sources or (_from_elsewhere(row) and any(within(source, sender) for source in row.sources))


def _from_elsewhere(row: Row) -> bool:
    """Whether it comes by a card, the first uplink or another: then its sources are addresses, else names."""
    return row.origin == "outside" or (row.origin != "local" and all(within(one, one) for one in row.sources))


def address(word: str) -> str:
    """A sender of the command line: "outside", or an address. Raises ValueError."""
    return word if word == "outside" else str(ip_address(word))
