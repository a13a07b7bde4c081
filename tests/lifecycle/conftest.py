"""The stand-in pfctl is called here and not started, where that makes no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from managed import made

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stand_ins.machine import Machine

    from jailpf.lifecycle.jails import Jails


@pytest.fixture
def machine(machine: Machine) -> Iterator[Machine]:
    """That of all tests."""
    with machine.swift():
        yield machine


@pytest.fixture
def jails(tmp_path: Path) -> Jails:
    """Two managers; see managed.py."""
    return made(tmp_path)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A jail with a table file that passed prestart."""
    machine.declare(
        "web",
        '[service.http]\nport = 80\nfrom = "<friends>"\n[table.friends]\nfile = "friends.table"\n[jail]\nip4 = "172.16.15.16"\n',
    )
    (machine.root / "etc/jails/friends.table").write_text("192.0.2.1\n")
    machine.jailpf("prestart", "web")
    machine.calls()
    return machine
