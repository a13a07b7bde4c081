"""Hosts for the tests: a folder with jailpf's files and stand-ins for the programs (tests/stand_ins)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.host import Host
    from stand_ins.machine import Machine


# `make test` tries the same examples every time and on every machine; `make exam` (-m exam) tries new ones.
settings.register_profile("test", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("exam", deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    """The profile is chosen before any test module is read; so is the host, which is none of ours."""
    settings.load_profile("exam" if config.option.markexpr == "exam" else "test")
    if sys.platform.startswith("freebsd"):
        from stand_ins import nowhere

        nowhere.begin()


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `--verbose` turns on for a process does not last for the tests behind it."""
    from jailpf.declare import foreign
    from jailpf.system import programs

    monkeypatch.setattr(programs, "trace", programs.trace)
    monkeypatch.setattr(foreign, "trace", foreign.trace)


@pytest.fixture
def base_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs where the docs say that they are, whatever this host is."""
    from stand_ins.nowhere import FOLDER

    from jailpf.declare.settings import PROGRAMS

    for name, path in PROGRAMS.items():
        monkeypatch.setitem(PROGRAMS, name, path.removeprefix(FOLDER))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The stand-in pfctl, no jail running."""
    from stand_ins.machine import Machine

    machine = Machine(tmp_path)
    machine.running()
    return machine


@pytest.fixture
def simulated(tmp_path: Path) -> Machine:
    """The simulated pf, no jail running."""
    from stand_ins.machine import Machine

    machine = Machine(tmp_path, "simulated")
    machine.running()
    return machine


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Stand-ins for the jail managers' programs; what this process asks of them needs no other."""
    from stand_ins.host import Host

    from jailpf.system import programs

    made = Host(tmp_path)
    monkeypatch.setattr(programs, "ask", made.ask)
    return made
