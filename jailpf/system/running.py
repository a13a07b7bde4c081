"""Which jails run, and with which addresses: what jls(8) and ifconfig(8) say.

Output as in freebsd/transcript-jail-15.txt; older releases print lists as comma strings (peers.md 3.5), both are taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jailpf.errors import ConfigError
from jailpf.system import programs
from jailpf.values import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.system.programs import HasPrograms

PARAMETERS = ("name", "jid", "ip4.addr", "ip6.addr", "vnet", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running jail. addresses: of a vnet jail only where it was asked for (`find`, `addresses`)."""

    name: str
    jid: int = 0
    addresses: tuple[Address, ...] = ()
    vnet: bool = False
    path: str = ""


def running(settings: HasPrograms) -> dict[str, Running]:
    """All running jails by the name that jls(8) gives them. One process; without the addresses of vnet jails.

    Raises PfUnavailableError without jls(8), ConfigError when it fails or answers nonsense.
    """
    return {jail.name: jail for jail in _jls(settings, ())}


def find(settings: HasPrograms, name: str) -> Running | None:
    """One running jail with its addresses; None if it is not running. Raises what `running` raises."""
    for jail in _jls(settings, ("-j", name)):
        return replace(jail, addresses=addresses(settings, jail))
    return None


def addresses(settings: HasPrograms, jail: Running) -> tuple[Address, ...]:
    """A running jail's addresses; a vnet jail is asked by `ifconfig -j`. () before its network is up.

    Raises ConfigError where ifconfig(8) does not know -j (13.2).
    """
    if not jail.vnet:
        return jail.addresses
    program = settings.programs["ifconfig"]
    answer = programs.ask(program, "-j", jail.name)
    if answer.status:
        problems = programs.failure(program, ("-j", jail.name), answer)
        remedy = 'add [jail] with ip4 = "..." or ip6 = "..." to the jail\'s declaration'
        raise ConfigError([*problems[:-1], problems[-1]._replace(remedy=remedy)])
    return tuple(_ifconfig(answer.out))


def _jls(settings: HasPrograms, which: tuple[str, ...]) -> Iterator[Running]:
    program, wanted = settings.programs["jls"], list(PARAMETERS)
    while True:
        args = (*which, "--libxo", "json", *wanted)
        answer = programs.ask(program, *args)
        if not answer.status:
            break
        if which and re.search(r"\bjail .* not found$", answer.err.strip()):
            return
        # A kernel without INET6 or VIMAGE does not know all the parameters.
        unknown = re.search(r"unknown parameter: (\S+)", answer.err)
        if not unknown or unknown[1] not in wanted:
            raise ConfigError(programs.failure(program, args, answer))
        wanted.remove(unknown[1])
    # An entry that is not understood would be a jail that does not run, and somebody would take its rules away.
    for entry in _entries(program, answer.out):
        if not (isinstance(entry, dict) and isinstance(entry.get("name"), str | int) and str(entry["name"])):
            raise _nonsense(program, answer.out)
        yield _running(entry)


def _entries(program: str, out: str) -> list[Any]:
    import json

    try:
        found = json.loads(out)["jail-information"]["jail"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _nonsense(program, out) from None
    return found if isinstance(found, list) else [found]


def _nonsense(program: str, out: str) -> ConfigError:
    return ConfigError(f"{program} does not answer as jls(8) does: {out[:200]!r}")


def _running(entry: dict[str, Any]) -> Running:
    words = [*_words(entry.get("ip4.addr")), *_words(entry.get("ip6.addr"))]
    jid = str(entry.get("jid", "0"))
    return Running(
        name=str(entry["name"]),
        jid=int(jid) if jid.isdigit() else 0,
        addresses=tuple(usable(words)),
        vnet=str(entry.get("vnet")).lower() in ("new", "1", "true"),
        path=str(entry.get("path") or ""),
    )


def _words(value: object) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts]


def _ifconfig(out: str) -> Iterator[Address]:
    interface, found = "", []
    for line in out.splitlines():
        if line[:1].strip():
            interface = line.partition(":")[0]
        elif (
            (words := line.split())[:1] in (["inet"], ["inet6"]) and len(words) > 1 and not re.match(r"lo\d", interface)
        ):
            found.append(words[1].partition("/")[0])
    yield from (address for address in usable(found) if not address.ip.is_loopback)


def usable(words: Iterable[str]) -> Iterator[Address]:
    """Those that rules can name: pf loses the scope of link-local ones, 127.0.0.1 is the host's, "-" is jls's empty."""
    for word in words:
        try:
            address = Address.parse(word)
        except ValueError:
            continue
        if str(address) not in ("127.0.0.1", "::1"):
            yield address
