"""Declarations made of what a manager itself publishes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import NoJailError, Place, Problem
from jailpf.managers.importing.assembly import Assembly
from jailpf.managers.importing.drafts import grouped
from jailpf.managers.importing.finish import finished, own_addresses
from jailpf.managers.importing.language.lexer import Line
from jailpf.managers.importing.language.rule_data import PfRule
from jailpf.managers.importing.language.words import family_of
from jailpf.managers.published import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jailpf.managers.adapter import Adapter
    from jailpf.managers.imported import Imported
    from jailpf.managers.published import Published

PLACEHOLDER = {"inet": "192.0.2.1", "inet6": "2001:db8::1"}
"""Stand for the jail's addresses where nobody knows them; they are not written."""
ALL = 65535


def published_by(
    adapter: Adapter, names: Sequence[str], list_them: str, published: dict[str, list[Published | Unread]] | None = None
) -> dict[str, list[Published | Unread]]:
    """{jail: what the manager publishes for it}: of these jails, or of all that it publishes anything for.

    list_them: the command that shows the manager's jails; published: where more is to be taken than `claims` says.
    Raises NoJailError for a jail that the manager does not have, or publishes nothing for.
    """
    known = set(adapter.names())
    for name in names:
        if name not in known:
            raise NoJailError(f"{adapter.name} has no jail {name}", None, f"`{list_them}` lists them")
    found = published or {}
    for one in adapter.claims() if published is None else ():
        found.setdefault(one.jail, []).append(one)
    for name in names:
        if name not in found:
            raise NoJailError(f"{adapter.name} publishes nothing for {name}")
    return {name: found[name] for name in names or found}


def declared(
    adapter: Adapter,
    jail: str,
    published: Iterable[Published | Unread],
    *,
    heading: Iterable[str],
    warnings: Iterable[str] = (),
    more: Sequence[str] = (),
) -> Imported:
    """The declaration of a jail that publishes the same.

    heading: its first comments; warnings: sentences for the user; more: other rules of the jail, in pf.conf(5)'s
    words, such as its nat.
    """
    published = list(published)
    own, problems = own_addresses(adapter, jail)
    assembly = Assembly(
        adapter.settings.host,
        own or {family: [one] for family, one in PLACEHOLDER.items()},
        direct=adapter.settings.direct,
    )
    rules: list[tuple[PfRule, Line]] = []
    for one in published:
        if isinstance(one, Unread):
            assembly.lose(Line(one.text, one.problem.place or Place("")), str(one.problem._replace(place=None)))
            continue
        line = Line(one.text, one.place)
        assembly.context.line = line
        if one.port is None:
            assembly.lose(line, "its port outside changes at every start; write rdr = { port = ... }")
            continue
        if one.weak:
            assembly.context.warn(one.weak)
        if one.log:
            assembly.context.warn("`log` became that of allow: the first packet of each connection")
        rules += [(rule, line) for rule in rules_of(one, assembly.context.own)]
    rules += _others(more, assembly)
    assembly.take(rules)
    assembly.services = grouped(assembly.services)
    place = published[0].place if published and not isinstance(published[0], Unread) else None
    said = [*problems, *(Problem(sentence, place) for sentence in warnings)]
    loaded = sorted((rule for rule, _ in rules), key=lambda rule: rule.action == "pass")  # as pf wants them
    before = "".join(pf_text(rule) + "\n" for rule in loaded) if own else ""
    return finished(
        adapter.settings, jail, assembly, heading=heading, write_own=False, before=before, warnings=said
    )  # fmt: skip


def _others(more: Sequence[str], assembly: Assembly) -> Iterator[tuple[PfRule, Line]]:
    from jailpf.managers.importing.language.lexer import LostError, Macros
    from jailpf.managers.importing.language.pfrules import statement

    for text in more:
        line = Line(text, Place(""))
        try:
            one = statement(Macros().words(text))
        except LostError as wrong:
            assembly.lose(line, str(wrong))
        else:
            if isinstance(one, PfRule):
                yield one, line


def rules_of(one: Published, own: dict[str, list[str]]) -> Iterator[PfRule]:
    """The rules that the manager loads for it, for each family that the jail has."""
    source = tuple(str(peer).replace("! ", "!") for peer in one.source)
    to = tuple(map(str, one.to))
    for family in one.families:
        if {family_of(word) for word in (*source, *to)} - {None, family}:
            continue
        target = str(one.target) if one.target else (own.get(family) or [""])[0]
        if family_of(target) != family or one.port is None or one.jail_port is None:
            continue
        inside = None if one.port == one.jail_port else one.jail_port
        if one.port.width == ALL and len(to) == 1 and not source:
            yield PfRule(action="binat", family=family, on=one.on, source=(target,), target=to)
            continue
        for proto in one.proto:
            rule = PfRule(
                action="rdr", family=family, on=one.on, proto=(proto,), source=source, to=to, port=(one.port,),
                target=(target,), target_port=inside, wide=one.port.width > 1, passes=one.passes,
            )  # fmt: skip
            yield rule
            if not one.passes or one.log:
                yield replace(
                    rule, action="pass", direction="in", log=bool(one.log), to=(target,), port=(one.jail_port,),
                    target=(), target_port=None, wide=False, passes=False,
                )  # fmt: skip


def pf_text(rule: PfRule) -> str:
    """The rule in pf.conf(5)'s words, as far as managers go."""
    words = [rule.action, "pass" if rule.passes else "", rule.direction]
    words += ["on { " + " ".join(rule.on) + " }" if rule.on else "", rule.family]
    words += [f"proto {rule.proto[0]}" if rule.proto else ""]
    words += [f"from {_all(rule.source)} to {_all(rule.to)}", f"port {rule.port[0]}" if rule.port else ""]
    if rule.target:
        port = f" port {rule.target_port.first}" if rule.target_port else ""
        words.append(f"-> {rule.target[0]}{port}{':*' if port and rule.wide else ''}")
    return " ".join(word for word in words if word)


def _all(words: Sequence[str]) -> str:
    return "any" if not words else words[0] if len(words) == 1 else "{ " + " ".join(words) + " }"
