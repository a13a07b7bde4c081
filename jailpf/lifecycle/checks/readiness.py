"""Whether pf would evaluate what we load: it filters, and its main ruleset has the lines of `jailpf init`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zlib import crc32

from jailpf.declare.layout import CALLS as CALLS
from jailpf.errors import JailpfError, PfUnavailableError, Problem
from jailpf.lifecycle.checks import outside, silent
from jailpf.model import SECTIONS
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Rule
    from jailpf.pf import Loaded

_GENERAL_NAT = re.compile(
    r"^nat (?:pass )?(?:log )?(?:on (?P<on>\S+) )?(?:(?P<af>inet6?) )?(?:proto \S+ )?(?:all|from (?P<source>.+?) to any) .*->"
)


def check(session: Session, prepared: Prepared) -> tuple[str, str] | None:
    """Raises PfUnavailableError when the rules would be loaded and never evaluated, with the line to add, or would not do what they say.

    The checksums of the main ruleset's filter and translation rules, for which this holds; None where it hangs on more.
    """
    off = disabled(session)
    main = session.pf.read("", tables=False)
    if problems := [*off, *idle(session, [prepared], main), *against(session, prepared, main)]:
        raise PfUnavailableError(problems)
    note_missing(session, prepared)
    if any(line.startswith(("nat ", "no nat ")) and "<" in line for line in main.nat):
        return None
    return checksum(main.rules), checksum(main.nat)


def idle(session: Session, some: Iterable[Prepared], main: Loaded) -> list[Problem]:
    """Why pf would never evaluate what these jails load, where it is enabled. main: the main ruleset."""
    lines = [problem for prepared in some for problem in unevaluated(session, prepared, main)]
    return [*lines, *outside.nowhere(session)]


def note_missing(session: Session, prepared: Prepared) -> None:
    """Note what of a jail's rules is about nothing on this host."""
    session.notes += [one for one in outside.missing(session, prepared) if one not in session.notes]


def disabled(session: Session) -> list[Problem]:
    """Whether pf filters at all."""
    remedy = "`service pf onestart`, and pf_enable=YES in rc.conf(5)"
    what = "pf is disabled, so it redirects and blocks nothing"
    return [] if session.pf.enabled() else [Problem(what, None, remedy)]


def against(session: Session, prepared: Prepared, main: Loaded) -> list[Problem]:
    """What speaks against these rules on this host, whoever loads them: they would do something else than they say.

    main: the main ruleset. What `idle` finds is mended without loading them again.
    """
    found = (
        *beaten(session, prepared, main),
        *silent.opened(session, prepared, main),
        *silent.missing(session, prepared),
    )
    return list(dict.fromkeys(found))


def refuse(session: Session, prepared: Prepared) -> None:
    """Raises PfUnavailableError for what `against` finds."""
    if found := against(session, prepared, session.pf.read("", tables=False)):
        raise PfUnavailableError(found)


def checksum(lines: Iterable[str]) -> str:
    """Of rules as pfctl prints them; warm/prestart.py makes the same from its output."""
    return f"{crc32(chr(10).join(lines).encode('utf-8', 'replace')):08x}"


def unevaluated(session: Session, prepared: Prepared, main: Loaded) -> Iterator[Problem]:
    """The sections of a jail's rules that no line of the main ruleset evaluates, each with the line to add."""
    used = {rule.section for rule in prepared.ruleset.rules}
    for section in SECTIONS:
        path = session.settings.layout.path(section, prepared.jail.name)
        if section in used and path and not calls(main, section, path):
            yield Problem(
                f"the main ruleset never evaluates the {section} rules of {path}",
                None,
                where_to_add(session, _line(main, section, path.rpartition("/")[0])),
            )
    above = session.settings.layout.above(prepared.jail.name)
    if any(anchor.path == above for anchor in prepared.ruleset.anchors):
        start = f'{CALLS["filter"]} "{above.rpartition("/")[0]}/'
        called = [line for line in main.rules if line.startswith(start)]
        if called and not called[0].startswith(f'{start}*"'):
            what = f"the deny rules of {prepared.jail.name} ({above}) do not apply to what `{called[0]}` lets through first"
            yield Problem(what, None, f'in pf.conf, replace that line with {start}*"')


def lines_missing(session: Session, main: Loaded | None = None, *, binat: bool = False) -> list[str]:
    """The lines of `jailpf init` that the main ruleset lacks, which is read where it is not given; binat: whether any jail uses that one."""
    main = main or session.pf.read("", tables=False)
    return [
        _line(main, section, parent)
        for section, parent in session.settings.layout.parents
        if (binat or section != "binat") and not calls(main, section, f"{parent}/x")
    ]


def conditional(session: Session) -> list[str]:
    """The lines of the main ruleset that let only some packets to what is below the folders of our anchors."""
    main = session.pf.read("", members=False)
    found = []
    for section, parent in session.settings.layout.parents:
        call = f'{CALLS[section]} "{parent}/*"'
        lines = main.rules if section == "filter" else main.nat
        found += [line for line in lines if line.startswith(call) and line.removesuffix(" all") != call]
    return found


def where_to_add(session: Session, lines: str) -> str:
    """The remedy for lines that the main ruleset lacks: a laptop's simulated pf has one of its own until `main` names another."""
    if session.settings.pf == "simulated" and not session.settings.main:
        return f'say main = "FILE" in jailpf.toml, a pf.conf with: {lines}'
    return f"add to pf.conf: {lines}"


def _line(main: Loaded, section: str, parent: str) -> str:
    line = f'{CALLS[section]} "{parent}/*"'
    lines = main.rules if section == "filter" else main.nat
    if any(each.startswith(f'{CALLS[section]} "{parent}"') for each in lines):
        return f'{line} (the line there lacks the "/*")'
    return line


def calls(main: Loaded, section: str, path: str) -> bool:
    """Whether a line of the main ruleset evaluates the anchor: by its own name, or all children of its parent."""
    parent = path.rpartition("/")[0]
    lines = main.rules if section == "filter" else main.nat
    pattern = re.compile(rf'^{CALLS[section]} "({re.escape(path)}|{re.escape(parent)}/\*)"')
    return any(pattern.match(line) for line in lines)


def beaten(session: Session, prepared: Prepared, main: Loaded) -> Iterator[Problem]:
    """A nat rule of the main ruleset beats every anchor on 15, and the first match wins on 13 (facts.md section 3)."""
    for line in main.nat:
        found = _GENERAL_NAT.match(line)
        if not found:
            continue
        for rule in prepared.ruleset.rules:
            if rule.action == "nat" and _covers(session, found, rule):
                yield Problem(
                    f"the main ruleset's `{line}` overrides this nat rule",
                    rule.place,
                    _without_the_jail(prepared, found),
                )
                break


def _without_the_jail(prepared: Prepared, found: re.Match[str]) -> str:
    own = prepared.services.of("nat")
    whose = f"[nat.{own[0].name}] from its file" if own else "[host] nat from jailpf.toml"
    source = found["source"] or "any"
    out = [str(one) for one in prepared.jail.of(found["af"] or "inet")]
    if "<" in source or not own or not out:
        return f"exclude the jail from that line of pf.conf, or remove {whose}"
    members = " ".join(["0.0.0.0/0" if source == "any" else source, *(f"!{one}" for one in out)])
    return f"in pf.conf, write `table <natted> {{ {members} }}` and `from <natted>` in that line, or remove {whose}"


def _covers(session: Session, found: re.Match[str], rule: Rule) -> bool:
    if (found["af"] and found["af"] != rule.family) or (found["on"] and found["on"] not in rule.on):
        return False
    source = found["source"] or "any"
    try:
        if table := re.fullmatch(r"<([^>]+)>", source):
            members = session.pf.table("", table[1], "show")
            return any(peer.network and _holds(members, peer.network) for peer in rule.source)
        elif source == "any":
            return True
        else:
            nets = [Network.parse(source)]
    except (ValueError, JailpfError):
        return False
    return any(
        peer.network and net.family == peer.network.family and peer.network.within(net)
        for net in nets
        for peer in rule.source
    )


def _holds(members: Iterable[str], network: Network) -> bool:
    """Whether a table matches it: of the entries that contain it the longest decides, and "!" says no."""
    best, found = -1, False
    for word in members:
        one = Network.parse(word.lstrip("! "))
        if one.family == network.family and network.within(one) and one.net.prefixlen > best:
            best, found = one.net.prefixlen, not word.startswith("!")
    return found
