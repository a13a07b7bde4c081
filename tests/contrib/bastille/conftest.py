"""The host with the plugin, with a stand-in for jailpf and with jailpf itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from contrib_standins import Standins
from bastille_plugin import Bastille


@pytest.fixture
def host(tmp_path: Path, standins: Standins) -> Bastille:
    return Bastille(tmp_path, standins)


@pytest.fixture
def real(host: Bastille) -> Bastille:
    """The same host with jailpf itself and the simulated pf."""
    pytest.importorskip("jailpf.cli")
    program = host.standins.bin / "jailpf"
    program.write_text(f"#!{sys.executable} -I\nimport sys\nfrom jailpf.__main__ import main\nsys.exit(main())\n")
    (host.etc / "jailpf.toml").write_text('pf = "simulated"\n[host]\next_if = "em0"\n')
    (host.etc / "jails" / "mail.toml").write_text('[jail]\nip4 = "10.0.0.9"\n[service.mail]\nport = 25\n')
    return host
