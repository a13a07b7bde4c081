"""check: every mistake of the declarations, and every conflict between them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import JailpfError, Problem

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Ruleset
    from jailpf.pf import Loaded
    from jailpf.state.records import Record


def check(session: Session, options: Namespace) -> int:
    """0, 1 with warnings only, 65 (or the first error's status) with errors."""
    from jailpf.insight.kept import unkept
    from jailpf.insight.notes import nowhere as nowhere_simulated
    from jailpf.lifecycle.checks import (
        conflicts,
        indoors,
        listeners,
        meant,
        next_start,
        outside,
        published,
        silent,
        strays,
    )
    from jailpf.lifecycle.prepare import prepare

    names = options.jails or session.jails.declared()
    errors: list[Problem] = []
    warnings: list[Problem] = []
    records: list[Record] = []
    good_ones: list[Prepared] = []
    parts = empty = 0
    status = 0
    main = _main(session, errors)
    for name in names:
        try:
            prepared = prepare(session, name, created=False)
        except JailpfError as wrong:
            errors += wrong.problems
            status = status or wrong.status
            continue
        if prepared is None:
            warnings.append(
                Problem(
                    f"{name}: its addresses are known only while it runs, so only its file was checked",
                    None,
                    f"if they are always the same, write ip4 = ... and ip6 = ... into [jail] of {session.jails.file(name)}",
                )
            )
            parts += 1
            continue
        records.append(prepared.record)
        good_ones.append(prepared)
        if not (prepared.services.services or prepared.services.declarations):
            empty += 1
            remedy = "add a [service.NAME], unless the jail only needs to connect out as [host] of jailpf.toml allows"
            session.notes.append(Problem(f"{name} declares nothing", prepared.services.place(), remedy))
        warnings += [*_old_releases(prepared.ruleset), *unkept(session, prepared)]
        warnings += [*listeners.taken(session, prepared), *indoors.by_address(session, prepared)]
        warnings += [one for one in outside.missing(session, prepared) if one not in warnings]
        warnings += meant.unguarded(prepared)
        session.notes += meant.half_open(prepared)
        session.notes += dict.fromkeys(meant.only_sent(prepared))
        if open_ones := list(silent.opened(session, prepared, main)) if main else []:
            errors += open_ones
            status = status or 65
        if beaten := next_start.beaten(session, prepared, main):
            errors += beaten
            status = status or 69
    everyone = [*records, *_others(session, records, options.jails)]
    warnings += published.everything(session)[1]
    warnings += dict.fromkeys(published.let_in(session, names))
    conflicting = conflicts.check_all(session, everyone, options.jails)
    warnings += conflicts.doubts(session, [claim for record in everyone for claim in record.claims])
    errors += conflicting
    status = status or (65 if conflicting else 0)
    if records:
        nowhere = outside.nowhere(session)
        errors += nowhere
        status = status or (78 if nowhere else 0)
        warnings += _lines(session)
    with suppress(JailpfError):  # a simulated pf that cannot be read is told above
        session.notes += nowhere_simulated(session, good_ones)
    if not options.jails:
        session.notes += strays.strays(session)
    promised = _promises(session)
    errors += promised
    status = status or (65 if promised or errors else 0)
    errors = list(dict.fromkeys(errors))  # a broken jail.conf is every jail's
    if options.json:
        output.as_json(
            "check",
            jails=list(names),
            errors=list(map(output.problem_json, errors)),
            warnings=list(map(output.problem_json, warnings)),
            notes=list(map(output.problem_json, session.notes)),
        )
    else:
        output.problems(errors)
        output.problems([*warnings, *session.notes], level="yellow")
        good = len(names) - len({name for name in names if name not in {record.jail for record in records}})
        if not names:
            print(output.nothing_declared(session))
        elif not errors:
            found = f"{len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else "nothing wrong"
            if empty and not warnings:
                rest = "the rest is fine" if empty < good + parts else ""
                found = ", ".join(filter(None, [f"{empty} with an empty declaration", rest]))
            partly = f", {parts} in part" if parts else ""
            print(f"{good + parts} jail{'s' if good + parts != 1 else ''} checked{partly}, {found}")
    return status or (1 if warnings else 0)


def _main(session: Session, errors: list[Problem]) -> Loaded | None:
    """The main ruleset; None where pf cannot be asked: declarations are checked on any machine.

    What the simulated pf cannot read is a mistake of the settings, or of the file that they name.
    """
    try:
        return session.pf.read("", members=False)
    except JailpfError as wrong:
        errors += wrong.problems if session.settings.pf == "simulated" else []
        return None


def _lines(session: Session) -> list[Problem]:
    """Lines that pf.conf lacks, or that have conditions, where pf can be asked."""
    from jailpf.lifecycle.checks import readiness

    try:
        missing, narrow = readiness.lines_missing(session), readiness.conditional(session)
    except JailpfError:
        return []
    what = "the main ruleset never evaluates what jailpf loads"
    found = [Problem(what, None, readiness.where_to_add(session, ", ".join(missing)))] if missing else []
    said = "pf.conf's `{}` lets only some packets reach the jails' rules"
    return found + [
        Problem(said.format(line), None, "`jailpf doctor` shows which packets never get there") for line in narrow
    ]


def _promises(session: Session) -> list[Problem]:
    """Promises that the declarations break."""
    from jailpf.declare.promises import there

    if not there(session.settings.file):
        return []
    from jailpf.insight.promises import broken, promises_of, strangers
    from jailpf.insight.world import build

    try:
        world = build(session, declared=True)
        promises = promises_of(session)
        session.notes += strangers(promises, {*world.pf.topology.jails, *session.jails.declared()})
        return broken(promises, world)
    except JailpfError as wrong:
        return wrong.problems


def _old_releases(ruleset: Ruleset) -> list[Problem]:
    """What FreeBSD 13 refuses."""
    sctp = [rule.place for rule in ruleset.rules if rule.port and rule.proto and "sctp" in rule.proto.names]
    hashed = [rule.place for rule in ruleset.rules if rule.action == "rdr" and rule.pool and rule.pool.key]
    found = [Problem("sctp with ports needs FreeBSD 14 or later", place) for place in dict.fromkeys(sctp)]
    return found + [
        Problem("source_hash of an rdr needs FreeBSD 14 or later", place) for place in dict.fromkeys(hashed)
    ]


def _others(session: Session, records: list[Record], chosen: list[str]) -> list[Record]:
    """With names given, the declarations of the rest count for conflicts, as far as they are sound."""
    from jailpf.lifecycle.prepare import prepare

    found = []
    for name in session.jails.declared() if chosen else ():
        if name in {record.jail for record in records} or name in chosen:
            continue
        try:
            prepared = prepare(session, name, created=False)
        except JailpfError:
            continue
        found += [prepared.record] if prepared else []
    return found
