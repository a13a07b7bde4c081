"""What one command works with: settings, plugins, jails, pf, the run directory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jailpf.declare import settings as settings_module
from jailpf.declare.layout import as_called
from jailpf.errors import ConfigError, JailpfError
from jailpf.lifecycle.opening import laid_out, lay_out, locked, open_pf
from jailpf.state.rundir import RunDir
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from jailpf.declare.settings import Settings
    from jailpf.errors import Problem
    from jailpf.lifecycle.jails import Jails
    from jailpf.pf import Pf
    from jailpf.registry import Registry
    from jailpf.system.sockets import Listener
    from jailpf.values import Network

STATEMENTS = (
    "set",
    "table",
    "queue",
    "altq",
    "scrub",
    "nat",
    "rdr",
    "binat",
    "no",
    "anchor",
    "nat-anchor",
    "rdr-anchor",
    "binat-anchor",
    "block",
    "pass",
    "match",
    "antispoof",
    "load",
    "include",
)
"""What lines of pf.conf(5) begin with."""


@dataclass
class Session:
    """One command's work. file: jailpf.toml; run: the run directory; plans: that of the plans,
    "" for the usual one; pf_name: the command line's choice, or "".

    show: called with each command line that is run (`-v`). progress: goes through names, and may show how far it is: what
    is done with them, and the names. notes: what the user should know, short of an error.
    unknown: the tables and interfaces whose addresses could not be asked, and why. folders: where what was read lies.
    networks: what is behind tables and interfaces, by their words, as far as it was asked. listeners: what listens on
    the host, once it was asked.
    """

    file: str = settings_module.DEFAULT_FILE
    run: str = settings_module.DEFAULT_RUN
    plans: str = ""
    pf_name: str = ""
    show: Callable[[list[str]], None] | None = None
    progress: Callable[..., Iterable[str]] = lambda _, names, jails=0: names  # noqa: ARG005 - nothing is shown
    notes: list[Problem] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    networks: dict[str, tuple[Network, ...] | None] = field(default_factory=dict)
    listeners: list[Listener] | None = None

    @cached_property
    def settings(self) -> Settings:
        """jailpf.toml."""
        found = settings_module.read(self.file, run=self.run, plans=self.plans, pf=self.pf_name)
        if found.layout.name == "split" and found.pf == "simulated" and not found.main:
            from dataclasses import replace

            return replace(found, layout=as_called(found.layout, self._simulated_main()))
        return found

    def _simulated_main(self) -> str:
        """The pf.conf that a simulated pf without `main` was given, "" where there is none yet."""
        from pathlib import Path

        from jailpf.pf.simulated import Simulated

        file = self.directory.simulated
        return Simulated(Path(file)).main() if os.path.isfile(file) else ""

    @cached_property
    def registry(self) -> Registry:
        """The plugins."""
        from jailpf.registry import build

        return build(self.settings.plugins, place=lambda number: self.settings.place("plugins", number))

    @cached_property
    def jails(self) -> Jails:
        """Who the jails are."""
        from jailpf.lifecycle.jails import Jails

        return Jails(self.settings, self.registry, self.notes)

    @cached_property
    def pf(self) -> Pf:
        """The pf that the settings name."""
        settings = self.settings
        if settings.pf != "simulated" or not settings.main:
            fresh = settings.pf == "simulated" and not os.path.lexists(self.directory.simulated)
            main = laid_out(settings) if fresh else ""
            pf = open_pf(settings.pf, settings.programs["pfctl"], self.directory, self.show, main)
            if settings.pf == "simulated" and not fresh:
                lay_out(pf, settings)
            return pf
        try:
            pf = open_pf(settings.pf, "", self.directory, self.show, self.main())
            pf.enabled()  # the main ruleset is read at the first question
        except JailpfError as wrong:
            raise type(wrong)([self._of_main(one) for one in wrong.problems]) from None
        return pf

    def _of_main(self, problem: Problem) -> Problem:
        """It with the whole path of the file that `main` names, and what to do: the word that was meant where the line's first is none."""
        from jailpf.values.suggest import did_you_mean

        file, place = os.path.join(os.path.dirname(self.settings.file), self.settings.main), problem.place
        at = place.line if place else 0
        lines = self.main().splitlines() if at else []
        words = lines[at - 1].split() if 0 < at <= len(lines) else []
        near = did_you_mean(words[0], STATEMENTS, only_near=True) if words and words[0] not in STATEMENTS else ""
        meant = f"did you mean {near!r}? " if near and "=" not in words[1:2] else "correct that line; " if at else ""
        remedy = problem.remedy or f"{meant}`main` of {self.settings.file} names the file"
        return problem._replace(place=place and place._replace(file=file), remedy=remedy)

    def main(self) -> str:
        """The pf.conf that the settings give the simulated pf, "" for its own. Raises ConfigError."""
        if not self.settings.main:
            return ""
        file = os.path.join(os.path.dirname(self.settings.file), self.settings.main)
        return files.read(file, ConfigError).decode("utf-8", "replace")

    @cached_property
    def directory(self) -> RunDir:
        """The run directory, not necessarily there yet."""
        return RunDir(os.path.abspath(self.run), os.path.abspath(self.plans) if self.plans else "")

    def lock(self) -> AbstractContextManager[None]:
        """Hold the one lock, making the run directory first."""
        return locked(self.directory)
