"""What is put in the place of a file or folder between a look and the use: the old text is read, or it is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.errors import JailpfError, PermissionDeniedError
from jailpf.lifecycle.opening import make
from jailpf.state import rundir
from jailpf.state.rundir import RunDir
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOMEBODY = 4321
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """etc/web.toml is ours, evil/web.toml somebody's."""
    for folder, text in (("etc", "ours"), ("evil", "theirs")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "web.toml").write_text(text)
    for path in (tmp_path / "evil", tmp_path / "evil/web.toml"):
        os.chown(path, SOMEBODY, SOMEBODY)
    return tmp_path


def their_file(place: Path) -> None:
    (place / "evil/web.toml").rename(place / "etc/web.toml")


def link_to_their_file(place: Path) -> None:
    (place / "etc/web.toml").unlink()
    (place / "etc/web.toml").symlink_to(place / "evil/web.toml")


def hard_link_to_their_file(place: Path) -> None:
    (place / "etc/web.toml").unlink()
    os.link(place / "evil/web.toml", place / "etc/web.toml")


def fifo(place: Path) -> None:
    (place / "etc/web.toml").unlink()
    os.mkfifo(place / "etc/web.toml")


def their_folder(place: Path) -> None:
    (place / "etc").rename(place / "old")
    (place / "evil").rename(place / "etc")


def link_to_their_folder(place: Path) -> None:
    (place / "etc").rename(place / "old")
    (place / "etc").symlink_to(place / "evil")


SWAPS = [their_file, link_to_their_file, hard_link_to_their_file, fifo, their_folder, link_to_their_folder]


@pytest.mark.parametrize("call", ["lstat", "open", "fstat"])
@pytest.mark.parametrize("swap", SWAPS)
def test_what_is_checked_is_what_is_read(
    place: Path, monkeypatch: pytest.MonkeyPatch, call: str, swap: Callable[[Path], None]
) -> None:
    """A swap before and after any look or open on the way: never the other's text, and no descriptor stays open."""
    whole = getattr(os, call)
    (pristine := place / "pristine").mkdir()
    for number in range(40):
        for after in (False, True):
            here = pristine / f"{number}-{after}"
            for folder, text in (("etc", "ours"), ("evil", "theirs")):
                (here / folder).mkdir(parents=True)
                (here / folder / "web.toml").write_text(text)
            for path in (here / "evil", here / "evil/web.toml"):
                os.chown(path, SOMEBODY, SOMEBODY)
            done = 0

            def swapping(
                *words: Any, number: int = number, after: bool = after, here: Path = here, **named: Any
            ) -> Any:
                nonlocal done
                done += 1
                if done == number + 1 and not after:
                    swap(here)
                answer = whole(*words, **named)
                if done == number + 1 and after:
                    swap(here)
                return answer

            held = os.listdir("/dev/fd")
            with monkeypatch.context() as patched:
                patched.setattr(os, call, swapping)
                try:
                    found = files.read(str(here / "etc/web.toml"))
                except JailpfError:
                    found = b"ours"
            assert found == b"ours", (number, after)
            assert os.listdir("/dev/fd") == held
        if done <= number:
            break
    assert number > 2


@pytest.mark.parametrize("swap", SWAPS[:4])
def test_records_are_read_by_descriptor(place: Path, swap: Callable[[Path], None]) -> None:
    """What somebody has put into the run directory is not read, whatever it is."""
    swap(place)
    with pytest.raises(OSError, match=r"written|loop|links"):
        rundir.read(str(place / "etc/web.toml"))


def test_nobody_can_put_another_run_directory_in_its_place(tmp_path: Path) -> None:
    """Whoever may write to the folder above could rename ours away; /tmp's sticky bit forbids that."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionDeniedError, match="others can write to it"):
        make(RunDir(str(tmp_path / "open/run")))
    with pytest.raises(PermissionDeniedError, match="others can write to it"):
        make(RunDir(str(tmp_path / "run"), str(tmp_path / "open/plans")))
    (tmp_path / "open").chmod(0o1777)
    make(RunDir(str(tmp_path / "open/run")))
