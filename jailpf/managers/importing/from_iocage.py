"""iocage's nat_forwards: the jail's port first, the host's second (peers.md 3.3)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import NoJailError, Place, Problem
from jailpf.managers.builtin import Iocage
from jailpf.managers.importing.assembly import Assembly
from jailpf.managers.importing.drafts import grouped
from jailpf.managers.importing.finish import finished
from jailpf.managers.importing.from_bastille import PLACEHOLDER
from jailpf.managers.importing.lexer import Line, LostError
from jailpf.managers.importing.pfrules import PfRule
from jailpf.managers.importing.words import port as parse_port
from jailpf.managers.iocage import on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.settings import Settings
    from jailpf.managers.importing.imported import Imported

NATTED = "its address changes at every start; `iocage set nat=0 ip4_addr=... {name}` gives it one that rules can name"


def iocage(settings: Settings, sources: Iterable[str] = ()) -> list[Imported]:
    """One Imported for each of the jails, or of all jails that have nat_forwards.

    Raises NoJailError for a jail that iocage does not have, ConfigError, PermissionDeniedError.
    """
    adapter = Iocage(settings)
    names = list(sources)
    found = []
    for name in names or adapter.names():
        file = adapter.file_of(name)
        if not file:
            raise NoJailError(f"iocage has no jail {name}", None, "`iocage list` shows them")
        config = adapter.config(name)
        forwards = str(config.get("nat_forwards") or "none").strip()
        if forwards.lower() not in ("none", ""):
            found.append(_jail(settings, name, file, forwards, on(config.get("nat"))))
        elif names:
            raise NoJailError(f"{name} publishes nothing: its nat_forwards is none", Place(file))
    return found


def _jail(settings: Settings, name: str, file: str, forwards: str, natted: bool) -> Imported:
    # The rules are inet only, and reach the one address that iocage dealt out.
    assembly = Assembly(settings.host, {"inet": [PLACEHOLDER["inet"]]})
    outside = tuple(map(str, settings.host.outside("inet")))
    place = Place(file)
    rules: list[tuple[PfRule, Line]] = []
    for word in entries(forwards):
        line = Line(f"nat_forwards: {word}", place)
        try:
            rules += [(replace(rule, to=outside), line) for rule in rules_of(word)]
        except LostError as wrong:
            assembly.lose(line, str(wrong))
    assembly.take(rules)
    assembly.services = grouped(assembly.services)
    warnings = [Problem(f"{name}: nat=1", place, NATTED.format(name=name))] if natted else []
    heading = [f"Imported from nat_forwards of {file} by `jailpf import iocage`."]
    return finished(settings, name, assembly, heading=heading, write_own=False, warnings=warnings)


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


def rules_of(entry: str) -> Iterator[PfRule]:
    """The rules of one entry. Raises LostError."""
    found = re.fullmatch(r"(tcp|udp|tcp/udp|udp/tcp)\(([0-9-]+)(?::([0-9-]+))?\)", entry)
    if not found:
        raise LostError("it is not of the form tcp(JAIL:HOST)")
    inside = parse_port(found[2].replace("-", ":"))
    outside = parse_port((found[3] or found[2]).replace("-", ":"))
    if inside.width != outside.width:
        raise LostError(f"{inside} and {outside} differ in width")
    for proto in found[1].split("/"):
        yield PfRule(
            action="rdr", passes=True, family="inet", proto=(proto,), port=(outside,), target=(PLACEHOLDER["inet"],),
            target_port=inside if inside != outside else None, wide=inside.width > 1,
        )  # fmt: skip
