"""Stand-in programs for the scripts under contrib/, and copies of the scripts that call them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CONTRIB = Path(__file__).parents[2] / "contrib"


def scripts() -> list[Path]:
    """Every shell script under contrib/."""
    files = [path for path in sorted(CONTRIB.rglob("*")) if path.is_file()]
    return [path for path in files if path.suffix in (".sh", ".subr") or path.read_bytes().startswith(b"#!/bin/sh")]


def program(name: str) -> str:
    """The path of a program; where there is none, the test is skipped with a line that says so."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed; `pkg install {name}` or `apt-get install {name}`")
    return path


@dataclass
class Standins:
    """A folder of stand-in programs that write down how they were called."""

    root: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.root / "calls"
        self.bin.mkdir(parents=True)
        self.log.touch()

    @property
    def bin(self) -> Path:
        """Where the stand-ins are."""
        return self.root / "bin"

    def add(self, name: str, body: str = "") -> Path:
        """A stand-in that logs `NAME ARG...` and then runs BODY (sh)."""
        path = self.bin / name
        note = f'{{ printf %s "{name}"; for a in "$@"; do printf " [%s]" "$a"; done; echo; }} >> "{self.log}"'
        path.write_text(f"#!/bin/sh\n{note}\n{body}\n")
        path.chmod(0o755)
        return path

    @property
    def calls(self) -> list[str]:
        """The calls so far, one line each: `jailpf [created] [web]`."""
        return self.log.read_text().splitlines()

    def forget(self) -> None:
        """Begin a new list of calls."""
        self.log.write_text("")

    def copy(self, source: Path, to: Path, replaced: dict[str, str]) -> Path:
        """A copy of a script with other values for its assignments `NAME=...`, or other paths."""
        text = source.read_text()
        for old, new in replaced.items():
            if old.isidentifier():
                text, count = re.subn(rf"(?m)^{old}=.*$", f"{old}={new}", text)
            else:
                count = text.count(old)
                text = text.replace(old, new)
            assert count, f"{source} has no {old}"
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text)
        to.chmod(0o755)
        return to


def run(
    *argv: str | Path, cwd: Path | None = None, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program with next to no environment, as jail(8) does under exec.clean."""
    return subprocess.run(
        [str(word) for word in argv],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=cwd,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": os.devnull, **environ},
    )
