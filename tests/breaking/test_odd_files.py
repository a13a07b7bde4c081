"""FIFOs, devices, folders and links where files belong: told by their name, never waited for, never filled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.machine import Machine

KINDS = ["fifo", "folder", "device", "loop"]


def odd(file: Path, kind: str) -> None:
    """Put something else in the place of a file."""
    file.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if kind == "device" else file)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "command", "statuses"),
    [
        ("etc/jails/web.toml", "prestart web", (65, 77)),
        ("etc/jails/t.table", "prestart web", (65, 77)),
        ("etc/jails/t.table", "table web t add 192.0.2.9", (65, 77)),
        ("etc/jailpf.toml", "prestart web", (77, 78)),
        ("run/simulated.json", "status", (69,)),
    ],
)
def test_what_is_no_file_is_told(
    simulated: Machine, kind: str, name: str, command: str, statuses: tuple[int, ...]
) -> None:
    """With a status and the name, in a moment; and nobody is told to change a device's mode."""
    simulated.declare("web", web() + '[table.t]\nfile = "t.table"\n')
    (simulated.root / "etc/jails/t.table").write_text("192.0.2.1\n")
    simulated.jailpf("load", "web")
    odd(simulated.root / name, kind)
    done = simulated.jailpf(*command.split(), status=None)
    assert done.returncode in statuses, done.stderr
    assert os.path.basename(name) in done.stderr
    assert "chmod" not in done.stderr
    assert "it may be empty" not in done.stderr
    assert "Traceback" not in done.stderr
    assert simulated.jailpf("poststop", "web").returncode == 0
