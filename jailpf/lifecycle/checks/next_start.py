"""Whether a jail's next start would be refused, as far as its declaration, the others and pf.conf tell: asked before it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem
from jailpf.lifecycle.checks import conflicts, readiness
from jailpf.lifecycle.prepare import declared, prepare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.pf import Loaded


def refused(session: Session, names: Iterable[str]) -> list[Problem]:
    """What speaks against the next start of those jails, each problem with its place and the jail's name."""
    main = main_ruleset(session)
    return [
        problem._replace(message=f"the next start of {name} will be refused: {problem.message}")
        for name in names
        for problem in _against(session, name, main)
    ]


def _against(session: Session, name: str, main: Loaded | None) -> list[Problem]:
    try:
        prepared = prepare(session, name, created=False) if declared(session, name) else None
        if prepared is None:
            return []
        conflicts.check(session, prepared.record)
    except JailpfError as wrong:
        return wrong.problems
    return beaten(session, prepared, main)


def beaten(session: Session, prepared: Prepared, main: Loaded | None) -> list[Problem]:
    """Nat rules of the jail that one of the main ruleset beats; none where pf cannot be asked."""
    return list(dict.fromkeys(readiness.beaten(session, prepared, main))) if main else []


def main_ruleset(session: Session) -> Loaded | None:
    """The main ruleset, None where pf cannot be asked."""
    try:
        return session.pf.read("", members=False)
    except JailpfError:
        return None
