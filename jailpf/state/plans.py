"""Plans: what prestart compiled, with all that jailpf.warm needs to see that it is still true. They outlive the boot.

A plan is a folder: `plan` (sealed lines), `record` (the body of the record to be) and N.pf, the text of each anchor.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from zlib import crc32

from jailpf.state import index, records, rundir, seal, writes
from jailpf.state.rundir import file_name, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.state.records import Record
    from jailpf.state.rundir import RunDir


def write(
    run: RunDir, record: Record, inputs: dict[str, str], *, face: str, created: bool, main: tuple[str, str] | None,
    needs: Iterable[str] = (),
) -> None:  # fmt: skip
    """Keep a compiled ruleset. inputs: path -> stamp; face: the jail's (`Jail.face`).

    created: False when `created` has to look again in any case. main: checksums of what pf printed of the main ruleset
    (warm/prestart.py), None when prestart has to look again. needs: what the host must have for that, "link NAME" and
    "address ADDRESS". What says that it is a plan comes last, so that half a
    plan is none. Raises OSError.
    """
    folder = run.plan(file_name(record.jail))
    writes.folder(run.plans)
    writes.folder(folder)
    writes.remove(folder + "/plan")
    lines = [f"settings {record.settings}", f"face {face}", *needs]
    lines += [f"pfctl {record.pfctl}"] if created else []
    lines += [f"main {main[0]} {main[1]}"] if created and main else []
    for number, anchor in enumerate(record.anchors):
        text = anchor.text.encode("utf-8", "surrogateescape")
        writes.replace(f"{folder}/{number}.pf", text)
        lines.append(f"load {crc32(text):08x} {anchor.path}")
    body = record.body()
    writes.replace(folder + "/record", body)
    lines.append(f"record {crc32(body):08x}")
    lines += [f"claim {line}" for line in index.lines_of(record)]
    lines += [f"input {stamp} {path}" for path, stamp in inputs.items()]
    try:
        text = "".join(map(seal.line, lines)).encode("utf-8", "surrogateescape")
    except ValueError:
        return
    writes.replace(folder + "/plan", seal.sealed(seal.PLAN, text))


def printed(run: RunDir, record: Record, inputs: dict[str, str]) -> tuple[str, ...]:
    """What pf printed of these rules when the last plan was made; () unless rules, tables' files and pfctl are the same."""
    folder = run.plan(file_name(record.jail))
    try:
        lines = seal.read(seal.PLAN, folder + "/plan").decode("utf-8", "surrogateescape").split("\n")
        body = rundir.read(folder + "/record")
        old = records.Record.from_bytes(seal.sealed(seal.RECORD, b"jid 0\n" + body))
    except (OSError, ValueError):
        return ()
    stamps = {path: was for word, was, path in (line.split(" ", 2) for line in lines if line.startswith("input "))}
    files = [record.pfctl, *(path for path in stamps if any(f'"{path}"' in anchor.text for anchor in record.anchors))]
    same = f"record {crc32(body):08x}" in lines and old.anchors == record.anchors and old.pfctl == record.pfctl
    return old.printed if same and all(stamps.get(path) == inputs.get(path, stamp(path)) for path in files) else ()


def drop(run: RunDir, name: str) -> None:
    """Forget what was compiled for a jail. name: that of its files."""
    folder = run.plan(name)
    writes.remove(folder + "/plan")
    shutil.rmtree(folder, ignore_errors=True)


def forget(run: RunDir, declared: Iterable[str]) -> None:
    """Drop the plans of jails that have neither a declaration nor a record."""
    known = {*map(file_name, declared), *records.names(run)}
    for name in os.listdir(run.plans) if os.path.isdir(run.plans) else ():
        if name not in known:
            drop(run, name)
