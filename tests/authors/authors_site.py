"""Distributions of third parties, installed as pip does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


class Site:
    """A folder that distributions are installed into, and a Python that sees it."""

    examples = EXAMPLES

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def install(self, *sources: Path) -> None:
        """Build and install; what they need already exists."""
        options = [
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--no-compile",
            "--no-index",
            "--disable-pip-version-check",
        ]
        self.run("-m", "pip", "install", *options, "--target", str(self.folder), *map(str, sources))

    def run(self, *arguments: str, cwd: Path = ROOT, status: int = 0) -> str:
        """Run Python; its output. Fails on another exit status."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=cwd, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def test(self, folder: Path) -> str:
        """Run a distribution's own tests, as its author would."""
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"]
        return self.run(
            "-m",
            "pytest",
            *options,
            "--rootdir",
            str(folder),
            "-c",
            str(folder / "pyproject.toml"),
            "tests",
            cwd=folder,
        )
