"""jail.conf is read as jail(8) of FreeBSD 15.1 reads it: 249 recorded files, their output and their messages."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from stand_ins import jail

RECORDED = json.loads((Path(__file__).parent / "jail-conf.json").read_text())
DIED = 139
"""jail(8) itself died of signal 11: after its message, which is then an error here as well."""


@pytest.mark.parametrize("case", RECORDED, ids=[case[0] for case in RECORDED])
def test_it_says_what_jail_says(
    case: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit status, standard output and standard error are those of the recorded run."""
    _, files, arguments, status, out, err, encoding = case
    assert isinstance(files, dict)
    assert isinstance(arguments, list)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode(encoding or "utf-8"))
    monkeypatch.chdir(tmp_path)
    assert jail.main(arguments) == (1 if status == DIED else status)
    said = capfd.readouterr()
    if encoding:
        return  # what was written there is not UTF-8
    assert said.out == out
    if status != DIED or err:
        shown = os.fsencode(said.err).decode("ascii", "backslashreplace") if "\\x" in str(err) else said.err
        assert shown == err
