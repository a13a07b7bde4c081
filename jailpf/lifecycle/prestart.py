"""prestart: everything that can be wrong is found before the jail starts, and `created` has next to nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import Problem
from jailpf.lifecycle import conflicts, listeners, readiness
from jailpf.lifecycle.load import outdated
from jailpf.lifecycle.prepare import declared, prepare
from jailpf.state import plans

if TYPE_CHECKING:
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session


def prestart(session: Session, name: str) -> Prepared | None:
    """Read, render, ask the plugins, look for conflicts, have pf check it, and keep it for `created`.

    None when there is nothing to do: no file, or addresses that only the running jail knows (then a note says so).
    Raises the error of the first step that fails.
    """
    if not declared(session, name):
        return None
    prepared = prepare(session, name, created=False)
    if prepared is None:
        session.notes.append(
            Problem(
                f"{name}: its addresses are known only when it runs; its file was read, the rest waits for `created`"
            )
        )
        return None
    session.registry.prestart(prepared.jail, prepared.services)
    readiness.check(session, prepared)
    session.notes += listeners.taken(session, prepared)
    with session.lock():
        conflicts.check(session, prepared.record)
        for anchor in prepared.ruleset.anchors:
            session.pf.check(anchor.path, anchor.text)
        warm = (
            prepared.jail.settled and session.settings.pf == "pfctl" and not session.registry.listens("jailpf_created")
        )
        plans.write(session.directory, prepared.record, prepared.inputs, warm=warm and not outdated(session, name))
    return prepared
