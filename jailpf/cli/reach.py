"""reach: who reaches which service, from where, on which addresses and ports; and what no declaration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.cli.world import world_of

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.insight.away import Out
    from jailpf.insight.rows import Row
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session

ICMP = ("icmp", "ipv6-icmp")
HEAD = ("JAIL", "SERVICE", "FROM", "SOURCE", "ADDRESS", "PROTO", "PORT", "ARRIVES AT")


def reach(session: Session, options: Namespace) -> int:
    """0 when of the jails only declared services are reached, ICMP apart; 1 when something else is, too."""
    from jailpf.insight.away import outs
    from jailpf.insight.changes import of_jails
    from jailpf.insight.notes import uncalled
    from jailpf.insight.rows import rows as rows_of
    from jailpf.pf.simulated.reach.reach import answer

    world = world_of(session, options)
    known = world.pf.topology.jails
    for name in options.jails:
        if name not in known:
            raise session.jails.unknown(name, known)
    chosen = set(options.jails)
    found = answer(world.pf, world.progress)
    rows = [row for row in rows_of(world, found.reached) if not chosen or row.jail in chosen]
    leaving = outs(world, of_jails(found.leaving, world, chosen))
    declared = [row for row in rows if row.service and not row.doubts]
    doubtful = [row for row in rows if row.doubts]
    other = [row for row in rows if not row.service and not row.doubts]
    if options.json:
        output.as_json(
            "reach",
            reached=[row._asdict() for row in declared],
            undeclared=[row._asdict() for row in other],
            doubtful=[row._asdict() for row in doubtful],
            leaving=[row._asdict() for row in leaving],
            problems=list(map(output.problem_json, output.aside(session, world.problems))),
        )
    else:
        _print(declared, [row for row in other if row.jail in known], surely=any(row.service for row in doubtful))
        _host([row for row in other if row.jail == "host" and row.origin != "local"])
        _doubtful([row for row in doubtful if row.jail in known])
        _leaving(world, leaving)
        output.problems([*output.aside(session, world.problems), *uncalled(world)], level="yellow")
        if not (options.declared or options.main):
            output.problems(output.idle(session, world), level="yellow")
    # TCP without an answer is no connection.
    odd = (row for row in (*other, *doubtful) if row.jail in known and (not row.service or row.doubts))
    return 1 if any(row.proto not in ICMP and (row.answered or row.proto != "tcp") for row in odd) else 0


def _print(declared: list[Row], other: list[Row], *, surely: bool) -> None:
    if declared:
        output.table([_cells(row) for row in declared], HEAD)
    else:
        print(f"no declared service is {'surely ' if surely else ''}reached by anybody")
    if other:
        print(output.colour("\nreached, but not declared:", "yellow"))
        output.table([_cells(row) for row in other], HEAD)


def _host(rows: list[Row]) -> None:
    if rows:
        print("\nthe host itself is reached:")
        output.table([_cells(row) for row in rows], HEAD)


def _doubtful(rows: list[Row]) -> None:
    for rule in dict.fromkeys(rule for row in rows for rule in row.doubts):
        print(output.colour(f"\nonly FreeBSD can evaluate {rule}, so this may be reached:", "yellow"))
        output.table([_cells(row) for row in rows if rule in row.doubts], HEAD)


def _leaving(world: World, rows: list[Out]) -> None:
    """What jails send beyond this host; of the host itself nothing, for that is what pf.conf is about."""
    from jailpf.insight.away_words import sentences
    from jailpf.insight.changes import protocols

    known = world.pf.topology.jails
    jails = (row for row in rows if any(name.partition(" at ")[0] in known for name in row.senders))
    said = sentences(jails, protocols(world.pf))
    if said:
        print("\nbeyond this host:")
        print("".join(f"{one}\n" for one in said), end="")


def _few(words: tuple[str, ...]) -> str:
    from jailpf.insight.rows import few

    return ",".join(few(words))


def _cells(row: Row) -> tuple[str, ...]:
    from jailpf.insight.rows import some

    return (
        row.jail,
        row.service or "-",
        row.origin,
        some(row.sources),
        _few(row.addresses),
        row.proto,
        _few(row.ports) or "-",
        row.arrives[0] + ("" if row.answered else ", no answer"),
    )
