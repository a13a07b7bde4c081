"""What every manager shares knows none of them by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "jailpf"
NAMES = re.compile(r"(?i:bastille|iocage|appjail|\bpots?\b|cbsd|podman|ocijail|toaster|blackship)|\bpfrule\b")
ROOMS = ["managers", "doctor", "cli", "lifecycle", "insight", "compile", "system"]
FILES = [ROOT / "registry.py", ROOT / "plugin.py", *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_room_knows_a_manager_by_name(file: Path) -> None:
    """A third party's manager is attached, imported and diagnosed by the same code as jailpf's own."""
    named = [line for line in file.read_text().splitlines() if NAMES.search(line)]
    assert named == []
