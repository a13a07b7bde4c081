"""With the simulated pf and without jail(8), everything works on a jail.conf beside jailpf.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

TEXT = 'web {\n\tpath = "/jails/web";\n\tinterface = "lo1";\n\tip4.addr = "10.0.0.2";\n}\n'


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A folder with settings, jail.conf and one declaration; (status, stdout, stderr) of a command line."""
    tmp_path.chmod(0o755)
    (tmp_path / "jails").mkdir()
    (tmp_path / "jailpf.toml").write_text(
        f'pf = "simulated"\n[host]\next_if = "em0"\nnat = "(em0:0)"\n[programs]\njail = "{tmp_path}/no/jail"\n'
    )
    (tmp_path / "jail.conf").write_text(TEXT)
    (tmp_path / "jails/web.toml").write_text("[service.http]\nport = 80\n")

    def line(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["-c", f"{tmp_path}/jailpf.toml", "--run", f"{tmp_path}/run", *words])
        return status, *capsys.readouterr()

    return line


def test_the_address_comes_from_jail_conf(run: Run) -> None:
    """No [jail] is needed."""
    assert run("list")[1].split()[-3:] == ["10.0.0.2", "http", "tcp/80"]


def test_attach_and_detach_leave_the_file_as_it_was(run: Run, tmp_path: Path) -> None:
    """Hook lines come and go; with them the jail lives as by hand."""
    assert run("attach", "web")[0] == 0
    assert (tmp_path / "jail.conf").read_text().count("jailpf") >= 3
    assert run("prestart", "web")[0] == run("created", "web")[0] == 0
    assert run("doctor")[0] == 0
    assert run("detach", "--all")[0] == 0
    assert (tmp_path / "jail.conf").read_text() == TEXT


def test_a_mistake_in_jail_conf_has_its_place(run: Run, tmp_path: Path) -> None:
    """jail(8)'s own sentence, as FILE:LINE."""
    (tmp_path / "jail.conf").write_text('web {\n\tpath = "/jails/web"\n\tpersist;\n}\n')
    status, _, err = run("check", "web")
    assert status == 78
    assert err.startswith(f"{tmp_path}/jail.conf:3: persist: syntax error; ")


def test_new_names_the_address_that_jail_conf_has(run: Run, tmp_path: Path) -> None:
    """`new` knows jails as the other commands do."""
    (tmp_path / "jails/web.toml").unlink()
    assert run("new", "web")[0] == 0
    assert "from jail.conf: 10.0.0.2" in (tmp_path / "jails/web.toml").read_text()
