"""The launcher of hook lines, and which one is written there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jailpf
from jailpf.system import itself

LAUNCHER = Path(__file__).parents[2] / "bin/jailpf-hook"
SAYS = "import sys; print(sys.argv[0].split('/lib/')[1].split('/')[0], *sys.argv[1:], sys.flags.no_site)"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A prefix with the launcher, and jailpf installed for python3.11."""
    for folder in ("bin", "lib/python3.11/site-packages/jailpf"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin/jailpf-hook").symlink_to(LAUNCHER)
    python(tmp_path, "python3.11")
    install(tmp_path, "python3.11")
    return tmp_path


def python(prefix: Path, name: str) -> Path:
    made = prefix / "bin" / name
    made.write_text(f'#!/bin/sh\necho {name} >&2\nexec {sys.executable} "$@"\n')
    made.chmod(0o755)
    return made


def install(prefix: Path, name: str, shebang: str = "") -> None:
    package = prefix / f"lib/{name}/site-packages/jailpf"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__main__.py").write_text(SAYS)
    (prefix / "bin/jailpf").write_text(f"#!{shebang or prefix / 'bin' / name}\nthe program of pip\n")


def call(prefix: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(prefix / "bin/jailpf-hook"), *words], capture_output=True, text=True, check=False, env={"PYTHONPATH": "/x"}
    )


def test_it_runs_the_package_by_its_file_and_without_site_packages(prefix: Path) -> None:
    """Words arrive as they are, blanks and all."""
    done = call(prefix, "prestart", "we b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "python3.11 prestart we b 1\n", "python3.11\n")


def test_an_upgrade_to_another_python_changes_no_hook_line(prefix: Path) -> None:
    """As pkg(8) does it: the package is gone from the old folder and stands in the new one."""
    (prefix / "lib/python3.11/site-packages/jailpf/__main__.py").unlink()
    python(prefix, "python3.12")
    install(prefix, "python3.12")
    assert call(prefix, "created", "web").stdout == "python3.12 created web 1\n"


def test_of_two_packages_the_one_of_the_program_runs(prefix: Path) -> None:
    python(prefix, "python3.12")
    install(prefix, "python3.12")
    install(prefix, "python3.11")
    assert call(prefix).stdout.split()[0] == "python3.11"
    (prefix / "bin/python3").symlink_to(prefix / "bin/python3.12")
    install(prefix, "python3.11", str(prefix / "bin/python3"))
    assert call(prefix).stdout.split()[0] == "python3.12"


def test_a_python_that_is_gone_is_stood_in_for_by_another(prefix: Path) -> None:
    """As `pkg autoremove` leaves what pip installed: the package is there, its Python is not. It is said, and it works."""
    (prefix / "bin/python3.11").unlink()
    python(prefix, "python3.19")
    done = call(prefix, "prestart", "web")
    assert done.stdout == "python3.11 prestart web 1\n"
    assert "python3.11 is gone, and" in done.stderr
    assert done.stderr.endswith("install jailpf again\npython3.19\n")


def test_without_any_python_a_start_is_refused_with_the_remedy_and_a_stop_is_not(tmp_path: Path) -> None:
    text = LAUNCHER.read_text().replace("/usr/local/bin/python", "/nonexistent/python")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/jailpf-hook").write_text(text)
    (tmp_path / "bin/jailpf-hook").chmod(0o755)
    for verb, status in (("prestart", 69), ("created", 69), ("poststop", 0)):
        done = call(tmp_path, "-c", "/x", verb, "web")
        assert done.returncode == status
        assert "no other Python is here: install python3, and jailpf again" in done.stderr


def test_where_nothing_lies_beside_it_the_python_finds_the_package(prefix: Path) -> None:
    """An editable install has its package elsewhere."""
    (prefix / "lib/python3.11/site-packages/jailpf/__main__.py").unlink()
    (prefix / "bin/jailpf").write_text(f"#!{sys.executable}\n")
    assert call(prefix, "--version").stdout == f"jailpf {jailpf.__version__}\n"


def test_hook_lines_name_the_launcher_else_the_program_else_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib/python3.11/site-packages/jailpf/__init__.py"
    monkeypatch.setattr(jailpf, "__file__", str(package))
    monkeypatch.setattr(sys, "executable", "/nonexistent/python3.11")
    assert itself.command() == ["/nonexistent/python3.11", "-IS", str(package.with_name("__main__.py"))]
    (tmp_path / "bin").mkdir()
    for name in ("jailpf", "jailpf-hook"):
        (tmp_path / "bin" / name).touch(0o755)
        assert itself.command() == [str(tmp_path / "bin" / name)]
    os.chmod(tmp_path / "bin/jailpf-hook", 0o644)
    assert itself.command() == [str(tmp_path / "bin/jailpf")]
