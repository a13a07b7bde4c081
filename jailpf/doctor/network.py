"""The host's network: interfaces that are named and not there, addresses that nobody holds, jails without nat, rules that
nothing evaluates.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.doctor.world import beside
from jailpf.errors import JailpfError
from jailpf.lifecycle.checks import readiness
from jailpf.managers.finding import Finding
from jailpf.model import Jail
from jailpf.state import records
from jailpf.system import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf import Loaded

_CALL = re.compile(r'(?P<word>(?:nat-|rdr-|binat-)?anchor) "(?P<name>[^"]+)"')


def surroundings(session: Session) -> Iterator[Finding]:
    """Whether what the settings and the loaded rules name is there, and whether jails get out."""
    from jailpf.insight.notes import notes

    world = beside(session)
    for wrong in world.problems:
        if not wrong.problems[0].place or wrong.problems[0].place.file == session.settings.file:
            yield from (Finding("warning", one.message, "", one.remedy) for one in wrong.problems)
    for note in notes(world):
        yield Finding("warning", note.message, "the rule has no effect on this host", note.remedy)
    yield from _without_nat(session, world)


def _without_nat(session: Session, world: World) -> Iterator[Finding]:
    """Of the jails that are declared, loaded or run: who has a private address only, and no nat for it. `nat = false` says that it is meant."""
    from jailpf.insight.notes import uncovered

    asked = (
        {record.jail for record in records.everything(session.directory)} | {*world.jails} | _running(session, world)
    )
    asked -= {name for name, one in world.jails.items() if "nat" in one.services.off}
    for family in ("inet", "inet6"):
        found = [one for one in uncovered(world) if one[0] in asked and (":" in one[1]) == (family == "inet6")]
        if family == "inet6":  # whoever has IPv4 has a way out
            found = [one for one in found if all(":" in word for word in world.pf.topology.jails[one[0]].addresses)]
        found = [one for one in found if not _written(world, *one[:2])]
        own = [one for one in found if one[0] in world.jails and world.jails[one[0]].services.of("nat")]
        for jail, address, uplink in own:
            mend = f"add {address} to `from` of a [nat.NAME] in {session.jails.file(jail)}"
            yield _untranslated([(jail, address, uplink)], mend)
        if others := [one for one in found if one not in own]:
            yield _untranslated(others, _general(session, world, others))


def _untranslated(found: list[tuple[str, str, str]], mend: str) -> Finding:
    who = ", ".join(f"{jail} ({address})" for jail, address, _ in found)
    why = "their addresses are private, so replies from the Internet never reach them"
    return Finding("warning", f"no nat rule translates {who} on {found[0][2]}", why, mend)


def _general(session: Session, world: World, found: list[tuple[str, str, str]]) -> str:
    strangers = [jail for jail, _, _ in found if jail not in world.jails]
    if session.settings.host.nat and strangers:
        return f"`jailpf new {strangers[0]}`: what is declared gets the nat of jailpf.toml; or a nat line in pf.conf"
    return f'if they need the Internet: nat = "({found[0][2]}:0)" in [host] of jailpf.toml, or a nat line in pf.conf; if one does not: nat = false at the top of its file'


def _written(world: World, jail: str, address: str) -> bool:
    """Whether its declared rules translate the address, and only no line of pf.conf asks for them, which is told of that line."""
    texts = [anchor.text for anchor in world.jails[jail].ruleset.anchors] if jail in world.jails else []
    own = re.compile(rf"^(nat|binat) on .* from [^>]*(?<![\w.:]){re.escape(address)}(?![\w.:/]).*->", re.MULTILINE)
    return any(own.search(text) for text in texts)


def _running(session: Session, world: World) -> set[str]:
    """The jails that run; those that nobody declares get their place in the world."""
    from jailpf.insight.surroundings import add
    from jailpf.pf.simulated.rules.addresses import parse_address

    if session.settings.pf != "pfctl":
        return set()
    called = {one.jail.running_name: name for name, one in world.jails.items()}
    topology, found = world.pf.topology, set()
    with suppress(JailpfError):
        for name, one in running.running(session.settings).items():
            if name not in called:
                addresses = running.addresses(session.settings, one)
                owners = (topology.owners().get(parse_address(str(address))) for address in addresses)
                if any(owner is not None and owner.jail for owner in owners):
                    continue  # another jail's, which is asked about by its own name
                add(topology, Jail(name=name, addresses=addresses, vnet=one.vnet))
            found.add(called.get(name, name))
    return found


def unevaluated(session: Session) -> Iterator[Finding]:
    """Whether a line evaluates every anchor that holds rules."""
    read = {"": session.pf.read("", members=False)}
    paths = session.pf.anchors()
    ours = {parent for _, parent in session.settings.layout.parents}
    for path in paths:
        parent = path.rpartition("/")[0]
        called = {
            word
            for caller in _above(path)
            for word, name in _calls(session, read, caller)
            if _means(caller, name, path)
        }
        if len(called) == len(readiness.CALLS) or parent in ours:  # what calls ours not is told of the line that lacks
            continue
        loaded = session.pf.read(path, members=False)
        for section, word in readiness.CALLS.items():
            lines = loaded.rules if section == "filter" else [line for line in loaded.nat if _is(section, line)]
            rules = [line for line in lines if not _CALL.match(line)]
            if rules and word not in called:
                yield Finding(
                    "warning",
                    f"nothing evaluates the {section} rules in the anchor {path}: {rules[0]}"
                    + (f" and {len(rules) - 1} more" if len(rules) > 1 else ""),
                    "no anchor line above it calls it" + _wildcard(session, read, path),
                    f'`pfctl -a {path} -F all` if they are leftovers, or else {word} "{path}" in pf.conf',
                )


def _is(section: str, line: str) -> bool:
    return line.removeprefix("no ").startswith(f"{section} ")


def _above(path: str) -> list[str]:
    """The rulesets that could call an anchor: main, and every anchor above it."""
    parts = path.split("/")
    return ["", *("/".join(parts[:at]) for at in range(1, len(parts)))]


def _calls(session: Session, read: dict[str, Loaded], caller: str) -> list[tuple[str, str]]:
    found = read.get(caller)
    if found is None:
        found = read[caller] = session.pf.read(caller, members=False)
    return [(call["word"], call["name"]) for line in (*found.nat, *found.rules) if (call := _CALL.match(line))]


def _means(caller: str, name: str, path: str) -> bool:
    """Whether a call in `caller` evaluates `path`: by name, or as a direct child of a wildcard."""
    full = name[1:] if name.startswith("/") else f"{caller}/{name}" if caller else name
    if full.endswith("*"):
        return path.rpartition("/")[0] == full.rstrip("*").rstrip("/")
    return path == full


def _wildcard(session: Session, read: dict[str, Loaded], path: str) -> str:
    below = any(
        _means(caller, name, f"{path}/x") for caller in _above(path) for _, name in _calls(session, read, caller)
    )
    return f', because "{path}/*" evaluates only what is below it' if below else ""


CHECKS = (surroundings, unevaluated)
