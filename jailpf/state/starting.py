"""Jails that passed prestart and are not loaded yet: what they are about to claim is theirs for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.state import claimed, rundir, writes
from jailpf.state.records import Record
from jailpf.state.rundir import file_name, is_fresh, is_recent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.rundir import RunDir


def begin(run: RunDir, record: Record) -> None:
    """From now on the jail is starting: others see its claims. Raises OSError."""
    claimed.add(run, record)
    writes.replace(run.start(file_name(record.jail)), record.to_bytes(), sync=False)


def end(run: RunDir, jail: str) -> None:
    """It is starting no more."""
    writes.remove(run.start(file_name(jail)))


def passed(run: RunDir, record: Record) -> bool:
    """Whether prestart has let a jail pass with these very rules, not long ago: promises may be others by now."""
    mark = run.start(file_name(record.jail))
    try:
        return is_recent(mark) and Record.from_bytes(rundir.read(mark)).anchors == record.anchors
    except (OSError, ValueError):
        return False


def forget(run: RunDir, alive: Iterable[str]) -> None:
    """Let go of the claims of jails that passed prestart long ago and never came to life."""
    for record, since in claimed.pending(run):
        if record.running_name not in alive and not is_fresh(since):
            end(run, record.jail)
