"""What a hook inherits is not trusted: variables, folders, masks and limits change neither who gets in nor what is kept."""

from __future__ import annotations

import os
import resource
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stand_ins.machine import Machine

EVIL = 'import os\nopen("{mark}", "w").close()\nraise SystemExit(0)\n'


def run(machine: Machine, *words: str, before: Callable[[], Any] | None = None, **more: Any) -> tuple[int, str]:
    """A hook as `attach` writes it, started in some surroundings."""
    done = subprocess.run(
        machine.arguments(*words), capture_output=True, text=True, timeout=60, check=False, preexec_fn=before, **more
    )
    return done.returncode, done.stderr


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A folder with modules that would run instead of ours."""
    folder = tmp_path / "evil"
    folder.mkdir()
    for name in ("os", "json", "jailpf", "sh", "pluggy", "usercustomize", "sitecustomize"):
        (folder / f"{name}.py").write_text(EVIL.format(mark=tmp_path / "ran"))
    return folder


def test_foreign_modules_do_not_run(machine: Machine, evil: Path) -> None:
    """Neither from the current folder nor by any variable."""
    machine.declare("web")
    names = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "TMPDIR", "HOME", "PATH")
    env = {
        **dict.fromkeys(names, str(evil)),
        "PYTHONSTARTUP": str(evil / "os.py"),
        "LC_ALL": "tr_TR",
        "TZ": ":/etc/passwd",
    }
    for verb in ("prestart", "created"):
        assert run(machine, verb, "web", env=env, cwd=evil) == (0, "")
    assert "172.16.15.16" in machine.anchors()["jailpf/web"]
    assert run(machine, "poststop", "web", env=env, cwd=evil) == (0, "")
    assert not (evil.parent / "ran").exists()


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_the_umask_opens_and_closes_nothing(machine: Machine, mask: int) -> None:
    """What is kept belongs to its owner alone, and can be read by him."""
    machine.declare("web")
    for verb in ("prestart", "created"):
        assert run(machine, verb, "web", before=lambda: os.umask(mask)) == (0, "")
    for folder, _, files in os.walk(machine.run_dir):
        assert os.stat(folder).st_mode & 0o777 == 0o700
        for name in files:
            assert os.stat(os.path.join(folder, name)).st_mode & 0o177 == 0, name
    assert run(machine, "poststop", "web", before=lambda: os.umask(mask)) == (0, "")


@pytest.mark.parametrize(
    ("limit", "value"), [("RLIMIT_NOFILE", 8), ("RLIMIT_NOFILE", 12), ("RLIMIT_FSIZE", 0), ("RLIMIT_NPROC", 0)]
)
def test_a_limit_is_a_status_or_no_matter(machine: Machine, limit: str, value: int) -> None:
    """Loaded with its record, or neither and told; what comes later without the limit is whole."""
    machine.declare("web")

    def limited() -> None:
        number = getattr(resource, limit)
        resource.setrlimit(number, (value, resource.getrlimit(number)[1]))

    status, said = run(machine, "created", "web", before=limited)
    assert (status == 0) == (machine.records() == ["web.json"]), said
    assert status == 0 or said.strip()
    assert status not in (1, 70), said
    machine.jailpf("created", "web")
    assert machine.records() == ["web.json"]
    assert run(machine, "poststop", "web", before=limited)[0] == 0
    machine.jailpf("poststop", "web")
    assert (machine.records(), machine.anchors()) == ([], {})


def test_a_folder_that_is_gone_is_no_matter(machine: Machine) -> None:
    """jail(8) may have been started in it."""
    machine.declare("web")
    gone = machine.root / "gone"

    def leave() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    for verb in ("prestart", "created", "poststop"):
        assert run(machine, verb, "web", before=leave) == (0, "")
