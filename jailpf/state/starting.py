"""Jails that passed prestart and are not loaded yet: what they are about to claim is theirs for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jailpf.state import claimed, rundir, writes
from jailpf.state.records import Record
from jailpf.state.rundir import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.rundir import RunDir

SECONDS = 60.0  # for which a jail that passed prestart keeps its claims; after that `created` looks again


def begin(run: RunDir, record: Record) -> None:
    """From now on the jail is starting: others see its claims. Raises OSError."""
    claimed.add(run, record)
    writes.replace(run.start(file_name(record.jail)), record.to_bytes(), sync=False)


def end(run: RunDir, jail: str) -> None:
    """It is starting no more."""
    writes.remove(run.start(file_name(jail)))


def passed(run: RunDir, record: Record) -> bool:
    """Whether prestart has let a jail pass with these very rules."""
    try:
        return Record.from_bytes(rundir.read(run.start(file_name(record.jail)))).anchors == record.anchors
    except (OSError, ValueError):
        return False


def forget(run: RunDir, alive: Iterable[str]) -> None:
    """Let go of the claims of jails that passed prestart long ago and never came to life."""
    for record, since in claimed.pending(run):
        if record.running_name not in alive and not is_fresh(since):
            end(run, record.jail)


def is_fresh(since: float) -> bool:
    """Whether a prestart at that time counts."""
    return 0 <= time.time() - since < SECONDS
