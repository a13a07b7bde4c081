"""The jails: declarations, conflicts, managers, hook lines, and whether pf holds what they declare."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.doctor.finding import Finding
from jailpf.errors import JailpfError
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


CHECKS = (declarations, managers, loaded)
