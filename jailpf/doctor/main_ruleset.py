"""The main ruleset: whether it evaluates our anchors, hides them, or decides before them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.compile.pftext import table_names
from jailpf.errors import JailpfError
from jailpf.lifecycle import readiness
from jailpf.managers.finding import Finding
from jailpf.state import records
from jailpf.values import Port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session

_NAMED = re.compile(r"<([A-Za-z0-9_.-]+)>")


def anchor_lines(session: Session) -> Iterator[Finding]:
    """Whether pf.conf has the lines of `jailpf init`."""
    texts = [anchor.text for record in records.everything(session.directory) for anchor in record.anchors]
    binat = any(re.search(r"^binat ", text, re.MULTILINE) for text in texts)
    missing = readiness.lines_missing(session, binat=binat)
    if missing:
        several = len(missing) > 1
        yield Finding(
            "error",
            f"the main ruleset has no {', no '.join(f'`{line}`' for line in missing)}",
            "what jailpf loads there is never evaluated",
            f"add {'them' if several else 'it'} to pf.conf (`jailpf init` shows where), then service pf reload",
        )
    else:
        yield Finding("fine", "the main ruleset evaluates jailpf's anchors")


def hidden(session: Session) -> Iterator[Finding]:
    """Whether a `block quick` above the anchor line hides the jails."""
    for line in session.pf.read("", members=False).rules:
        if line.startswith("anchor ") and any(
            f'"{parent}/*"' in line for section, parent in session.settings.layout.parents if section == "filter"
        ):
            return
        if re.match(r"block (?:drop |return )?(?:in |out )?(?:log \S* ?)?quick (?:on \S+ )?(?:inet6? )?all$", line):
            yield Finding(
                "error",
                f"`{line}` stands above the anchor line",
                "no pass rule of a jail is ever reached",
                "move it below the anchor line of pf.conf",
            )


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
            "IPv6 dies once the neighbour cache is empty",
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


def skipped(session: Session) -> Iterator[Finding]:
    """Whether `set skip` breaks hairpin."""
    hairpin = [
        record.jail
        for record in records.everything(session.directory)
        for anchor in record.anchors
        if re.search(r"^rdr on \{[^}]*\blo0\b", anchor.text, re.M)
    ]
    for interface in session.pf.skipped():
        if interface in ("lo0", "lo1", "lo") and hairpin:
            yield Finding(
                "error",
                f"`set skip on {interface}`, and hairpin in {', '.join(dict.fromkeys(hairpin))}",
                "the host and its jails do not reach the published ports",
                f"take {interface} out of `set skip` in pf.conf",
            )


def main_tables(session: Session) -> Iterator[Finding]:
    """Whether the tables of pf.conf that rules refer to exist and hold something, and whether an anchor shadows one."""
    main = session.pf.read("").tables
    for record in records.everything(session.directory):
        for anchor in record.anchors:
            own = set(table_names(anchor.text))
            for name in sorted(own & set(main)):
                yield Finding(
                    "warning",
                    f"{record.jail}'s table <{name}> has the name of one of pf.conf",
                    "its rules see their own, not the host's",
                    f"rename [table.{name}]",
                )
    named = {peer.table for family in ("inet", "inet6") for peer in session.settings.host.outside(family) if peer.table}
    for name in sorted(named | set(session.settings.host.tables)):
        if name not in main:
            yield Finding(
                "error",
                f"there is no table <{name}> in the main ruleset",
                "rules that name it match nothing",
                f"add to pf.conf: table <{name}> persist {{ ADDRESS }}",
            )
        elif not main[name]:
            yield Finding(
                "warning",
                f"the table <{name}> of the main ruleset is empty",
                "rules that name it match nothing; `service pf restart` empties tables until pf.conf is loaded",
                "service pf reload",
            )


def beaten(session: Session) -> Iterator[Finding]:
    """Whether a translation rule of the main ruleset decides before a jail's own."""
    main = session.pf.read("", members=False)
    recorded = records.everything(session.directory)
    nats = any(
        line.startswith("nat ") for record in recorded for anchor in record.anchors for line in anchor.text.splitlines()
    )
    for line in main.nat:
        if line.startswith("nat ") and nats:
            yield Finding(
                "warning",
                f"pf.conf has `{line}`",
                "on 15 a nat rule of the main ruleset beats every anchor, on 13 the first match wins",
                "take it out, or exempt the jails that have a [nat.*] of their own",
            )
        if line.startswith("rdr ") and (
            taken := _ports(line) & {port for record in recorded for claim in record.claims for port in claim.ports}
        ):
            yield Finding(
                "warning",
                f"pf.conf has `{line}`",
                f"it may take port {', '.join(map(str, sorted(taken)))} from a jail: the main ruleset's rdr wins on 15",
                "give the port to one of them",
            )


def _ports(line: str) -> set[Port]:

    return {Port.parse(found) for found in re.findall(r"port = (\d+)", line.partition("->")[0])}


def judgement(session: Session) -> Iterator[Finding]:
    """Whether a line of the main ruleset never acts on what is for jails, or lets it in by itself."""
    from jailpf.insight.world import build
    from jailpf.pf.simulated.reach.judged import judged

    parents = tuple(f"{parent}/" for _, parent in session.settings.layout.parents)
    try:
        found = judged(build(session, declared=True).pf, lambda path: path.startswith(parents))
    except JailpfError:
        return  # told by the check whose trouble it is
    for one in found:
        example = one.example
        packet = f"{example.proto} from {example.source} to {example.to} port {example.port}"
        if one.kind == "never bans" and one.other is not None:
            yield Finding(
                "warning",
                f"`{one.match.text}` stands below the anchor line",
                f"it never keeps anybody from a jail: {packet} is let in by {one.other.path} before",
                "move it above the anchor line of pf.conf",
            )
        elif one.kind == "lets in":
            yield Finding(
                "warning",
                f"`{one.match.text}` stands above the anchor line",
                f"it lets in what no declaration names: {packet} reaches a jail",
                f"name the host's own address in it: `to ({session.settings.host.ext_if[0]}:0)`",
            )


CHECKS = (anchor_lines, hidden, neighbour_discovery, skipped, main_tables, beaten, judgement)
