"""Jails that passed prestart and are not loaded yet: what they are about to claim is theirs for a while."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from jailpf.state import claimed, writes
from jailpf.state.rundir import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.records import Record
    from jailpf.state.rundir import RunDir

SECONDS = 60.0  # for which a jail that passed prestart keeps its claims; after that `created` looks again


def begin(run: RunDir, record: Record) -> None:
    """From now on the jail is starting: others see its claims. Raises OSError."""
    claimed.add(run, record)
    writes.replace(run.start(file_name(record.jail)), record.to_bytes(), sync=False)


def begun(run: RunDir, jail: str) -> bool:
    """Whether the jail passed prestart and is not loaded yet."""
    return os.path.exists(run.start(file_name(jail)))


def end(run: RunDir, jail: str) -> None:
    """It is starting no more."""
    writes.remove(run.start(file_name(jail)))


def forget(run: RunDir, alive: Iterable[str]) -> None:
    """Let go of the claims of jails that passed prestart long ago and never came to life."""
    for record, since in claimed.pending(run):
        if record.running_name not in alive and not is_fresh(since):
            end(run, record.jail)


def is_fresh(since: float) -> bool:
    """Whether a prestart at that time counts."""
    return 0 <= time.time() - since < SECONDS
