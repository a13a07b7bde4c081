"""Every write: atomic, private, and without a trace when it fails."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import pytest

from jailpf.state import writes

if TYPE_CHECKING:
    from pathlib import Path


def test_replace_is_whole_and_private(tmp_path: Path) -> None:
    """The new content under the same name, readable by its owner only whatever the umask; nothing else is left."""
    before = os.umask(0)
    try:
        writes.replace(str(tmp_path / "f"), b"one")
        writes.replace(str(tmp_path / "f"), b"two")
    finally:
        os.umask(before)
    assert (tmp_path / "f").read_bytes() == b"two"
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "fchmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """No room, read-only, forbidden: the error is raised, the old content stays, no half file is left."""
    writes.replace(str(tmp_path / "f"), b"old")

    def fail(*words: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(OSError, match=os.strerror(number)):
            writes.stage(str(tmp_path / "f"), b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


def test_a_short_write_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """write(2) may take less than it was given."""
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: whole(descriptor, content[:2]))
    writes.replace(str(tmp_path / "f"), b"a longer text")
    assert (tmp_path / "f").read_bytes() == b"a longer text"


def test_stage_and_commit(tmp_path: Path) -> None:
    """What is staged stands beside the file until it is committed."""
    writes.replace(str(tmp_path / "f"), b"old")
    staged = writes.stage(str(tmp_path / "f"), b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    writes.commit(staged)
    assert (tmp_path / "f").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["f"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """In the place of the file itself."""
    (tmp_path / "victim").write_text("safe")
    (tmp_path / "f").symlink_to(tmp_path / "victim")
    writes.replace(str(tmp_path / "f"), b"new")
    assert not (tmp_path / "f").is_symlink()
    assert (tmp_path / "victim").read_text() == "safe"


def test_what_stands_under_a_name_that_can_be_guessed_is_not_touched(tmp_path: Path) -> None:
    """A file of one's own, a hard link that another user made to /etc/master.passwd, a file that he owns."""
    names = [f"f{end}" for end in (".tmp", ".new", ".jailpf-", "~")] + [".f.jailpf-0000000000000000"]
    for name in names:
        (tmp_path / name).write_text("mine")
    (tmp_path / "victim").write_text("secret")
    (tmp_path / "g.tmp").hardlink_to(tmp_path / "victim")
    for name in ("f", "g"):
        writes.replace(str(tmp_path / name), b"new", 0o644)
    assert [(tmp_path / name).read_text() for name in names] == ["mine"] * len(names)
    assert (tmp_path / "victim").read_text() == "secret"


def test_a_temporary_name_is_new_each_time(tmp_path: Path) -> None:
    """And one that stands there is an error, never opened: O_EXCL."""
    names = {writes.temporary(str(tmp_path / "f"), b"") for _ in range(20)}
    assert len(names) == 20
    assert len(writes.temporary(str(tmp_path / ("x" * 255)), b"")) < len(str(tmp_path)) + 256


def test_the_temporary_file_is_made_exclusively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were its name guessed, the write would fail, and what stands there stay."""
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / "victim").write_text("secret")
    (tmp_path / f".f{writes.MARK}{bytes(8).hex()}").hardlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError) as caught:
        writes.replace(str(tmp_path / "f"), b"new")
    assert caught.value.filename == str(tmp_path / "f")
    assert (tmp_path / "victim").read_text() == "secret"
    assert len(os.listdir(tmp_path)) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_owner_and_mode_are_set(tmp_path: Path) -> None:
    """Whatever the umask is, and before the file has its name."""
    writes.replace(str(tmp_path / "f"), b"", 0o640, (0, 1234))
    status = (tmp_path / "f").stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o640, 0, 1234)


def test_a_folder_where_a_file_belongs(tmp_path: Path) -> None:
    """An empty one makes room; of one that is not, the name is told."""
    (tmp_path / "f").mkdir()
    writes.commit(writes.stage(str(tmp_path / "f"), b"new"))
    assert (tmp_path / "f").read_bytes() == b"new"
    (tmp_path / "g").mkdir()
    writes.remove(str(tmp_path / "g"))
    assert not (tmp_path / "g").exists()
    (tmp_path / "h/i").mkdir(parents=True)
    with pytest.raises(OSError, match="not empty") as caught:
        writes.commit(writes.stage(str(tmp_path / "h"), b"new"))
    assert caught.value.filename == str(tmp_path / "h")


def test_remove_is_content_with_nothing(tmp_path: Path) -> None:
    """A file that is gone already is fine."""
    writes.remove(str(tmp_path / "f"))
    writes.replace(str(tmp_path / "f"), b"")
    writes.remove(str(tmp_path / "f"))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_somebody_else_could_have_made_is_refused(tmp_path: Path) -> None:
    """Only a folder of one's own that nobody else can write to; made 0700."""
    writes.folder(str(tmp_path / "new"))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    writes.folder(str(tmp_path / "new"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "new")
    (tmp_path / "file").write_text("")
    for name in ("open", "link", "file"):
        with pytest.raises(PermissionError):
            writes.folder(str(tmp_path / name))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """A run directory that belongs to somebody else."""
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 1234, 1234)
    with pytest.raises(PermissionError):
        writes.folder(str(tmp_path / "theirs"))


CALLS = ("open", "fchmod", "write", "fsync", "close", "rename")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_death_at_any_call_leaves_the_old_or_the_new_file(tmp_path: Path, call: str, when: str) -> None:
    """Whole, with its mode; beside it at most one file under a name that sync and doctor know."""
    writes.replace(str(tmp_path / "f"), b"old", 0o640)
    child = os.fork()
    if not child:
        whole = getattr(os, call)

        def die(*words: object, **more: object) -> None:
            if when == "after":
                whole(*words, **more)
            os.kill(os.getpid(), 9)

        try:
            setattr(os, call, die)
            writes.replace(str(tmp_path / "f"), b"new", 0o600)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    done = (call, when) == ("rename", "after")
    assert (tmp_path / "f").read_bytes() == (b"new" if done else b"old")
    assert (tmp_path / "f").stat().st_mode & 0o777 == (0o600 if done else 0o640)
    others = [name for name in os.listdir(tmp_path) if name != "f"]
    assert len(others) == (0 if done or (call, when) == ("open", "before") else 1)
    assert all(re.fullmatch(r"\.f\.jailpf-[0-9a-f]{16}", name) for name in others)


def test_the_temporary_file_stands_in_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a bare name and for a file in the root folder: a rename does not cross file systems."""
    monkeypatch.chdir(tmp_path)
    writes.replace("f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"

    def refuse(path: str, *words: object) -> int:
        raise OSError(errno.EROFS, path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(OSError, match=r"'/\.f\.jailpf-|/\.f\.jailpf-"):
            writes.replace("/f", b"new")


def test_a_file_that_grows_is_put_aside(tmp_path: Path) -> None:
    """Lines stand in their order, and there are never many more bytes than twice what was said; a link is not followed."""
    file = tmp_path / "f"
    for number in range(100):
        writes.append(str(file), b"%03d\n" % number, 40)
    kept = (tmp_path / "f.old").read_bytes() + (file.read_bytes() if file.exists() else b"")
    assert len(kept) <= 2 * 44
    assert b"".join(b"%03d\n" % number for number in range(100)).endswith(kept)
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError):  # noqa: PT011 - ELOOP or EMLINK, by system
        writes.append(str(tmp_path / "link"), b"x\n", 40)
    assert sorted(os.listdir(tmp_path)) in (["f.old", "link"], ["f", "f.old", "link"])
