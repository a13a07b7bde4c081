"""Bastille's rdr.conf: what `bastille rdr` publishes (peers.md 3.2)."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import NoJailError
from jailpf.managers import bastille_rdr
from jailpf.managers.builtin import Bastille
from jailpf.managers.importing.assembly import Assembly
from jailpf.managers.importing.drafts import grouped
from jailpf.managers.importing.finish import finished, own_addresses
from jailpf.managers.importing.lexer import Line
from jailpf.managers.importing.pfrules import PfRule
from jailpf.managers.importing.reading import text_of
from jailpf.managers.importing.words import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.declare.settings import Settings
    from jailpf.managers.bastille_rdr import RdrLine
    from jailpf.managers.importing.imported import Imported

PLACEHOLDER = {"inet": "192.0.2.1", "inet6": "2001:db8::1"}
"""Stand for the jail's addresses where nobody knows them; they are not written."""


def bastille(settings: Settings, sources: Iterable[str] = ()) -> list[Imported]:
    """One Imported for each of the jails, or of all jails that have an rdr.conf.

    Raises NoJailError for a jail that Bastille does not have, ConfigError, PermissionDeniedError. Afterwards
    `bastille rdr JAIL reset` ends Bastille's own publishing.
    """
    adapter = Bastille(settings)
    names = list(sources)
    for name in names:
        if not adapter.file_of(name):
            raise NoJailError(f"Bastille has no jail {name}", None, "`bastille list` shows them")
    found = [_jail(settings, name, adapter.rdr_file(name), bool(names)) for name in names or adapter.names()]
    return [one for one in found if one is not None]


def _jail(settings: Settings, name: str, file: str, asked: bool) -> Imported | None:
    if not os.path.lexists(file):
        if asked:
            raise NoJailError(f"{name} publishes nothing: there is no {file}")
        return None
    text = text_of(file)
    read, problems = bastille_rdr.parse(text, file)
    own, warnings = own_addresses(settings, name)
    assembly = Assembly(settings.host, own or {family: [one] for family, one in PLACEHOLDER.items()})
    rules = []
    for line in read:
        rules += [(rule, Line(line.text, line.place)) for rule in rules_of(line, assembly.context.own)]
        if line.log:
            assembly.context.line = Line(line.text, line.place)
            assembly.context.warn("`log` became that of allow: the first packet of each connection")
    assembly.take(rules)
    assembly.services = grouped(assembly.services)
    for problem in problems:
        number = problem.place.line if problem.place else 0
        assembly.lose(Line(text.splitlines()[number - 1].strip(), problem.place), problem.message)  # type: ignore[arg-type]
    heading = [
        f"Imported from {file} by `jailpf import bastille`.",
        f"`bastille rdr {name} reset` ends the same there.",
    ]
    before = "".join(pf_text(rule) + "\n" for rule, _ in rules) if own else ""
    return finished(settings, name, assembly, heading=heading, write_own=False, before=before, warnings=warnings)


def rules_of(line: RdrLine, own: dict[str, list[str]]) -> Iterator[PfRule]:
    """The rules that Bastille loads for a line, for each family that the jail has (rdr.sh, load_rdr_rule)."""
    source = () if line.source.kind == "any" else (str(line.source).replace("! ", "!"),)
    to = () if line.to.kind == "any" else (str(line.to),)
    for family in line.families:
        if not own.get(family) or {family_of(word) for word in (*source, *to)} - {None, family}:
            continue
        rule = PfRule(action="rdr", family=family, on=line.interfaces, proto=(line.proto,), source=source)
        target = (own[family][0],)
        inside = None if line.port == line.jail_port else line.jail_port
        yield replace(rule, to=to, port=(line.port,), target=target, target_port=inside, wide=line.port.width > 1)
        yield replace(rule, action="pass", direction="in", log=bool(line.log), to=target, port=(line.jail_port,))


def pf_text(rule: PfRule) -> str:
    """The rule in pf.conf(5)'s words, as far as Bastille and iocage go."""
    words = [rule.action, *([rule.direction] if rule.direction else []), f"{rule.family} proto {rule.proto[0]}"]
    words += [
        f"from {rule.source[0] if rule.source else 'any'} to {rule.to[0] if rule.to else 'any'} port {rule.port[0]}"
    ]
    if rule.target:
        port = f" port {rule.target_port.first}" if rule.target_port else ""
        words.append(f"-> {rule.target[0]}{port}{':*' if port and rule.wide else ''}")
    return " ".join(words)
