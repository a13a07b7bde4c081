"""promises: which are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session


def promises(session: Session, options: Namespace) -> int:
    """0 when all are kept, 1 when one is not; of what is declared, or with --loaded of what pf holds."""
    from jailpf.declare.promises import FILE
    from jailpf.insight.notes import uncalled
    from jailpf.insight.promises import broken, promises_of, strangers
    from jailpf.insight.world import build

    known = promises_of(session)
    if not known and not options.json and not options.main:
        print(f"there are no promises; write them in {FILE} beside jailpf.toml")
        return 0
    world = build(session, main=options.main or "", declared=not options.loaded)
    if not known and not options.json:
        print(f"there are no promises; write them in {FILE} beside jailpf.toml")
        output.problems(output.aside(session, world.problems), level="yellow")
        return 0
    found = broken(known, world)
    bad = {problem.place for problem in found}
    if options.json:
        rows = [{"promise": str(one), "kept": one.place not in bad, "line": one.place.line} for one in known]
        output.as_json("promises", promises=rows, problems=list(map(output.problem_json, found)))
    else:
        output.problems(strangers(known, {*world.pf.topology.jails, *session.jails.declared()}), level="yellow")
        for one in known:
            if one.place not in bad:
                print(output.colour("kept", "green"), str(one))
        output.problems(found)
        output.problems([*output.aside(session, world.problems), *uncalled(world)], level="yellow")
    return 1 if found else 0
