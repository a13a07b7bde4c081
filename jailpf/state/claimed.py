"""Keeping the index of claims true (state/index.py): never less than what is claimed, made anew where it is in doubt."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.state import index, records, rundir
from jailpf.state.rundir import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.records import Record
    from jailpf.state.rundir import RunDir


def add(run: RunDir, *held: Record) -> None:
    """Others see the claims of one jail, of all records of it that count, from now on. Raises OSError."""
    try:
        text = index.read(run)
    except (OSError, ValueError):
        rebuild(run)
        text = index.read(run)
    lines = dict.fromkeys(line for one in held for line in index.lines_of(one))
    changed = index.added(text, file_name(held[0].jail), list(lines))
    if changed != text or not os.path.lexists(run.claims):
        index.write(run, changed)


def rebuild(run: RunDir, more: Iterable[Record] = ()) -> None:
    """Make it anew from the records, the starting jails, and `more`. Raises OSError."""
    known = [*records.everything(run), *(record for record, _ in pending(run)), *more]
    lines = dict.fromkeys(f"{line} {file_name(record.jail)}\n" for record in known for line in index.lines_of(record))
    index.write(run, "\n" + "".join(sorted(lines, key=lambda line: not index.is_range(line))))


def pending(run: RunDir) -> list[tuple[Record, float]]:
    """(record to be, time of its prestart) of the jails that passed prestart and are not loaded yet."""
    found = []
    for name in os.listdir(run.starting) if os.path.isdir(run.starting) else ():
        if os.path.exists(run.record(name)):
            continue
        try:
            record = records.Record.from_bytes(rundir.read(run.start(name)))
            found.append((record, os.stat(run.start(name)).st_mtime))
        except (OSError, ValueError):
            continue
    return found
