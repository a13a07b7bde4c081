"""The stand-in pfctl is called here and not started, where that makes no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stand_ins.machine import Machine


@pytest.fixture
def machine(machine: Machine) -> Iterator[Machine]:
    """That of all tests."""
    with machine.swift():
        yield machine
