"""load: what a jail declares becomes what pf holds. Behind created, load, reload and sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, NoJailError, PfRefusedError, Problem
from jailpf.lifecycle import conflicts
from jailpf.lifecycle.prepare import declared, prepare
from jailpf.state import plans, records, writes
from jailpf.state.rundir import file_name

if TYPE_CHECKING:
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Anchor
    from jailpf.state.records import Record


def created(session: Session, name: str) -> Prepared | None:
    """The hook: load what is declared; None without a file. Raises NoJailError for unknown addresses."""
    return load(session, name) if declared(session, name) else None


def load(session: Session, name: str, *, verify: bool = False) -> Prepared:
    """Compile, check for conflicts and load under the lock. verify: read back also what is one transaction.

    Raises the error of the first step that fails; then pf holds what it held before.
    """
    prepared = prepare(session, name, created=True)
    if prepared is None:
        remedy = "call created from exec.poststart, or add ip4 to [jail]"
        raise NoJailError(f"the addresses of {name} are known only when it runs, and it does not", None, remedy)
    with session.lock():
        conflicts.check(session, prepared.record)
        change = begin(session, prepared.record)
        put(session, change, verify=verify)
        finish(session, change)
    return prepared


@dataclass(frozen=True)
class Change:
    """A jail on its way from what is recorded to `record`. staged: the record to be, already written."""

    record: Record
    old: tuple[Record, ...]
    staged: str


def begin(session: Session, record: Record) -> Change:
    """Write the record to be, before pf is touched: whoever finds it later knows what may have been loaded."""
    old, unfinished, _ = records.read(session.directory, record.jail)
    staged = writes.stage(session.directory.record(file_name(record.jail)), record.to_bytes())
    return Change(record, tuple(one for one in (unfinished, old) if one), staged)


def put(session: Session, change: Change, *, verify: bool = False) -> None:
    """Load all anchors; on any failure put back what was there and raise."""
    anchors = change.record.anchors
    done: list[str] = []
    try:
        for anchor in anchors:
            done.append(anchor.path)
            session.pf.load(anchor.path, anchor.text)
        if verify or len(anchors) > 1:
            read_back(session, change.record)
    except JailpfError as wrong:
        # One pfctl is one transaction: a single anchor that was refused is as it was.
        wrong.problems += _restore(session, done if len(anchors) > 1 else [], change)
        if len(change.old) < 2:
            writes.remove(change.staged)
        raise


def finish(session: Session, change: Change) -> None:
    """Make the record true: take away anchors and states of what is declared no more."""
    record = change.record
    kept = {anchor.path for anchor in record.anchors}
    for path in dict.fromkeys(anchor.path for one in change.old for anchor in one.anchors if anchor.path not in kept):
        session.pf.unload(path)
    writes.commit(change.staged)
    plans.drop(session.directory, record.jail)
    for label in dict.fromkeys(label for one in change.old for label in one.labels if label not in record.labels):
        session.pf.kill("label", label)


def read_back(session: Session, record: Record) -> None:
    """Raises PfRefusedError when an anchor is empty although its load succeeded."""
    for anchor in record.anchors:
        if not session.pf.read(anchor.path):
            raise PfRefusedError(
                f"anchor {anchor.path} is empty after loading it",
                None,
                "another program may have flushed it; try again",
            )


def _restore(session: Session, paths: list[str], change: Change) -> list[Problem]:
    """Put back what was there, last loaded first; what cannot be put back is a problem of its own."""
    before: dict[str, Anchor] = {anchor.path: anchor for one in change.old for anchor in one.anchors}
    problems = []
    for path in reversed(paths):
        try:
            if path in before:
                session.pf.load(path, before[path].text)
            else:
                session.pf.unload(path)
        except JailpfError as wrong:
            problems += [
                problem._replace(message=f"and {path} could not be put back: {problem.message}")
                for problem in wrong.problems
            ]
    return problems
