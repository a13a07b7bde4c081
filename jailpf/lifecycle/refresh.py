"""Tables that follow the world: fetched, checked, written to a file that root owns, then put into pf. Rules are not touched."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from ipaddress import collapse_addresses, ip_network
from typing import TYPE_CHECKING, Any

from jailpf.declare.tablefile import parse_table
from jailpf.errors import DeclarationError, JailpfError, PfRefusedError, Problem
from jailpf.lifecycle import tables
from jailpf.state import writes
from jailpf.system import fetch, files
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.lifecycle.session import Session

ONE_REPLACE = 32768  # addresses; pfctl asks for the next power of two, and pf gives at most 65535 (facts-2.md, 12)
ONE_LOAD = 65535
WIDEST = {32: 8, 128: 16}  # bits of an address: the shortest prefix that a list is believed
MOST = {
    32: 1 << 31,
    128: 1 << 124,
}  # and how many addresses: half of all; of IPv6 half of those that are given out, 2000::/3


@dataclass(frozen=True)
class Fetched:
    """A table that is refreshed. age: seconds since that was last done, None: never."""

    jail: str
    name: str
    file: str
    age: float | None


def fetched(session: Session, jail: str) -> Iterator[Fetched]:
    """The tables of a jail that are refreshed. Raises what reading its file raises."""
    services = session.jails.services(jail)
    for one in services.of("table"):
        if getattr(one.type, "names", ()) or getattr(one.type, "url", None):
            file = os.path.join(os.path.dirname(services.document.file), f"{jail}.{one.name}.fetched")
            try:
                age: float | None = max(0.0, time.time() - os.lstat(file).st_mtime)
            except OSError:
                age = None
            yield Fetched(jail, one.name, file, age)


def refresh(session: Session, one: Fetched) -> tuple[int, int]:
    """Ask for the members of a table, keep them, and load them. Returns (how many it has, how many of them are new).

    Whatever fails, file and table stay as they were. Raises TryAgainError, DeclarationError for what is no list of
    addresses, and the errors of pf.
    """
    services = session.jails.services(one.jail)
    declared = next(each for each in services.of("table") if each.name == one.name)
    place = services.place("table", one.name)
    members = list(dict.fromkeys(_asked(declared.type)))
    # No remedy names the key that would allow it: what is wrong with a list is not mended by believing it.
    wrong = "be empty" if not members and not getattr(declared.type, "may_be_empty", False) else ""
    wrong = wrong or (_too_wide(members) if not getattr(declared.type, "may_be_wide", False) else "")
    if wrong:
        whom = getattr(declared.type, "url", None) or "what the names resolve to"
        raise DeclarationError(
            f"<{one.name}> of {one.jail} would {wrong}", place, f"the old members stay; check {whom}"
        )
    always = [word for word in map(str, getattr(declared.type, "addresses", None) or ()) if word not in members]
    _room(session, [*members, *always], one)
    session.jails.must_be_outside(one.file)
    text = "".join(f"{member}\n" for member in members).encode()
    with session.lock():
        before = None if files.absent(one.file) else files.read(one.file)
        old = parse_table((before or b"").decode("utf-8", "replace"), one.file)[0]
        writes.replace(one.file, text, 0o644)
        try:
            home = tables.find(session, one.jail, one.name)
            for path in home.paths:
                _put(session, path, one.name, [*members, *always])
            tables.remember(session, home)
        except JailpfError:
            writes.replace(one.file, before, 0o644) if before is not None else writes.remove(one.file)
            raise
    return len(members), len(set(members) - set(old))


def _asked(declared: object) -> Iterator[str]:
    url = getattr(declared, "url", None)
    if url:
        members, problems = parse_table(fetch.document(url).decode("utf-8", "replace"), url)
        if problems:
            first = problems[0]
            raise DeclarationError(
                [Problem(first.message, first.place, "the old members stay; this is not a list of addresses")]
            )
        yield from members
    for name in getattr(declared, "names", ()):
        for address in fetch.addresses(name):
            yield str(Network.parse(address))


def _too_wide(members: list[str]) -> str:
    """What a list would do that holds about everybody, "": it does not. Such a list is a mistake, or somebody's attack."""
    for bits, widest in WIDEST.items():
        some = [word.lstrip("!") for word in members if (":" in word) == (bits == 128)]
        prefixes = [int(word.partition("/")[2] or bits) for word in some]
        if found := next((word for word, prefix in zip(some, prefixes, strict=True) if prefix < widest), None):
            return f"hold {found}, which is wider than /{widest}"
        if sum(1 << (bits - prefix) for prefix in prefixes) <= MOST[bits]:
            continue
        networks: Iterable[Any] = map(ip_network, some)
        if sum(one.num_addresses for one in collapse_addresses(networks)) > MOST[bits]:  # none counted twice
            return f"hold more than half of all IPv{4 if bits == 32 else 6} addresses"
    return ""


def _room(session: Session, members: list[str], one: Fetched) -> None:
    """A load of the whole jail takes all members at once, and pf has a limit for that."""
    if len(members) <= ONE_LOAD:
        return
    limit = _maximum(session)
    if limit < len(members):
        remedy = f"sysctl net.pf.request_maxcount={1 << len(members).bit_length()}, in sysctl.conf(5) too"
        raise PfRefusedError(
            f"<{one.name}> of {one.jail} has {len(members)} members, and pf takes {limit} at once", None, remedy
        )


def _maximum(session: Session) -> int:
    from jailpf.system import programs

    try:
        return int(programs.run(session.settings.programs["sysctl"], "-n", "net.pf.request_maxcount").strip())
    except (JailpfError, ValueError):
        return ONE_LOAD


def _put(session: Session, path: str, name: str, words: list[str]) -> None:
    """Replace the loaded members: at once where pfctl can do that, else what is new first, then what is gone."""
    if len(words) <= ONE_REPLACE:
        session.pf.table(path, name, "replace", words)
        return
    now = {word.strip() for word in session.pf.table(path, name, "show")}
    wanted = set(words)
    for command, some in (("add", sorted(wanted - now)), ("delete", sorted(now - wanted))):
        for piece in _pieces(some):
            session.pf.table(path, name, command, piece)


def _pieces(words: list[str]) -> Iterable[list[str]]:
    return (words[start : start + ONE_REPLACE] for start in range(0, len(words), ONE_REPLACE))
