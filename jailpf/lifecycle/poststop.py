"""poststop: nothing of a jail is left. From its record alone: the declaration may be broken or gone by now."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem, problems_of
from jailpf.lifecycle.opening import locked, open_pf
from jailpf.lifecycle.states import kill_states
from jailpf.lifecycle.survey import alive
from jailpf.state import index, lock, records, writes
from jailpf.state.rundir import file_name
from jailpf.system import living
from jailpf.values.anchors import jail_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.declare.settings import Settings
    from jailpf.lifecycle.session import Session
    from jailpf.state.records import Record
    from jailpf.state.rundir import RunDir


def poststop(session: Session, name: str) -> list[Problem]:
    """Take everything away that was loaded for the jail, unless it runs. Every step is tried; what failed comes back."""

    def step() -> list[Problem]:
        if reason := kept(session, name):
            remedy = f"`jailpf unload {name}` removes its rules nevertheless"
            return [Problem(f"{name} keeps its rules: {reason}", None, remedy)]
        return remove(session, name)

    return _locked(session, step)


def kept(session: Session, name: str) -> str:
    """Why the jail keeps what it has, "": no reason. Asked with the lock held: whoever waited may come for a former life."""
    old, unfinished, wrong = records.read(session.directory, name)
    for record in (one for one in (unfinished, old) if one):
        if record.jls or os.environ.get("JNAME"):
            return living.keeps(name, record.running_name, record.jid, record.jls)
        return ""
    if not wrong:
        return ""
    # A record that cannot be read: whatever runs under one of the jail's names keeps its rules.
    try:
        names = {name, *(adapter.running_name(name) for adapter in session.jails.adapters)}
        found = sorted(names & set(alive(session, session.settings)))
    except JailpfError:
        return ""
    return f"{found[0]} runs" if found else ""


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

    def step() -> list[Problem]:
        running = set(alive(session, _settings(session)))
        gone = {one.jail: "" for one in records.everything(session.directory) if one.running_name not in running}
        files = {file_name(name) for name in running}
        problems = []
        for file, wrong in records.unreadable(session.directory).items():
            if file in files:
                problems.append(
                    Problem(
                        f"the record of {file}, which runs, cannot be used: {wrong}",
                        None,
                        "`jailpf sync` writes a new one",
                    )
                )
            elif not any(file_name(name) == file for name in gone):
                gone[file] = file
        for name, file in gone.items():
            lock.renew()
            problems += remove(session, name, file=file)
        return problems

    return _locked(session, step)


def _settings(session: Session) -> Settings:
    """jailpf.toml, or when that is broken the defaults: poststop must not need it."""
    from jailpf.declare.settings import Settings

    try:
        return session.settings
    except JailpfError:
        return Settings()


def remove(session: Session, name: str, *, file: str = "", told: bool = True) -> list[Problem]:
    """The same with the lock held. The record stays when pf could not be emptied, for `sync` to try again.

    file: the name of its record, where that is all that is known; told: whether a record that could not be read is a
    problem also when nothing is left.
    """
    run = session.directory
    file = file or file_name(name)
    old, unfinished, wrong = records.at(run, file)
    problems: list[Problem] = []
    for record in (one for one in (unfinished, old) if one):
        problems += _take_away(session, record)
    if wrong:
        problems += attempt(lambda: by_name(session, name))
    emptied = not problems
    if emptied:
        for record in [one for one in (old, unfinished) if one][:1]:
            problems += _tell(record)
        for path in (run.record(file) + ".new", run.record(file)):
            problems += attempt(lambda path=path: writes.remove(path))  # type: ignore[misc]
    if wrong and (told or not emptied):
        what = "the anchors of its layout were emptied" if emptied else "`jailpf sync` tries again"
        problems.insert(0, Problem(f"the record of {name} cannot be used: {wrong}", None, what))
    return problems + attempt(lambda: writes.remove(run.start(file)))


def _take_away(session: Session, record: Record) -> list[Problem]:
    """Rules first, so that no new state appears; what redirects before what lets in."""
    try:
        pf = open_pf(record.pf, record.pfctl, session.directory, session.show)
    except JailpfError as wrong:
        return wrong.problems
    problems = []
    for anchor in reversed(record.anchors):
        problems += attempt(lambda anchor=anchor: pf.unload(anchor.path, tables=records.persists(anchor.text)))  # type: ignore[misc]
    return problems + kill_states(pf, record, _others(session.directory, record))


def _others(run: RunDir, record: Record) -> set[str]:
    """Those of a jail's addresses that are also another's, by the index of claims: of a thousand jails, no record is read."""
    try:
        text = index.read(run)
    except (OSError, ValueError):
        known = records.everything(run)
        return {address for other in known if other.jail != record.jail for address in other.addresses}
    name = file_name(record.jail)
    return {address for address in record.addresses if index.holds(run, text, name, address)}


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
    for path in filter(None, (*reversed(layout.every(name)), layout.twin(name))):
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
