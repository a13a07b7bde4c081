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
