"""A host of stand-ins, with the command line called in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stand_ins.host import Host

from jailpf.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

TWO = "web {\n\tip4.addr = 172.16.15.29;\n}\nmail { ip4.addr = 172.16.15.15; }\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Two jails in jail.conf, and settings for the simulated pf."""
    tmp_path.chmod(0o755)
    host = Host(tmp_path)
    host.jail_conf(TWO)
    programs = "".join(f'{name} = "{path}"\n' for name, path in host.programs.items() if Path(path).exists())
    host.file(
        "jailpf/jailpf.toml",
        f'pf = "simulated"\n[host]\next_if = "em0"\n[managers.jail_conf]\nfile = "{host.managers["jail_conf"]["file"]}"\n[programs]\n{programs}',
    )
    return host


@pytest.fixture
def jailpf(host: Host, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; (status, stdout, stderr)."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["-c", f"{host.root}/jailpf/jailpf.toml", "--run", f"{host.root}/run", *words])
        return status, *capsys.readouterr()

    return run
