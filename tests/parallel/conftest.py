from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from stand_ins.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The stand-in pfctl, no jail running."""
    machine = Machine(tmp_path)
    machine.running()
    return machine


@pytest.fixture
def simulated(tmp_path: Path) -> Machine:
    """The simulated pf, no jail running."""
    pytest.importorskip("lark")
    machine = Machine(tmp_path, "simulated")
    machine.running()
    return machine
