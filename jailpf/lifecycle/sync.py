"""sync: make pf what the declarations of the running jails say, and nothing else of ours."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, NoJailError, Problem, problems_of
from jailpf.lifecycle import batch, change, leftovers, poststop
from jailpf.lifecycle.checks import conflicts, outside, readiness
from jailpf.lifecycle.jails import near_name
from jailpf.lifecycle.prepare import declared, prepare
from jailpf.lifecycle.survey import survey
from jailpf.state import claimed, lock, plans, starting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.lifecycle.session import Session
    from jailpf.lifecycle.survey import Survey
    from jailpf.pf import Loaded
    from jailpf.state.records import Record


WHAT = {"missing": "load", "stale": "reload", "unfinished": "reload"}


@dataclass
class Synced:
    """done: jail or anchor -> "load", "reload", "remove" (with dry: what would be done) or "failed"; kept: right already."""

    done: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def failed(self, name: str, problems: list[Problem]) -> None:
        """Note what went wrong with one jail; the others go on."""
        self.done[name] = "failed"
        self.problems += problems


def sync(
    session: Session,
    names: Iterable[str] = (),
    *,
    dry: bool = False,
    running: bool = False,
) -> Synced:
    """Compare declarations, records, loaded anchors and running jails, and repair both ways. names: only these.

    running: they are jls(8)'s, and those that are not ours are passed over.

    Raises NoJailError for a name that is neither declared nor loaded.
    """
    result = Synced()
    only = set(names)
    looks = dry and not os.path.lexists(session.directory.path)  # who only looks makes no folder
    with nullcontext() if looks else session.lock():
        seen = survey(session)
        if running:
            only = {name for name in {*session.jails.declared(), *seen.known, *seen.broken} if seen.called(name) & only}
            if not only:
                return result
        if strange := sorted(name for name in only - {*seen.known, *seen.broken} if not declared(session, name)):
            raise NoJailError([_stranger(session, name) for name in strange])
        main = session.pf.read("", tables=False)
        wanted = _wanted(session, seen, main, only, result)
        gone = [
            name
            for name in sorted({*seen.known, *seen.broken})
            if not (only and name not in only) and not _stays(session, seen, name)
        ]
        ours = _paths(session, wanted, result)
        orphans = [] if only else [path for path in seen.orphans() if path not in ours]
        was = dict(seen.known)
        todo, renewed = _compared(seen, wanted, result, dry=dry)
        stays = [wanted.get(name, record) for name, record in was.items() if name not in {*gone, *_names(todo)}]
        for name, problems in conflicts.judged(session, todo, stays, was).items():
            result.failed(name, problems)
        todo = [record for record in todo if result.done[record.jail] != "failed"]
        result.done |= dict.fromkeys([*gone, *orphans], "remove")
        if dry:
            return result
        for record in renewed:  # the same rules, but other lines, plugins or claims
            result.problems += poststop.attempt(partial(change.replace_record, session, record))
        for name in gone:
            lock.renew()
            result.problems += poststop.remove(session, name, file=name if name in seen.broken else "", told=False)
        for path in orphans:
            result.problems += poststop.attempt(partial(session.pf.unload, path))
        batch.install(session, todo, lambda name, wrong: result.failed(name, problems_of(wrong)))
        starting.forget(session.directory, seen.alive)
        plans.forget(session.directory, session.jails.declared())
        claimed.rebuild(session.directory)
        result.problems += leftovers.remove(session)
    result.problems += _idle(session, main) if wanted else []
    return result


def _wanted(session: Session, seen: Survey, main: Loaded, only: set[str], result: Synced) -> dict[str, Record]:
    """The record that each running, declared jail should have. One whose next start would be refused keeps what it has."""
    wanted = {}
    everyone = [name for name in session.jails.declared() if (not only or name in only) and seen.runs(name)]
    for name in session.progress("reading", everyone):
        lock.renew()
        try:
            prepared = prepare(session, name, created=True)
            if prepared is None:
                continue
            if against := readiness.against(session, prepared, main):
                result.failed(name, against)
            else:
                wanted[name] = prepared.record
        except JailpfError as wrong:
            result.failed(name, wrong.problems)
    return wanted


def _compared(
    seen: Survey, wanted: dict[str, Record], result: Synced, *, dry: bool
) -> tuple[list[Record], list[Record]]:
    """(what is to be loaded, what is to be remembered otherwise of what is loaded)."""
    was = dict(seen.known)
    seen.ask(wanted.values())
    todo, renewed = [], []
    for name, record in wanted.items():
        lock.renew()
        condition = seen.condition(record, scratch=not dry)
        record = replace(record, jid=seen.jid(was.get(name, record)))
        if condition == "loaded":
            result.kept.append(name)
            record = replace(record, printed=seen.known[name].printed)
            renewed += [record] if record != was[name] else []
        else:
            result.done[name] = WHAT[condition]
            todo.append(record)
    return todo, renewed


def _idle(session: Session, main: Loaded) -> list[Problem]:
    """What makes idle all that is loaded."""
    lines = ", ".join(readiness.lines_missing(session, main))
    what = "the main ruleset never evaluates what jailpf loads"
    missing = [Problem(what, None, readiness.where_to_add(session, lines))] if lines else []
    return [*readiness.disabled(session), *missing, *outside.nowhere(session)]


def _names(some: Iterable[Record]) -> set[str]:
    return {record.jail for record in some}


def _stays(session: Session, seen: Survey, name: str) -> bool:
    """A jail that runs keeps what it has as long as it has a declaration, even one that is broken just now."""
    return seen.runs(name) and declared(session, name)


def _paths(session: Session, wanted: dict[str, Record], result: Synced) -> set[str]:
    """The anchors of jails that run and are declared: also of those that keep what they have because their next start would be refused."""
    paths = {anchor.path for record in wanted.values() for anchor in record.anchors}
    return paths | {path for name in result.done for path in session.settings.layout.every(name)}


def _stranger(session: Session, name: str) -> Problem:
    near = near_name(name, session.jails.declared())
    remedy = f"did you mean {near}?" if near else f"`jailpf new {name}` writes a declaration"
    return Problem(f"{name} is neither declared nor loaded", None, remedy)
