"""prestart: everything that can be wrong is found before the jail starts, and `created` has next to nothing to do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import Problem, problems_of
from jailpf.lifecycle import compare
from jailpf.lifecycle.checks import conflicts, listeners, outside, readiness
from jailpf.lifecycle.prepare import declared, prepare
from jailpf.state import index, plans, starting
from jailpf.state.rundir import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.state.records import Record

TICK = 20_000_000  # ns that the clock of a file system may be behind


def prestart(session: Session, name: str, refuse: Callable[[], None] | None = None) -> Prepared | None:
    """Read, render, ask the plugins, look for conflicts, have pf check it, and keep it for `created`.

    None when there is nothing to do: no file, or addresses that only the running jail knows (then a note says so).
    refuse: raises what else keeps the jail from starting. Raises the error of the first step that fails: then nothing
    says that the jail has passed.
    """
    starting.end(session.directory, name)
    if not declared(session, name):
        return None
    begun = time.time_ns()
    prepared = prepare(session, name, created=False)
    if prepared is None:
        session.notes.append(
            Problem(f"{name}: its addresses are known only when it runs; its file was read, `created` checks the rest")
        )
        return None
    session.registry.prestart(prepared.jail, prepared.services)
    main = readiness.check(session, prepared)
    if refuse:
        refuse()
    session.notes += listeners.taken(session, prepared)
    with session.lock():
        conflicts.check(session, prepared.record)
        record = _checked(session, prepared)
        starting.begin(session.directory, record)
        _keep(session, prepared, record, main, begun)
    return prepared


def _checked(session: Session, prepared: Prepared) -> Record:
    """The record with what pf prints of its rules: that is `pfctl -n`. Not repeated for the same rules, files and pfctl."""
    known = plans.printed(session.directory, prepared.record, prepared.inputs)
    return compare.with_printed(session.pf, replace(prepared.record, printed=known))


def _keep(session: Session, prepared: Prepared, record: Record, main: tuple[str, str] | None, begun: int) -> None:
    """Write the plan; without it the next hooks look at everything again, so that no room for it is a note."""
    registry = session.registry
    inputs = dict(prepared.inputs)
    watched = session.jails.watched()
    inputs |= {path: stamp(path) for path in (*(watched or ()), record.pfctl) if path not in inputs}
    known = prepared.jail.settled and session.settings.pf == "pfctl"
    known = known and not any(one.endswith(" -") for one in record.names)  # whose addresses no file tells
    known = known and not any(_changed(was) >= begun - TICK for was in inputs.values())
    needs = outside.needs(session, prepared)
    again = (
        watched is None
        or needs is None
        or bool(session.notes)
        or registry.listens("jailpf_prestart")
        or index.within(record)
        or "*" in record.names
    )
    try:
        plans.write(
            session.directory, record, inputs, face=prepared.jail.face, needs=needs or (),
            created=known and not registry.listens("jailpf_created"), main=None if again else main,
        )  # fmt: skip
    except OSError as wrong:
        session.notes += problems_of(wrong)


def _changed(stamp: str) -> int:
    """When a file was last changed, in ns. One that changed while it was read is none to go by."""
    return int(stamp.split(":")[2]) if ":" in stamp else 0
