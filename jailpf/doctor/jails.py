"""The jails: declarations, conflicts, managers, hook lines, and whether pf holds what they declare."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.declare.settings import DEFAULT_FILE
from jailpf.errors import JailpfError, NoJailError, PermissionDeniedError
from jailpf.lifecycle import leftovers
from jailpf.lifecycle.checks import conflicts, listeners, published, silent, strays
from jailpf.lifecycle.prepare import prepare
from jailpf.managers.finding import Finding
from jailpf.pf import Loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session

_VERSIONED = re.compile(r"/python3(\.\d+)?(/|$)")


def declarations(session: Session) -> Iterator[Finding]:
    """Whether every declaration is sound, trusted, and in no conflict with another."""
    sound = []
    names = session.jails.declared()
    try:
        main = session.pf.read("", members=False)
    except JailpfError:
        main = Loaded("")
    for name in names:
        try:
            prepared = prepare(session, name, created=False)
        except JailpfError as wrong:
            yield from (Finding.of(problem, f"{name} cannot start") for problem in wrong.problems)
            continue
        sound += [prepared.record] if prepared else []
        for problem in (
            (*listeners.taken(session, prepared), *silent.opened(session, prepared, main)) if prepared else ()
        ):
            yield Finding.of(problem, "the rule does not match the packets it is meant for")
    yield from _published(session, names)
    for problem in conflicts.check_all(session, sound):
        yield Finding.of(problem, "on 15 the last anchor by name gets the packet, on 13 the first")
    if not names:
        folder = os.path.dirname(session.settings.jail_file("x"))
        yield Finding(
            "warning",
            f"no jail is declared in {folder}",
            "jailpf does nothing for a jail without a file",
            "jailpf new JAIL",
        )
    elif len(sound) == len(names):
        yield Finding("fine", f"{len(names)} declaration{'s are' if len(names) != 1 else ' is'} sound")


def misnamed(session: Session) -> Iterator[Finding]:
    """Whether files that look like declarations are read by nobody."""
    for problem in strays.strays(session):
        yield Finding("warning", problem.message, "the jail it is meant for has no rules", problem.remedy)


def _published(session: Session, names: list[str]) -> Iterator[Finding]:
    """What the managers publish of declared jails themselves, and lines of theirs that nobody can read."""
    told = dict.fromkeys(published.let_in(session, names))
    for problem in told:
        yield Finding.of(problem, "more get in than the declaration allows")._replace(level="warning")
    for problem in published.everything(session)[1]:
        yield Finding.of(problem, "what it publishes is not known, and may take a port of another jail")._replace(
            level="warning"
        )


def left(session: Session) -> Iterator[Finding]:
    """Whether a jailpf that was killed has left half a file somewhere."""
    for path in leftovers.find(session):
        yield Finding("warning", f"{path} is left over", "a jailpf was killed while it was writing", "jailpf sync")


def roots(session: Session) -> Iterator[Finding]:
    """Whether the settings lie outside of all jails. Every other file is looked at when it is read."""
    for file in (session.settings.file, session.settings.jail_file("x")):
        try:
            session.jails.must_be_outside(os.path.dirname(file), *session.jails.roots)
        except PermissionDeniedError as wrong:
            yield from (
                Finding.of(problem, "whoever is root in that jail decides who gets in") for problem in wrong.problems
            )


def managers(session: Session) -> Iterator[Finding]:
    """Whether two managers claim one jail."""
    owners: dict[str, list[str]] = {}
    for adapter in session.jails.adapters:
        try:
            for name in adapter.names():
                owners.setdefault(name, []).append(adapter.name)
        except JailpfError as wrong:
            yield from (
                Finding.of(problem, f"the jails of {adapter.name} cannot be listed") for problem in wrong.problems
            )
    for name, found in sorted(owners.items()):
        if len(found) > 1:
            yield Finding(
                "warning",
                f"{' and '.join(found)} both have a jail {name}",
                f"jailpf uses what {found[0]} says",
                "the order of `adapters` in jailpf.toml decides",
            )


def of_managers(session: Session) -> Iterator[Finding]:
    """What the managers' adapters themselves find."""
    for adapter in session.jails.adapters:
        try:
            yield from adapter.findings()
        except JailpfError as wrong:
            yield from (Finding.of(problem, f"{adapter.name} could not be checked") for problem in wrong.problems)


def hook_lines(session: Session) -> Iterator[Finding]:
    """Whether every declared jail's hooks call jailpf, and nobody's call it in part."""
    declared = session.jails.declared()
    if session.settings.pf == "simulated":  # on a laptop a jail.conf may be there, and need not
        with suppress(JailpfError):
            known = {name for adapter in session.jails.adapters for name in adapter.names()}
            yield from _hooks(session, [name for name in declared if name in known], declared=True)
        return
    yield from _hooks(session, declared, declared=True)
    others: dict[str, None] = {}
    for adapter in session.jails.adapters:
        with suppress(JailpfError):  # said by `managers`
            others.update(dict.fromkeys(name for name in adapter.names() if name not in declared))
    yield from _hooks(session, list(others), declared=False)


def _hooks(session: Session, names: list[str], *, declared: bool) -> Iterator[Finding]:
    """All jails at once, so that each file is read once; one by one where one of them cannot be looked at."""
    from jailpf.managers.attach import attach

    try:
        results = attach(session.jails.adapters, names, dry_run=True)
    except JailpfError as wrong:
        if len(names) > 1:
            for name in names:
                yield from _hooks(session, [name], declared=declared)
        elif isinstance(wrong, NoJailError) and declared:
            yield Finding(
                "warning",
                f"{names[0]} is declared, but no jail manager knows it",
                "its file has no effect",
                f"remove {session.jails.file(names[0])}, or create the jail",
            )
        elif declared:
            why = f"the hooks of {names[0]} could not be checked"
            yield from (Finding.of(problem, why) for problem in wrong.problems)
        return
    for weak in dict.fromkeys(result.weak for result in results if result.weak and declared):
        yield Finding("fine", weak, "a jail with a broken declaration runs, and jailpf lets nobody in to it")
    for result in results:
        about = f"the hook lines of {result.jail} in {result.file}"
        if gone := [file for file in result.programs if not os.path.exists(file)] * (session.settings.pf == "pfctl"):
            why = "the jail does not start, or starts without its rules, and leaves them behind"
            yield Finding("error", f"{about} run {gone[0]}, which does not exist", why, f"jailpf attach {result.jail}")
        elif result.wrong and (declared or result.attached):
            why = "the jail starts without its rules, or leaves them behind"
            what = f"{result.file} does not call jailpf for {result.jail} as it should: {', '.join(result.wrong)}"
            yield Finding("error" if declared else "warning", what, why, f"jailpf attach {result.jail}")
        elif result.changed and (named := next(filter(_VERSIONED.search, result.programs), "")):
            why = "an upgrade to another Python removes it, and then the jail does not start"
            yield Finding("warning", f"{about} name {named}", why, f"jailpf attach {result.jail}")
        elif result.changed and (others := [file for file in result.settings if file != session.settings.file]):
            why = f"the jail starts with the rules of that file, not with those of {session.settings.file}"
            own = "" if session.settings.file == DEFAULT_FILE else f"-c {session.settings.file} "
            remedy = f"jailpf {own}attach {result.jail}; or, if that file counts, jailpf -c {others[0]} doctor"
            yield Finding("warning", f"{about} name another settings file, {others[0]}", why, remedy)
        elif result.changed and declared:
            why = "the next program that edits that file may drop them"
            yield Finding("warning", f"{about} are of an older form", why, f"jailpf attach {result.jail}")


def loaded(session: Session) -> Iterator[Finding]:
    """Whether pf holds what the running jails declare."""
    from jailpf.lifecycle.sync import sync

    result = sync(session, dry=True)
    for name, what in sorted(result.done.items()):
        if what != "failed":
            said = {
                "load": "is not loaded",
                "reload": "is loaded, but not as declared",
                "remove": "is loaded but should not be",
            }[what]
            yield Finding("error", f"{name} {said}", "pf does not do what the declarations say", "jailpf sync")


CHECKS = (declarations, misnamed, left, roots, managers, of_managers, hook_lines, loaded)
