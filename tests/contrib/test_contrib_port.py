"""contrib/port: make(1) can read it, and it says what pyproject.toml and the rest of contrib/ say."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from contrib_standins import CONTRIB, program, run

if TYPE_CHECKING:
    from pathlib import Path

PORT = CONTRIB / "port" / "net-mgmt" / "jailpf"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    data = tomllib.loads((CONTRIB.parent / "pyproject.toml").read_text())
    build: list[str] = data["build-system"]["requires"]
    return {**data["project"], "build": build}


def variable(name: str, tmp_path: Path) -> str:
    """A variable as make(1) expands it, with nothing in bsd.port.mk."""
    for empty in ("bsd.port.mk", "sys.mk"):
        (tmp_path / empty).touch()
    names = ("PYTHON_PKGNAMEPREFIX=py311-", "PY_FLAVOR=py311")
    make = program("make" if sys.platform.startswith("freebsd") else "bmake")
    done = run(make, "-m", tmp_path, "-f", PORT / "Makefile", *names, "-v", name, cwd=tmp_path)
    assert done.stderr == ""
    return done.stdout.strip()


def needs(requirements: list[str]) -> set[str]:
    """`tomlkit>=0.12` for each."""
    return {re.sub(r"\s", "", one) for one in requirements}


def depends(value: str) -> set[str]:
    """The same of a *_DEPENDS variable."""
    return {word.split(":")[0].removeprefix("py311-") for word in value.split()}


def test_the_version_is_that_of_the_project(project: dict[str, Any], tmp_path: Path) -> None:
    assert variable("PORTNAME", tmp_path) == project["name"]
    assert variable("DISTVERSION", tmp_path) == project["version"]
    assert f"(jailpf-{project['version']}.tar.gz)" in (PORT / "distinfo").read_text()


def test_the_dependencies_are_those_of_the_project(project: dict[str, Any], tmp_path: Path) -> None:
    assert depends(variable("RUN_DEPENDS", tmp_path)) == needs(project["dependencies"])
    assert depends(variable("BUILD_DEPENDS", tmp_path)) == needs(project["build"])


def test_the_oldest_python_is_that_of_the_project(project: dict[str, Any], tmp_path: Path) -> None:
    oldest = project["requires-python"].removeprefix(">=")
    assert variable("USES", tmp_path) == f"python:{oldest}+"


def test_everything_it_installs_from_contrib_exists(tmp_path: Path) -> None:
    text = (PORT / "Makefile").read_text()
    loop = re.search(r"(?m)^\.for dir in (.*)$", text)
    assert loop
    for folder in loop[1].split():
        assert (CONTRIB / folder).is_dir()
    for script in re.findall(r"\$\{WRKSRC\}/contrib/(\S+)", text):
        assert (CONTRIB / script).is_file()
    for script in re.findall(r"\$\{DATADIR\}/(\S+\.sh)", text):
        assert list(CONTRIB.glob(script))


@pytest.mark.parametrize("name", ["jailpf", "jailpf_watch"])
def test_the_rc_scripts_of_the_port_are_those_in_rc_d(name: str, tmp_path: Path) -> None:
    text = (PORT / "files" / f"{name}.in").read_text()
    assert text.replace("%%PREFIX%%", "/usr/local") == (CONTRIB / "rc.d" / name).read_text()
    assert name in variable("USE_RC_SUBR", tmp_path).split()


def test_the_makefile_is_laid_out_as_ports_are() -> None:
    for line in (PORT / "Makefile").read_text().splitlines():
        assert line == line.rstrip()
        assert not line.startswith(" ")
        if assigned := re.match(r"[A-Z_]+[+?:]?=(.)", line):
            assert assigned[1] == "\t", line
    assert all(len(line) <= 80 for line in (PORT / "pkg-descr").read_text().splitlines())
    comment = re.search(r"(?m)^COMMENT=\t(.*)$", (PORT / "Makefile").read_text())
    assert comment
    assert len(comment[1]) <= 70
    assert not re.match(r"An? |The ", comment[1])
    assert not comment[1].endswith(".")
