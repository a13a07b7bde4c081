"""What travels in the wheel, and that it works where nothing else of this repository is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[1]
WEB = '[service.http]\nport = 80\n[jail]\nip4 = "172.16.15.16"\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline by the build backend itself from the files that git knows or would know."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(out.iterdir())


def tracked(folder: str) -> set[str]:
    """The files below a folder that belong to the packages."""
    return {
        str(path.relative_to(ROOT / folder))
        for package in (ROOT / folder).iterdir()
        if package.name in ("jailpf", "jailpf_adapters", "jailpf_plugins")
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_all_packages_travel_whole(wheel: Path) -> None:
    """Every file of the packages, py.typed of each, and no test, bench or cache."""
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    meta = {name for name in names if ".dist-info/" in name or ".data/" in name}
    assert names - meta == tracked(".") | tracked("plugins")
    assert {"jailpf/py.typed", "jailpf_adapters/py.typed", "jailpf_plugins/py.typed"} <= names


def test_what_stands_beside_the_packages(wheel: Path) -> None:
    """The license, the program, the man pages where they are configured, and pure Python for every system."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        info = next(name for name in names if name.endswith("entry_points.txt"))
        assert "jailpf = jailpf.__main__:main" in opened.read(info).decode()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert any(name.endswith("licenses/LICENSE") for name in names)
    configured = "share/man" in (ROOT / "pyproject.toml").read_text()
    pages = {Path(name).name for name in names if "share/man/" in name}
    assert pages == ({path.name for path in (ROOT / "man").glob("*.[0-9]")} if configured else set())


def test_the_wheel_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    """Unpacked into a new folder, with the dependencies and nothing of this repository: the life of a jail."""
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "site")
    (tmp_path / "jails").mkdir()
    (tmp_path / "jailpf.toml").write_text('pf = "simulated"\n[host]\next_if = "em0"\n')
    (tmp_path / "jails/web.toml").write_text(WEB)
    import pluggy

    dependencies = str(Path(pluggy.__file__).parents[1])
    # -S leaves out the .pth files by which the repository itself would be found.
    script = f"import sys; sys.path += {[str(tmp_path / 'site'), dependencies]!r}; import jailpf; print(jailpf.__file__, file=sys.stderr); from jailpf.__main__ import main; sys.exit(main())"
    common = ["-c", str(tmp_path / "jailpf.toml"), "--run", str(tmp_path / "run")]
    for words in (["check"], ["prestart", "web"], ["created", "web"], ["status"], ["plugins"], ["poststop", "web"]):
        done = subprocess.run(
            [sys.executable, "-ISc", script, *common, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(str(tmp_path / "site"))
