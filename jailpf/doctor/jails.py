"""The jails: declarations, conflicts, managers, hook lines, and whether pf holds what they declare."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.doctor.finding import Finding
from jailpf.errors import JailpfError, NoJailError, PermissionDeniedError
from jailpf.lifecycle import conflicts
from jailpf.lifecycle.prepare import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.session import Session


def declarations(session: Session) -> Iterator[Finding]:
    """Whether every declaration is sound, trusted, and in no conflict with another."""
    sound = []
    names = session.jails.declared()
    for name in names:
        try:
            prepared = prepare(session, name, created=False)
        except JailpfError as wrong:
            yield from (Finding.of(problem, f"{name} cannot start") for problem in wrong.problems)
            continue
        sound += [prepared.record] if prepared else []
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


def roots(session: Session) -> Iterator[Finding]:
    """Whether the settings lie outside of all jails; every other file is looked at when it is read."""
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
            yield from (Finding.of(problem, f"{adapter.name}'s jails cannot be seen") for problem in wrong.problems)
    for name, found in sorted(owners.items()):
        if len(found) > 1:
            yield Finding(
                "warning",
                f"{' and '.join(found)} both know a jail {name}",
                f"{found[0]} answers for it",
                "`adapters` in jailpf.toml decides who is asked first",
            )


def iocage_nat(session: Session) -> Iterator[Finding]:
    """Whether iocage would replace the main ruleset."""
    for adapter in session.jails.adapters:
        for name in getattr(adapter, "nat_by_pf", tuple)():
            yield Finding(
                "error",
                f"the iocage jail {name} has nat=1 with nat_backend=pf",
                "starting it replaces the host's main ruleset, and detaches every anchor",
                f"iocage set nat=0 {name}",
            )


def hook_lines(session: Session) -> Iterator[Finding]:
    """Whether every declared jail's hooks call jailpf."""
    from jailpf.managers.attach import attach

    if session.settings.pf == "simulated":
        return
    for name in session.jails.declared():
        try:
            (result,) = attach(session.settings, [name], dry_run=True)
        except NoJailError:
            yield Finding(
                "warning",
                f"{name} is declared, and no jail manager knows it",
                "its file does nothing",
                f"remove {session.jails.file(name)}, or make the jail",
            )
        except JailpfError as wrong:
            yield from (
                Finding.of(problem, f"the hooks of {name} could not be looked at") for problem in wrong.problems
            )
        else:
            if result.changed:
                why = "the jail starts without its rules, or leaves them behind"
                yield Finding(
                    "error", f"{result.file} does not call jailpf for {name} as it should", why, f"jailpf attach {name}"
                )


def pfrule_lines(session: Session) -> Iterator[Finding]:
    """Whether hooks still call a pfrule.sh inside a folder that a jail may be able to write."""
    seen: set[str] = set()
    for name in session.jails.declared():
        for adapter in session.jails.adapters:
            found = adapter.find(name)
            seen.update(file for file in (found.inputs if found else ()) if os.path.isfile(file))
    for file in sorted(seen):
        with open(file, encoding="utf-8", errors="replace") as opened:
            for number, line in enumerate(opened, 1):
                if re.search(r"pf\.conf\.d/pfrule\.sh", line.partition("#")[0]):
                    yield Finding(
                        "warning",
                        f"{file}:{number}: a hook calls {line.strip()}",
                        "what runs as root lies in a jail's folder",
                        "jailpf attach JAIL, and take the line out",
                    )


def loaded(session: Session) -> Iterator[Finding]:
    """Whether pf holds what the running jails declare."""
    from jailpf.lifecycle.sync import sync

    result = sync(session, dry=True)
    for name, what in sorted(result.done.items()):
        if what != "failed":
            said = {
                "load": "is not loaded",
                "reload": "is loaded, but not as declared",
                "remove": "is loaded and should not be",
            }[what]
            yield Finding("error", f"{name} {said}", "who gets in is not what the declarations say", "jailpf sync")


CHECKS = (declarations, managers, iocage_nat, hook_lines, pfrule_lines, loaded)
