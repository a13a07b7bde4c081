"""A jail on its way from what is loaded to what shall be: begun, put into pf or put back, finished. With the lock held."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jailpf.compile.pftext import table_names
from jailpf.errors import JailpfError, PfInterruptedError, PfRefusedError, Problem
from jailpf.lifecycle import compare
from jailpf.state import claimed, records, starting, writes
from jailpf.state.rundir import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.lifecycle.session import Session
    from jailpf.model import Anchor
    from jailpf.state.records import Record


@dataclass(frozen=True)
class Change:
    """A jail on its way from what is recorded to `record`. staged: the record to be, already written.

    old: what is loaded; unfinished: what an earlier jailpf was loading when it died.
    """

    record: Record
    old: Record | None
    unfinished: Record | None
    staged: str

    @property
    def before(self) -> tuple[Record, ...]:
        """Whatever may be loaded now."""
        return tuple(one for one in (self.unfinished, self.old) if one)


def begin(session: Session, record: Record, *, known: bool = False) -> Change:
    """Write the record to be, before pf is touched: whoever finds it later knows what may have been loaded.

    known: whether others see its claims already.
    """
    old, unfinished, _ = records.read(session.directory, record.jail)
    if unfinished:
        # Its record is about to be replaced: nothing may be loaded that only it names.
        named = {anchor.path for one in (old, record) if one for anchor in one.anchors}
        for anchor in unfinished.anchors:
            if anchor.path not in named:
                session.pf.unload(anchor.path)
    if not known:
        claimed.add(session.directory, *(one for one in (record, old, unfinished) if one))
    staged = writes.stage(session.directory.record(file_name(record.jail)), record.to_bytes())
    return Change(record, old, unfinished, staged)


def put(session: Session, change: Change, *, verify: bool = False) -> None:
    """Load all anchors; on any failure put back what was there and raise."""
    anchors = change.record.anchors
    touched: list[str] = []
    whole = False
    try:
        for anchor in anchors:
            touched.append(anchor.path)
            session.pf.load(anchor.path, anchor.text)
        whole = True
        if verify or len(anchors) > 1:
            read_back(session, change.record)
    except JailpfError as wrong:
        # One pfctl is one transaction: a single anchor that was refused is as it was.
        sure = len(anchors) == 1 and not whole and not isinstance(wrong, PfInterruptedError) and not change.unfinished
        failed = [] if sure else _restore(session, touched, change)
        wrong.problems += failed
        if not failed:
            writes.remove(change.staged)
        raise


def finish(session: Session, change: Change, *, known: bool = False) -> None:
    """Make the record true: take away anchors and states of what is declared no more."""
    record = change.record
    kept = {anchor.path for anchor in record.anchors}
    for path in dict.fromkeys(
        anchor.path for one in change.before for anchor in one.anchors if anchor.path not in kept
    ):
        session.pf.unload(path)
    for anchor in record.anchors:
        _kill_tables(session, anchor, change.before)
    for label in dict.fromkeys(label for one in change.before for label in one.labels if label not in record.labels):
        session.pf.kill("label", label)
    writes.commit(change.staged)
    starting.end(session.directory, record.jail)
    if change.before and not known:
        claimed.add(session.directory, record)


def _kill_tables(session: Session, anchor: Anchor, before: Iterable[Record]) -> None:
    """A load keeps the `persist` tables that its text does not mention (facts.md section 2), and one that stays hides
    pf.conf's table of the same name.
    """
    had = {name for one in before for old in one.anchors if old.path == anchor.path for name in table_names(old.text)}
    for name in sorted(had - set(table_names(anchor.text))):
        with suppress(PfRefusedError):  # it went with its rules
            session.pf.table(anchor.path, name, "kill")


def replace_record(session: Session, record: Record) -> None:
    """What is loaded stays; what is remembered of it is renewed."""
    claimed.add(session.directory, record)
    writes.replace(session.directory.record(file_name(record.jail)), record.to_bytes())


def read_back(session: Session, record: Record) -> None:
    """Raises PfRefusedError when an anchor does not hold what was loaded, although its load succeeded."""
    for path in compare.differences(session.pf, record, scratch=True)[0]:
        raise PfRefusedError(
            f"the anchor {path} does not contain what was loaded",
            None,
            "another program may have changed it; try again",
        )


def _restore(session: Session, paths: list[str], change: Change) -> list[Problem]:
    """Put back what is on record, last loaded first; what cannot be put back is a problem of its own.

    What was never finished is not put back but taken away.
    """
    before: dict[str, Anchor] = {anchor.path: anchor for anchor in (change.old.anchors if change.old else ())}
    unfinished = [anchor.path for anchor in (change.unfinished.anchors if change.unfinished else ())]
    problems = []
    for path in reversed(list(dict.fromkeys([*paths, *unfinished]))):
        try:
            if path in before:
                session.pf.load(path, before[path].text)
                _kill_tables(session, before[path], [change.record])
                alone = replace(change.record, anchors=(before[path],), printed=())
                read_back(session, alone)
            else:
                session.pf.unload(path)
        except JailpfError as wrong:
            problems += [
                problem._replace(message=f"and {path} could not be restored: {problem.message}")
                for problem in wrong.problems
            ]
    return problems
