"""What a killed jailpf has left: found by doctor, removed by sync, and nothing else is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stand_ins.machine import web

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine

NAME = ".f.table.jailpf-0123456789abcdef"


def left(folder: Path, name: str = NAME, *, fresh: bool = False) -> Path:
    """A temporary file, an hour old."""
    file = folder / name
    file.write_text("192.0.2.1\n")
    if not fresh:
        os.utime(file, (1, 1))
    return file


def test_half_files_are_found_and_removed(machine: Machine, monkeypatch: object) -> None:
    """Beside the settings, the declarations and their table files, and in the run directory."""
    from jailpf.lifecycle import leftovers
    from jailpf.lifecycle.prepare import prepare

    tables = machine.root / "tables"
    tables.mkdir()
    (tables / "f.table").write_text("")
    machine.declare("web", web() + f'[table.f]\nfile = "{tables}/f.table"\n')
    machine.running("web")
    machine.jailpf("load", "web")
    session = machine.session()
    prepare(session, "web", created=False)
    places = [tables, machine.root / "etc", machine.root / "etc/jails", machine.run_dir, machine.run_dir / "records"]
    files = [left(place) for place in places]
    (machine.run_dir / "plans/web").mkdir(parents=True, exist_ok=True)
    files.append(left(machine.run_dir / "plans/web"))
    batch = machine.run_dir / ".batch.jailpf-abcd_123"
    batch.mkdir()
    (batch / "0.pf").write_text("pass all\n")
    files.append(batch)
    kept = [
        left(tables, name) for name in ("f.table.jailpf-0123456789abcdef", ".f.jailpf-backup", ".f.jailpf-xyz", "f.tmp")
    ]
    (tables / ".link.jailpf-0123456789abcdef").symlink_to(kept[0])
    old = leftovers.OLD
    try:
        leftovers.OLD = -1.0  # ctime cannot be set back
        assert sorted(leftovers.find(session)) == sorted(map(str, files))
        leftovers.OLD = old
        assert list(leftovers.find(session)) == [], "somebody may be writing it"
        leftovers.OLD = -1.0
        assert leftovers.remove(session) == []
    finally:
        leftovers.OLD = old
    assert not any(file.exists() for file in files)
    assert all(file.exists() for file in kept)
