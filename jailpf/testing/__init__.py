"""For plugin authors: a host with a simulated pf in a pytest fixture. Opt in with `pytest_plugins = ["jailpf.testing"]`.

    pytest_plugins = ["jailpf.testing"]

    @pytest.fixture
    def plugins():                       # what is tested: names of entry points, or modules
        return ["office-hours"]

    def test_only_the_office_gets_in(jail, traffic):
        jail('[service.web]\nport = 80\nfrom = "192.0.2.0/24"', name="web")
        traffic("192.0.2.7", 80).reaches("web")
        traffic("198.51.100.7", 80).is_blocked()

Fixtures that a test uses: `jail`, `render`, `problems`, `traffic`, `pf`, `golden`, `simulated_host`. Fixtures that a test may
replace: `plugins`, `settings` (the text of jailpf.toml), `pf_conf` (the main ruleset). With JAILPF_REFRESH=1 in the
environment `golden` writes what it would compare.

Any pf.conf, without a jail or jailpf.toml: `PfConf(Path("/etc/pf.conf"), {"em0": ["203.0.113.1/24"]})`, see there.

(PYTEST_DONT_REWRITE: nothing in here is a bare assert, so a test module may import it before pytest does.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.testing.golden import Case, Golden, cases
from jailpf.testing.host import SETTINGS, SimulatedHost, SimulatedJail
from jailpf.testing.pfconf import PfConf
from jailpf.testing.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jailpf.pf.simulated import Simulated

__all__ = [
    "SETTINGS",
    "Case",
    "Golden",
    "PfConf",
    "SimulatedHost",
    "SimulatedJail",
    "Traffic",
    "cases",
    "golden",
    "jail",
    "pf",
    "pf_conf",
    "plugins",
    "problems",
    "render",
    "settings",
    "simulated_host",
    "traffic",
]


@pytest.fixture
def plugins() -> Sequence[object]:
    """The plugins under test: names of installed entry points (as in jailpf.toml), or modules. None unless replaced."""
    return ()


@pytest.fixture
def settings() -> str:
    """The text of jailpf.toml: one external interface em0 with 203.0.113.1 and 2001:db8::1, unless replaced."""
    return SETTINGS


@pytest.fixture
def pf_conf() -> str | None:
    """The main ruleset; None: the lines of `jailpf init` with `block all`."""
    return None


@pytest.fixture
def simulated_host(tmp_path: Path, plugins: Sequence[object], settings: str, pf_conf: str | None) -> SimulatedHost:
    """A host of its own for each test. `jail`, `render`, `problems`, `traffic` and `pf` are its parts."""
    return SimulatedHost(tmp_path / "host", settings=settings, plugins=plugins, pf_conf=pf_conf)


@pytest.fixture
def pf(simulated_host: SimulatedHost) -> Simulated:
    """The host's simulated pf: `read`, `states`, `labels`, `table`, `connect`, `topology`, ..."""
    return simulated_host.pf


@pytest.fixture
def jail(simulated_host: SimulatedHost) -> Callable[..., SimulatedJail]:
    """`jail(toml, name="web", ...)` declares a jail and starts it: prestart and created, as jail(8) calls them."""
    return simulated_host.start


@pytest.fixture
def render(simulated_host: SimulatedHost) -> Callable[..., str]:
    """`render(toml, ...)` is what would be loaded, after pf has checked it. Raises the error when there is one."""
    return simulated_host.render


@pytest.fixture
def problems(simulated_host: SimulatedHost) -> Callable[..., list[str]]:
    """`problems(toml, ...)` is a list of "web.toml:LINE:COLUMN: sentence; remedy"; [] when nothing is wrong."""
    return simulated_host.problems


@pytest.fixture
def traffic(simulated_host: SimulatedHost) -> Callable[..., Traffic]:
    """`traffic(source, port, ...)` opens a connection: `.reaches("web")`, `.is_blocked()`, `.close()`."""
    return simulated_host.traffic


@pytest.fixture
def golden(tmp_path: Path, plugins: Sequence[object], settings: str, pf_conf: str | None) -> Golden:
    """`golden(case)` compares what NAME.toml becomes with NAME.pf or NAME.err. Cases come from `cases(folder)`."""
    return Golden(tmp_path / "golden", settings=settings, plugins=plugins, pf_conf=pf_conf)
