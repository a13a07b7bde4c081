"""poststop: nothing of a jail is left. From its record alone: the declaration may be broken or gone by now."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from jailpf.compile.pftext import persists
from jailpf.errors import JailpfError, Problem, problems_of
from jailpf.lifecycle.session import locked, open_pf
from jailpf.lifecycle.states import kill_states
from jailpf.state import plans, records, writes
from jailpf.state.rundir import file_name
from jailpf.values.anchors import jail_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.declare.settings import Settings
    from jailpf.lifecycle.session import Session
    from jailpf.state.records import Record


def poststop(session: Session, name: str) -> list[Problem]:
    """Take everything away that was loaded for the jail. Every step is tried; what failed comes back."""
    return _locked(session, lambda: remove(session, name))


def _locked(session: Session, step: Callable[[], list[Problem]]) -> list[Problem]:
    """Run a step with the lock held; where nobody can take it (no room, read-only), without."""
    problems: list[Problem] = []
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(session.directory))
        except JailpfError as wrong:
            return wrong.problems
        except OSError as wrong:
            problems = problems_of(wrong)
        try:
            return problems + step()
        except (JailpfError, OSError) as wrong:
            return problems + problems_of(wrong)


def purge(session: Session) -> list[Problem]:
    """Without a name (a manager's forced stop): take away what was loaded for jails that no longer run."""
    from jailpf.lifecycle.survey import alive

    def step() -> list[Problem]:
        running = set(alive(session, _settings(session)))
        gone = {one.jail: None for one in records.everything(session.directory) if one.running_name not in running}
        return [problem for name in gone for problem in remove(session, name)]

    return _locked(session, step)


def _settings(session: Session) -> Settings:
    """jailpf.toml, or when that is broken the defaults: poststop must not need it."""
    from jailpf.declare.settings import Settings

    try:
        return session.settings
    except JailpfError:
        return Settings()


def remove(session: Session, name: str) -> list[Problem]:
    """The same with the lock held. The record stays when pf could not be emptied, for `sync` to try again."""
    run = session.directory
    old, unfinished, wrong = records.read(run, name)
    problems = (
        [Problem(f"the record of {name} cannot be used: {wrong}", None, "`jailpf sync` looks for what it left")]
        if wrong
        else []
    )
    emptied = True
    for record in filter(None, (unfinished, old)):
        failed = _take_away(session, record)
        emptied = emptied and not failed
        problems += failed
    if wrong:
        failed = attempt(lambda: by_name(session, name))
        emptied = emptied and not failed
        problems += failed
    if emptied:
        for record in [one for one in (old, unfinished) if one][:1]:
            problems += _tell(record)
        path = run.record(file_name(name))
        problems += attempt(lambda: writes.remove(path + ".new")) + attempt(lambda: writes.remove(path))
    problems += attempt(lambda: plans.drop(run, name))
    return problems


def _take_away(session: Session, record: Record) -> list[Problem]:
    """Rules first, so that no new state appears; what redirects before what lets in."""
    try:
        pf = open_pf(record.pf, record.pfctl, session.directory, session.show)
    except JailpfError as wrong:
        return wrong.problems
    problems = []
    for anchor in reversed(record.anchors):
        problems += attempt(lambda anchor=anchor: pf.unload(anchor.path, tables=persists(anchor.text)))  # type: ignore[misc]
    others = {
        address
        for other in records.everything(session.directory)
        if other.jail != record.jail
        for address in other.addresses
    }
    return problems + kill_states(pf, record, others)


def by_name(session: Session, name: str) -> None:
    """Without a usable record: the anchors that the layout gives the jail."""
    from jailpf.declare.layout import LAYOUTS, Layout

    try:
        layout, pf = session.settings.layout, session.pf
    except JailpfError:
        from jailpf.declare.settings import PROGRAMS

        layout, pf = (
            Layout("single", LAYOUTS["single"]),
            open_pf("pfctl", PROGRAMS["pfctl"], session.directory),
        )
    for path, _ in reversed(layout.in_load_order(name)):
        pf.unload(path)
    pf.kill("label", jail_label(name))


def _tell(record: Record) -> list[Problem]:
    if not record.plugins:
        return []
    from jailpf.registry import build

    return build(record.plugins, forgiving=True).poststop(record.as_jail())


def attempt(step: Callable[[], None]) -> list[Problem]:
    """Run one step; what went wrong comes back."""
    try:
        step()
    except (JailpfError, OSError) as wrong:
        return problems_of(wrong)
    return []
