"""load, unload, reload, sync: the same by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output, plan
from jailpf.errors import JailpfError, NoJailError, PfRefusedError, PfUnavailableError, Problem, problems_of

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session


def load(session: Session, options: Namespace) -> int:
    """Load jails."""
    if options.dry_run:
        return _each(options.jails, lambda name: _would(session, name, "load"))
    return _load(session, options, again=False)


def reload(session: Session, options: Namespace) -> int:
    """Load jails again that are loaded already. With -n, 1 says that other rules are declared, or that somebody gets in or out by
    them who did not. Raises NoJailError for one that is not loaded.
    """
    from jailpf.declare.there import checked
    from jailpf.lifecycle import load as verb

    if not options.dry_run:
        return _load(session, options, again=True)
    loaded: list[str] = []
    others: list[str] = []

    def one(name: str) -> None:
        verb.must_be_loaded(session, checked(name))
        loaded.append(name)
        _would(session, name, "reload")
        if _differs(session, name):
            print(f"{name}: the declared rules differ from the loaded ones; `jailpf diff {name}` shows how")
            others.append(name)

    status = _each(options.jails, one)
    if loaded and plan.append(session, loaded):
        return status or 1
    return status or (1 if others else 0)


def _load(session: Session, options: Namespace, *, again: bool) -> int:
    """Load jails together. Every jail is tried; the first error's status counts."""
    from jailpf.lifecycle import batch

    wrong: dict[str, JailpfError | OSError] = {}
    done = batch.load_all(session, options.jails, again=again, verify=options.verify, failed=wrong.__setitem__)
    for prepared in done:
        for anchor in prepared.record.anchors:
            said = "reloaded" if again else "loaded"
            print(f"{prepared.record.jail}: {said} {_count(anchor.text)} into {anchor.path}")
    problems = [
        problem for name in dict.fromkeys(options.jails) if name in wrong for problem in problems_of(wrong[name])
    ]
    idle = _idle(session, done)
    output.problems(session.notes, level="yellow")
    output.problems([*problems, *idle])
    statuses = [getattr(wrong[name], "status", PfRefusedError.status) for name in options.jails if name in wrong]
    return next(iter(statuses), PfUnavailableError.status if idle else 0)


def unload(session: Session, options: Namespace) -> int:
    """Take away what is loaded for jails: rules, tables, states."""
    from jailpf.declare.there import checked
    from jailpf.lifecycle import poststop
    from jailpf.state import records

    def one(name: str) -> None:
        old, unfinished, wrong = records.read(session.directory, checked(name))
        record = old or unfinished
        if record is None and not wrong:
            raise NoJailError(f"{name} is not loaded", None, "`jailpf status` shows which jails are")
        if options.dry_run:
            print(f"would unload {', '.join(anchor.path for anchor in record.anchors) if record else name}")
            return
        with session.lock():
            found = poststop.remove(session, name)
        if found:
            raise PfRefusedError(found)
        print(f"{name}: unloaded")

    return _each(session.progress("unloading", options.jails), one)


def sync(session: Session, options: Namespace) -> int:
    """Repair both ways. With -n, 1 says that there is something to do."""
    from jailpf.lifecycle.sync import sync as verb

    result = verb(session, options.jails, dry=options.dry_run, running=options.running)
    if options.json:
        output.as_json(
            "sync",
            dry_run=options.dry_run,
            done=result.done,
            kept=result.kept,
            problems=list(map(output.problem_json, result.problems)),
        )
    else:
        output.table(
            [
                (name, ("would " if options.dry_run and what != "failed" else "") + what)
                for name, what in sorted(result.done.items())
            ]
        )
        if not result.done:
            print(f"nothing to do: {_as_declared(session, options.jails, len(result.kept))}")
        if options.dry_run and result.done:
            plan.append(session, list(result.done))
        output.problems(result.problems)
    if result.problems:
        return 65
    return 1 if options.dry_run and result.done else 0


def _as_declared(session: Session, names: list[str], kept: int) -> str:
    """Of jails that do not run nothing is loaded: that is no agreement."""
    many = len(names or session.jails.declared())
    if many and not kept:
        return f"{many} {'are' if many != 1 else 'is'} declared, but none is running"
    return f"{kept} jail{'s are' if kept != 1 else ' is'} as declared"


def _would(session: Session, name: str, what: str) -> None:
    from jailpf.lifecycle.prepare import prepare

    prepared = prepare(session, name, created=False)
    if prepared is None:
        print(f"would {what} {name}, whose addresses are known only while it runs")
        return
    for anchor in prepared.ruleset.anchors:
        session.pf.check(anchor.path, anchor.text)
        print(f"would {what} {_count(anchor.text)} into {anchor.path}")


def _differs(session: Session, name: str) -> bool:
    from jailpf.lifecycle.load import changed
    from jailpf.state import records

    old, unfinished, _ = records.read(session.directory, name)
    return bool(unfinished) or old is None or changed(session, old)


def _idle(session: Session, done: list[Prepared]) -> list[Problem]:
    """Why pf never evaluates what is loaded: who is told "loaded" takes it for open. What else there is to know becomes notes."""
    from jailpf.lifecycle.checks import readiness

    for prepared in done:
        readiness.note_missing(session, prepared)
    session.notes += _stopped(session, done)
    if not done:
        return []
    return [*readiness.disabled(session), *readiness.idle(session, done, session.pf.read("", tables=False))]


def _stopped(session: Session, done: list[Prepared]) -> list[Problem]:
    """What becomes of the rules of jails that do not run; nothing where jls(8) cannot be asked."""
    from jailpf.lifecycle.survey import alive

    try:
        running = set(alive(session, session.settings)) if done else set()
    except JailpfError:
        return []
    what = "{} is not running, and the next `jailpf sync` will remove its rules again"
    stopped = [one.record.jail for one in done if not {one.record.jail, one.record.running_name} & running]
    return [Problem(what.format(jail), None, "its hooks load them when it starts") for jail in stopped]


def _count(text: str) -> str:
    lines = text.splitlines()
    tables = sum(line.startswith("table ") for line in lines)
    rules = f"{len(lines) - tables} rule{'s' if len(lines) - tables != 1 else ''}"
    return rules + (f" and {tables} table{'s' if tables != 1 else ''}" if tables else "")


def _each(names: Iterable[str], one: Callable[[str], None]) -> int:
    """Every jail is tried; the first error's status counts."""
    status = 0
    problems: list[Problem] = []
    for name in names:
        try:
            one(name)
        except (JailpfError, OSError) as wrong:
            problems += problems_of(wrong)
            status = status or getattr(wrong, "status", PfRefusedError.status)
    output.problems(problems)
    return status
