"""The main ruleset: whether it evaluates our anchors, lets neighbours find each other, and has the tables that are named."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.compile.pftext import table_names
from jailpf.doctor.conf_lines import USUAL
from jailpf.doctor.world import texts
from jailpf.errors import JailpfError
from jailpf.lifecycle.checks import readiness
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session


def anchor_lines(session: Session) -> Iterator[Finding]:
    """Whether pf.conf has the lines of `jailpf init`."""
    binat = any(re.search(r"^binat ", text, re.MULTILINE) for _, text in texts(session))
    missing = readiness.lines_missing(session, binat=binat)
    if missing:
        several = len(missing) > 1
        yield Finding(
            "error",
            f"the main ruleset has no {', no '.join(f'`{line}`'.replace(' (', '` (', 1).replace(')`', ')') for line in missing)}",
            "pf never evaluates what jailpf loads there",
            f"add {'them' if several else 'it'} to pf.conf (`jailpf init` shows where), then service pf reload",
        )
    else:
        yield Finding("fine", "the main ruleset evaluates jailpf's anchors")


def neighbour_discovery(session: Session) -> Iterator[Finding]:
    """Whether IPv6 survives the host's block rules."""
    rules = session.pf.read("", members=False).rules
    blocks = [
        line
        for line in rules
        if line.startswith("block")
        and " quick" not in line
        and re.search(r"( all| from any to any)$", line)
        and " inet " not in line
    ]
    passes = [line for line in rules if line.startswith("pass") and ("ipv6-icmp" in line or "icmp6" in line)]
    if blocks and not passes and _asks_for_neighbours(session):
        yield Finding(
            "error",
            f"`{blocks[0]}` and no rule for icmp6",
            "IPv6 stops working once the neighbour cache is empty",
            "add to pf.conf: pass inet6 proto icmp6",
        )


def _asks_for_neighbours(session: Session) -> bool:
    """Whether IPv6 is on a card where addresses are found out by asking: not on tunnels and loopbacks alone."""
    from jailpf.insight.surroundings import surroundings

    try:
        interfaces = surroundings(session, ()).topology.interfaces.values()
    except JailpfError:
        return True
    return any(
        one.neighbours and any(own.family == "inet6" and not own.link_local for own in one.own) for one in interfaces
    )


def main_tables(session: Session) -> Iterator[Finding]:
    """Whether the tables of pf.conf that rules refer to exist and hold something, and whether an anchor shadows one."""
    main = session.pf.read("").tables
    for jail, text in texts(session):
        for name in sorted(set(table_names(text)) & set(main)):
            yield Finding(
                "warning",
                f"the table <{name}> of {jail} has the name of a table in pf.conf",
                "its rules use their own table, not the host's",
                f"rename [table.{name}]",
            )
    named = {peer.table for family in ("inet", "inet6") for peer in session.settings.host.outside(family) if peer.table}
    for name in sorted(named | set(session.settings.host.tables)):
        if name not in main:
            yield Finding(
                "error",
                f"there is no table <{name}> in the main ruleset",
                "rules that use it match nothing",
                f"add to pf.conf: table <{name}> persist {{ ADDRESS }}",
            )
        elif not main[name] and (name in named or _has_source(session, name)):
            yield Finding(
                "warning",
                f"the table <{name}> of the main ruleset is empty",
                "rules that use it match nothing; `service pf restart` empties tables until pf.conf is loaded",
                "service pf reload"
                if _has_source(session, name)
                else f"in pf.conf: table <{name}> persist {{ ADDRESS }}",
            )


def _has_source(session: Session, name: str) -> bool:
    """Whether pf.conf fills the table: what `overload` or pfctl(8) fills is rightly empty at times."""
    settings = session.settings
    file = USUAL if settings.pf == "pfctl" else os.path.join(os.path.dirname(settings.file), settings.main)
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            text = opened.read().replace("\\\n", " ")
    except OSError:
        return False
    return re.search(rf"^\s*table\s+<{re.escape(name)}>[^#\n]*(\bfile\b|\{{\s*[^\s}}])", text, re.MULTILINE) is not None


CHECKS = (anchor_lines, neighbour_discovery, main_tables)
