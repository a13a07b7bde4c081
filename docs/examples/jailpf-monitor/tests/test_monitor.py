"""The listeners, on a simulated pf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jailpf_monitor
import pytest

from jailpf.pf.simulated import DEFAULT_MAIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jailpf.testing import SimulatedJail, Traffic

pytest_plugins = ["jailpf.testing"]
WEB = "[service.web]\nport = 80\n"


@pytest.fixture
def plugins() -> list[str]:
    """What jailpf.toml names: the entry point, so the distribution must be installed."""
    return ["monitor"]


@pytest.fixture
def pf_conf() -> str:
    """The host's pf.conf knows the monitoring hosts."""
    return "table <monitoring> { 198.51.100.1 }\n" + DEFAULT_MAIN


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The exporter's folder, and none of the real host's."""
    folder = tmp_path / "exporter"
    monkeypatch.setattr(jailpf_monitor, "FOLDER", folder)
    return folder


@pytest.mark.usefixtures("folder")
def test_the_monitoring_hosts_may_ping(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """They, and nobody else."""
    jail(WEB)
    traffic("198.51.100.1", proto="icmp", to="10.0.0.2").reaches("web")
    traffic("198.51.100.2", proto="icmp", to="10.0.0.2").is_blocked()
    traffic("198.51.100.1", 22, to="10.0.0.2").is_blocked()


def test_the_end_of_a_jail_is_noted(jail: Callable[..., SimulatedJail], folder: Path) -> None:
    """One file for each jail, for the exporter to read."""
    folder.mkdir()
    assert jail(WEB).stop() == []
    assert (folder / "jailpf-web.prom").read_text().startswith('jailpf_jail_stopped_timestamp_seconds{jail="web"} 1')
    assert len(list(folder.iterdir())) == 1


def test_without_the_folder_nothing_is_written(jail: Callable[..., SimulatedJail], folder: Path) -> None:
    """A host without node_exporter is fine."""
    assert jail(WEB).stop() == []
    assert not folder.exists()
