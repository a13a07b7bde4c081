"""load: what a jail declares becomes what pf holds. Behind created, load, reload and sync."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, NoJailError
from jailpf.lifecycle.change import begin, finish, put
from jailpf.lifecycle.checks import conflicts, readiness
from jailpf.lifecycle.prepare import declared, prepare
from jailpf.state import records, starting
from jailpf.state.rundir import stamp
from jailpf.system import living

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.state.records import Record


def created(session: Session, name: str, refuse: Callable[[], None] | None = None) -> Prepared | None:
    """The hook: load what is declared; None without a file. Raises NoJailError for unknown addresses.

    refuse: raises what else keeps the jail from starting. It is asked, as pf is whether it is ready, where no prestart
    has let these rules pass: some managers start a jail all the same, and some have no hook before.
    """

    def look(prepared: Prepared) -> None:
        if not starting.passed(session.directory, prepared.record):
            readiness.check(session, prepared)
            if refuse:
                refuse()

    return load(session, name, look=look) if declared(session, name) else None


def load(
    session: Session, name: str, *, verify: bool = False, again: bool = False, others: bool = True,
    look: Callable[[Prepared], None] | None = None,
) -> Prepared:  # fmt: skip
    """Compile, check for conflicts and load under the lock.

    verify: read back also what is one transaction; again: only a jail that is loaded now; others: load anew those that
    name this jail; look: raises what speaks against it (without: what `readiness.against` finds).

    Raises the error of the first step that fails; then pf holds what it held before.
    """
    look = look or partial(readiness.refuse, session)
    prepared = prepared_for(session, name)
    look(prepared)
    with session.lock():
        if again:
            must_be_loaded(session, name)  # it may have stopped while this waited
        if is_old(prepared):
            prepared = prepared_for(session, name)
            look(prepared)
        conflicts.check(session, prepared.record)
        names = (prepared.record.running_name, name)
        change = begin(session, replace(prepared.record, jid=living.jid(names)))
        put(session, change, verify=verify)
        finish(session, change)
    if others:
        tell(session, name)
    return prepared


def is_old(prepared: Prepared) -> bool:
    """Whether something that it was made of has changed: somebody who waited less for the lock may have loaded the newer one already."""
    return any(stamp(path) != was for path, was in prepared.inputs.items())


def named_by(session: Session, *names: str) -> list[Record]:
    """What is loaded of those that name one of these jails, another than themselves, or all jails of a pattern."""
    known = records.everything(session.directory)
    asked = {*names, "*"} if names else set[str]()
    return [
        record
        for record in known
        if (asked - {record.jail}) & {one.partition(" ")[0] for one in record.names} and {record.jail} != set(names)
    ]


def changed(session: Session, record: Record) -> bool:
    """Whether a jail would be loaded with other rules now. Raises the errors of `prepare`."""
    prepared = prepare(session, record.jail, created=True)
    return prepared is not None and prepared.record.anchors != record.anchors


def outdated(session: Session, name: str) -> bool:
    """Whether those who name this jail have to be told when it is created: then `created` has to be done in full."""
    try:
        return any(changed(session, record) for record in named_by(session, name))
    except JailpfError:
        return True


def tell(session: Session, *names: str) -> None:
    """Load those anew whose rules name one of these jails, where that changes them: its addresses may be others than before, or
    known only now. What fails is a note: it is not this jail's trouble.
    """
    session.__dict__.pop("jails", None)
    for record in named_by(session, *names):
        try:
            if changed(session, record):
                load(session, record.jail, others=False)
        except JailpfError as wrong:
            named = {one.partition(" ")[0] for one in record.names}
            whom = " and ".join(name for name in names if {name, "*"} & named and name != record.jail)
            what = f"the rules of {record.jail} name {whom} and could not be reloaded"
            session.notes += [problem._replace(message=f"{what}: {problem.message}") for problem in wrong.problems]


def prepared_for(session: Session, name: str) -> Prepared:
    """The jail compiled, its addresses known. Raises NoJailError where they are not, and what `prepare` raises."""
    prepared = prepare(session, name, created=True)
    if prepared is None:
        remedy = "call `created` from exec.poststart, or add ip4 to [jail]"
        raise NoJailError(f"the addresses of {name} are known only while it runs, and it is not running", None, remedy)
    return prepared


def must_be_loaded(session: Session, name: str) -> None:
    """Raises NoJailError for a jail of which nothing is loaded."""
    old, unfinished, wrong = records.read(session.directory, name)
    if not (old or unfinished or wrong):
        raise NoJailError(f"{name} is not loaded", None, f"`jailpf load {name}`")
