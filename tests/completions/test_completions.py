"""contrib/completions: fresh, and doing what they say in the shells that are here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import completions
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "contrib" / "completions"
BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
_shtab_jailpf; printf '%s\\n' "${COMPREPLY[@]}"
"""
SYNTAX = {
    "_jailpf": ["zsh", "-n"],
    "jailpf.bash": ["bash", "-n"],
    "jailpf.fish": ["fish", "-n"],
    "jailpf.tcsh": ["tcsh", "-f"],
}


@pytest.mark.parametrize("name", sorted(SYNTAX))
def test_completions_are_fresh(name: str) -> None:
    """The committed file is what the parser gives now."""
    assert (FOLDER / name).read_text() == completions.made()[name], f"out of date; run: {completions.REFRESH}"


@pytest.mark.parametrize("name", sorted(SYNTAX))
def test_completions_are_taken_by_their_shell(name: str) -> None:
    """Each shell that is installed finds no mistake in its file."""
    shell, option = SYNTAX[name]
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, option, FOLDER / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A jailpf that knows two jails."""
    stub = tmp_path / "jailpf"
    stub.write_text(
        '#!/bin/sh\ncase "$*" in "list --names") printf "dovecot\\nhaproxy\\n";; "list --tables dovecot") echo insecure_mua;; esac\n'
    )
    stub.chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["jailpf", "prest"], ["prestart"]),
        (["jailpf", "load", "d"], ["dovecot"]),
        (["jailpf", "reload", "-n", "h"], ["haproxy"]),
        (["jailpf", "schema", "h"], ["host"]),
        (["jailpf", "plugin", "n"], ["new"]),
        (["jailpf", "table", "dovecot", "i"], ["insecure_mua"]),
        (["jailpf", "trace", "tc"], ["tcp"]),
        (["jailpf", "trace", "tcp", "from", "jail", "d"], ["dovecot"]),
        (["jailpf", "trace", "tcp", "from", "jail", "dovecot", "to", "ext"], ["ext_ip4", "ext_ip6"]),
    ],
)
def test_bash_completes(words: list[str], found: list[str], environment: dict[str, str]) -> None:
    """Commands, jails and choices complete in bash."""
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    arguments = ["bash", "-c", BASH, "bash", str(FOLDER / "jailpf.bash"), *words]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("jailpf prest", ["prestart"]),
        ("jailpf load d", ["dovecot"]),
        ("jailpf reload -n h", ["haproxy"]),
        ("jailpf schema h", ["host"]),
        ("jailpf plugin n", ["new"]),
        ("jailpf plugin new d", []),
        ("jailpf reload --dry", ["--dry-run"]),
    ],
)
def test_fish_completes(line: str, found: list[str], environment: dict[str, str]) -> None:
    """Commands, jails, choices and options complete in fish."""
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    script = f"source {FOLDER}/jailpf.fish; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert [each.split("\t")[0] for each in done.stdout.splitlines()] == found


def test_names_are_listed_without_reading_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`list --names` is what completion asks: one name a line, broken files included."""
    from jailpf.cli import main

    (tmp_path / "jails").mkdir()
    for name in ("web", "broken"):
        (tmp_path / "jails" / f"{name}.toml").write_text("[[[")
    (tmp_path / "jailpf.toml").write_text('[host]\next_if = "em0"\n')
    (tmp_path / "jailpf.toml").chmod(0o644)
    assert main(["-c", str(tmp_path / "jailpf.toml"), "list", "--names"]) == 0
    assert capsys.readouterr().out == "broken\nweb\n"
