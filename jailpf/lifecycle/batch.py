"""Loading many jails: in one pfctl run where that works, and each by itself where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, problems_of
from jailpf.lifecycle import compare, conflicts, load
from jailpf.state import claimed, lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.errors import Problem
    from jailpf.lifecycle.load import Change
    from jailpf.lifecycle.session import Session
    from jailpf.state.records import Record

WORTH = 3  # jails from which on a batch and reading it back is cheaper than one pfctl each


def install(
    session: Session, todo: list[Record], kept: list[Record], failed: Callable[[str, list[Problem]], None],
) -> None:  # fmt: skip
    """Load every record of `todo`. `failed` is told of each jail that could not be; the others are loaded all the same."""
    losers = conflicts.losers(session, todo, kept)
    for name, problems in losers.items():
        failed(name, problems)
    conflicts.outdate(session, [record for record in todo if record.jail not in losers])
    claimed.rebuild(session.directory, todo)  # once for all of them; what is on record stays in it
    changes = []
    for record in todo:
        if record.jail in losers:
            continue
        try:
            changes.append(load.begin(session, record, known=True))
        except (JailpfError, OSError) as wrong:
            failed(record.jail, problems_of(wrong))
    together = _together(session, changes)
    for _, change in zip(session.progress("loading", [one.record.jail for one in changes]), changes, strict=True):
        lock.renew()
        try:
            if change.record.jail not in together:
                load.put(session, change, verify=True)
            load.finish(session, change, known=True)
        except (JailpfError, OSError) as wrong:
            failed(change.record.jail, problems_of(wrong))


def _together(session: Session, changes: list[Change]) -> set[str]:
    """The jails that one `load anchor` batch has verifiably loaded. On 13 it silently loads none (facts.md section 2).

    Labels prove that rules are there, not that they are the new ones: what was loaded before is compared as text.
    """
    parents = {anchor.path.rpartition("/")[0] for change in changes for anchor in change.record.anchors}
    before = {change.record.jail for change in changes if change.before}
    if len(changes) < WORTH or len(parents) != 1:
        return set()
    parent = parents.pop()
    if "jailpf" not in parent.split("/"):
        return set()
    asked = [change.record for change in changes if change.record.anchors]
    anchors = {anchor.path: anchor.text for record in asked for anchor in record.anchors}
    try:
        session.pf.load_children(parent, {path.rpartition("/")[2]: text for path, text in anchors.items()})
        there = set(session.pf.anchors(parent))
        found = {label for count in session.pf.labels(list(anchors)) for label in count.labels}
    except (JailpfError, OSError):
        return set()  # one bad file keeps all out; one by one, only its own jail fails
    loaded = [
        record
        for record in asked
        if record.labels
        and there.issuperset(anchor.path for anchor in record.anchors)
        and found.issuperset(record.labels)
    ]
    return {record.jail for record in loaded if record.jail not in before or _is_new(session, record)}


def _is_new(session: Session, record: Record) -> bool:
    try:
        return not compare.differences(session.pf, record)[0]
    except (JailpfError, OSError):
        return False
