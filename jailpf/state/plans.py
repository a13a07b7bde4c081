"""Plans: what prestart compiled, with the list of its inputs, in the form that jailpf.warm reads."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from jailpf.state import rundir, writes
from jailpf.state.records import Record
from jailpf.state.rundir import FORMAT, file_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.rundir import RunDir

STARTING = 60.0  # seconds for which a jail that passed prestart keeps its claims; after that `created` looks again


def write(run: RunDir, record: Record, inputs: dict[str, str], *, warm: bool) -> None:
    """Keep a compiled ruleset. inputs: path -> stamp. warm: False when `created` has to look again in any case.

    The list of inputs is taken away first and comes last, so that half a plan is none. Raises OSError.
    """
    folder = run.plan(file_name(record.jail))
    writes.folder(folder)
    writes.remove(folder + "/plan")
    for number, anchor in enumerate(record.anchors):
        writes.replace(f"{folder}/{number}.pf", anchor.text.encode("utf-8", "surrogateescape"))
    writes.replace(folder + "/record", record.to_bytes())
    lines = [FORMAT, f"settings {record.settings}"]
    lines += [f"pfctl {record.pfctl}"] if warm else []
    lines += [f"load {anchor.path}" for anchor in record.anchors]
    lines += [f"input {stamp} {path}" for path, stamp in inputs.items()]
    writes.replace(folder + "/plan", ("\n".join(lines) + "\nend\n").encode("utf-8", "surrogateescape"))


def drop(run: RunDir, jail: str) -> None:
    """Forget what was compiled for a jail."""
    folder = run.plan(file_name(jail))
    writes.remove(folder + "/plan")
    shutil.rmtree(folder, ignore_errors=True)


def forget(run: RunDir, alive: Iterable[str]) -> None:
    """Drop the plans of jails that passed prestart long ago and never came to life."""
    for record, since in pending(run):
        if record.running_name not in alive and not 0 <= time.time() - since < STARTING:
            drop(run, record.jail)


def pending(run: RunDir) -> list[tuple[Record, float]]:
    """(record to be, time it was compiled) of the jails that passed prestart and are not loaded yet."""
    found = []
    for name in os.listdir(run.compiled) if os.path.isdir(run.compiled) else ():
        if os.path.exists(run.record(name)):
            continue
        try:
            record = Record.from_bytes(rundir.read(run.plan(name) + "/record"))
            found.append((record, os.stat(run.plan(name) + "/plan").st_mtime))
        except (OSError, ValueError):
            continue
    return found
