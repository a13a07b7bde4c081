"""Golden pairs: NAME.toml and beside it NAME.pf, what it becomes, or NAME.err, the lines of its problems."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.testing.host import SimulatedHost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REFRESH = "JAILPF_REFRESH"


@dataclass(frozen=True)
class Case:
    """One pair. NAME.host.toml, or a `jailpf.toml` for the whole folder, is the host's; others lie beside the jail's file."""

    toml: Path

    @property
    def name(self) -> str:
        """NAME, which is also the jail's name."""
        return self.toml.stem

    @property
    def pf(self) -> Path:
        """The rules that it becomes."""
        return self.toml.with_suffix(".pf")

    @property
    def err(self) -> Path:
        """Its problems."""
        return self.toml.with_suffix(".err")

    @property
    def settings(self) -> Path | None:
        """The host's settings, None: those of the fixture."""
        choices = (self.toml.with_name(f"{self.name}.host.toml"), self.toml.with_name("jailpf.toml"))
        return next((path for path in choices if path.exists()), None)

    def __str__(self) -> str:
        return self.name


def cases(folder: Path) -> list[Case]:
    """The pairs of a folder, sorted; for `@pytest.mark.parametrize("case", cases(FOLDER), ids=str)`."""
    return [
        Case(path)
        for path in sorted(folder.glob("*.toml"))
        if path.name != "jailpf.toml" and not path.stem.endswith(".host")
    ]


class Golden:
    """Compares pairs; each gets a host of its own below `folder`."""

    def __init__(self, folder: Path, *, settings: str, plugins: Sequence[object], pf_conf: str | None) -> None:
        self.folder, self.settings, self.plugins, self.pf_conf = folder, settings, plugins, pf_conf

    def __call__(self, case: Case) -> None:
        """Assert that the pair is true. With JAILPF_REFRESH=1 write it instead."""
        __tracebackhide__ = True
        became, text = self.outcome(case)
        other = case.err if became == case.pf else case.pf
        if os.environ.get(REFRESH):
            became.write_text(text, encoding="utf-8")
            other.unlink(missing_ok=True)
            return
        expected = became.read_text(encoding="utf-8") if became.exists() else ""
        if other.exists():
            raise AssertionError(f"{case}: {other.name} is there, but it became\n{text}")
        if text != expected:
            lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), became.name, "now", lineterm="")
            remedy = f"if that is meant, run again with {REFRESH}=1"
            raise AssertionError("\n".join([f"{case}: {became.name} says something else; {remedy}", *lines]))

    def outcome(self, case: Case) -> tuple[Path, str]:
        """The file that should say so, and what it should say."""
        settings = case.settings
        self.folder.mkdir(exist_ok=True)
        host = SimulatedHost(
            self.folder / case.name,
            settings=settings.read_text(encoding="utf-8") if settings else self.settings,
            plugins=self.plugins,
            pf_conf=self.pf_conf,
        )
        beside = {
            path.name: path.read_text(encoding="utf-8")
            for path in case.toml.parent.iterdir()
            if path.is_file() and path.suffix not in (".toml", ".pf", ".err")
        }
        try:
            return case.pf, host.render(case.toml.read_text(encoding="utf-8"), case.name, files=beside)
        except JailpfError as wrong:
            return case.err, "".join(line + "\n" for line in host.lines(wrong.problems))
