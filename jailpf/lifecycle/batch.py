"""Loading many jails: in one pfctl run where that works, and each by itself where it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.declare.there import checked
from jailpf.errors import ConflictError, JailpfError, PfUnavailableError, problems_of
from jailpf.lifecycle import compare, load
from jailpf.lifecycle.change import begin, finish, put
from jailpf.lifecycle.checks import conflicts, readiness
from jailpf.state import claimed, lock
from jailpf.system import living

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jailpf.lifecycle.change import Change
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.pf import Everywhere, Loaded
    from jailpf.state.records import Record

    Failed = Callable[[str, JailpfError | OSError], None]


def load_all(
    session: Session, names: Iterable[str], *, again: bool = False, verify: bool = False, failed: Failed
) -> list[Prepared]:
    """Load jails as `load.load` does each, together; those that are loaded. `failed` is told of each of the others.

    again: only jails that are loaded now; verify: read back also what is one transaction. What names one of them is loaded anew.
    """
    ready: dict[str, Prepared] = {}
    main: list[Loaded] = []

    def prepare(name: str) -> None:
        ready.pop(name, None)
        try:
            if again:
                load.must_be_loaded(session, checked(name))
            prepared = load.prepared_for(session, name)
            main[:] = main or [session.pf.read("", tables=False)]
            if against := readiness.against(session, prepared, main[0]):
                raise PfUnavailableError(against)
            ready[name] = prepared
        except (JailpfError, OSError) as wrong:
            failed(name, wrong)

    for name in session.progress("reading", list(dict.fromkeys(names))):
        prepare(name)
    with session.lock():
        for name, one in list(ready.items()):
            lock.renew()
            if (again and not _is_loaded(session, name)) or load.is_old(one):  # while this waited
                prepare(name)
        todo = [_with_jid(one.record) for one in ready.values()]
        lost = conflicts.refused(session, todo)
        for name, problems in lost.items():
            failed(name, ConflictError(problems))

        def lose(name: str, wrong: JailpfError | OSError) -> None:
            lost[name] = problems_of(wrong)
            failed(name, wrong)

        install(session, [record for record in todo if record.jail not in lost], lose, verify=verify)
    done = [one for name, one in ready.items() if name not in lost]
    load.tell(session, *(one.record.jail for one in done))
    return done


def install(session: Session, todo: Iterable[Record], failed: Failed, *, verify: bool = True) -> None:
    """Load every record, in which nobody has found a conflict. `failed` is told of each jail that could not be; the others
    are loaded all the same. verify: read back also what was one transaction of its own.
    """
    todo = compare.all_with_printed(session.pf, todo)
    conflicts.outdate(session, todo)
    claimed.rebuild(session.directory, todo)  # once for all of them; what is on record stays in it
    changes = []
    for record in todo:
        try:
            changes.append(begin(session, record, known=True))
        except (JailpfError, OSError) as wrong:
            failed(record.jail, wrong)
    together = _together(session, changes)
    for _, change in zip(session.progress("loading", [one.record.jail for one in changes]), changes, strict=True):
        lock.renew()
        try:
            if change.record.jail not in together:
                put(session, change, verify=verify)
            finish(session, change, known=True)
        except (JailpfError, OSError) as wrong:
            failed(change.record.jail, wrong)


def _together(session: Session, changes: list[Change]) -> set[str]:
    """The jails that one `load anchor` batch has verifiably loaded. On 13 it silently loads none (facts.md section 2)."""
    anchors = {anchor.path: anchor.text for change in changes for anchor in change.record.anchors}
    parents = {path.rpartition("/")[0] for path in anchors}
    if len(changes) < compare.WORTH or len(parents) != 1 or "jailpf" not in (parent := parents.pop()).split("/"):
        return set()
    try:
        session.pf.load_children(parent, {path.rpartition("/")[2]: text for path, text in anchors.items()})
        seen = session.pf.everywhere()
    except (JailpfError, OSError):
        return set()  # one bad file keeps all out; one by one, only its own jail fails
    return {change.record.jail for change in changes if _is_held(session, change, seen)}


def _is_held(session: Session, change: Change, seen: Everywhere) -> bool:
    """Whether pf holds the rules; where the jail was loaded before, and they may be the old ones, the tables' members too."""
    try:
        return not compare.differences(session.pf, change.record, seen=seen, tables=bool(change.before))[0]
    except (JailpfError, OSError):
        return False


def _is_loaded(session: Session, name: str) -> bool:
    try:
        load.must_be_loaded(session, name)
    except JailpfError:
        return False
    return True


def _with_jid(record: Record) -> Record:
    return replace(record, jid=living.jid((record.running_name, record.jail)))
