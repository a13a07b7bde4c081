"""Fixtures of the tests of contrib/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contrib_standins import Standins

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def standins(tmp_path: Path) -> Standins:
    return Standins(tmp_path / "standins")
