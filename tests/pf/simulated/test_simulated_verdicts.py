"""The language, held against what pfctl of FreeBSD 15.1 said of 228 rule files (verdicts.json names the
origin).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jailpf.pf.simulated.host.topology import Topology
from jailpf.pf.simulated.language.parse import parse

RECORDED = json.loads((Path(__file__).parent / "verdicts.json").read_text())
TOPOLOGY = Topology.of(RECORDED["interfaces"])
CASES = RECORDED["cases"]


def _id(case: dict[str, Any]) -> str:
    return f"{case['what']}: {case['rules']!r}"[:90]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in RECORDED["files"].items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_verdict(case: dict[str, Any]) -> None:
    """The simulated pf accepts what pfctl accepts and prints the same; it refuses the rest at the same
    line.
    """
    parsed = parse(case["rules"], TOPOLOGY)
    assert bool(parsed.problems) == bool(case["exit"]), parsed.problems
    if case["exit"]:
        lines = [problem.place.line for problem in parsed.problems if problem.place]
        assert lines[:1] == [case["line"]]
    else:
        assert parsed.listing() == case["stdout"]


@pytest.mark.parametrize("case", [c for c in CASES if not c["exit"] and "_" not in c["stdout"]], ids=_id)
def test_printed_rules_read_back_as_themselves(case: dict[str, Any]) -> None:
    """What pfctl prints can be fed back (facts.md section 6) and prints the same again."""
    again = parse(case["stdout"], TOPOLOGY, printed=True)
    assert not again.problems
    assert again.listing() == case["stdout"]
