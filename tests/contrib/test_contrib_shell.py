"""Every script under contrib/ is POSIX sh that shellcheck has nothing to say about."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from contrib_standins import program, run, scripts

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)


@SCRIPTS
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = run(program("shellcheck"), "--shell=sh", "--norc", script)
    assert (done.returncode, done.stdout) == (0, "")


@SCRIPTS
def test_sh_can_parse_it(script: Path) -> None:
    assert run("/bin/sh", "-n", script).stderr == ""


@SCRIPTS
def test_it_stops_at_the_first_failure_unless_it_is_sourced_or_run_by_rc(script: Path) -> None:
    text = script.read_text()
    assert "\nset -eu\n" in text or "rc.subr" in text or "periodic.conf" in text or script.suffix == ".subr"


@SCRIPTS
def test_no_text_is_ever_evaluated(script: Path) -> None:
    code = [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in code if re.search(r"(^|[;&|\s(])(eval|sh -c|bash)\s", line)]


@SCRIPTS
def test_what_can_be_run_is_executable_and_what_is_sourced_is_not(script: Path) -> None:
    assert os.access(script, os.X_OK) is (script.suffix not in (".subr", ".in"))
