"""Who could have written what decides who gets in: files and folders, links, and the insides of jails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError, DeclarationError, PermissionDeniedError
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Callable

SOMEBODY = 4321
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """etc/jails/web.toml, all one's own."""
    (tmp_path / "etc/jails").mkdir(parents=True)
    (tmp_path / "etc/jails/web.toml").write_text("text")
    return tmp_path


def give(path: Path, user: int = SOMEBODY) -> None:
    os.chown(path, user, user, follow_symlinks=False)


def link(tree: Path) -> Path:
    """A link to the file, in a folder of its own."""
    (tree / "links").mkdir()
    (tree / "links/web.toml").symlink_to(tree / "etc/jails/web.toml")
    return tree / "links/web.toml"


def test_ones_own_files_are_read(tree: Path) -> None:
    """Also by a relative path, by `..`, and by links of one's own, absolute and relative, one behind the other."""
    file = tree / "etc/jails/web.toml"
    (tree / "one").symlink_to("etc")
    (tree / "two").symlink_to(tree / "one/jails")
    (tree / "three").symlink_to("two/../jails/./web.toml")
    for way in (
        file,
        tree / "one/jails/web.toml",
        tree / "two/web.toml",
        tree / "three",
        f"{tree}//etc/./jails/../jails/web.toml",
    ):
        assert files.read(str(way)) == b"text"


def group_writable(path: Path) -> None:
    path.chmod(0o664 if path.is_file() else 0o775)


def world_writable(path: Path) -> None:
    path.chmod(0o666 if path.is_file() else 0o777)


@pytest.mark.parametrize("what", ["etc", "etc/jails", "etc/jails/web.toml"])
@pytest.mark.parametrize("spoil", [group_writable, world_writable, pytest.param(give, marks=root_only)])
def test_what_others_could_have_written_is_refused(tree: Path, what: str, spoil: Callable[[Path], None]) -> None:
    """The file and each folder above it; the message names the one that is wrong, with a remedy."""
    spoil(tree / what)
    with pytest.raises(PermissionDeniedError) as wrong:
        files.read(str(tree / "etc/jails/web.toml"))
    place = wrong.value.problems[0].place
    assert place is not None
    assert place.file == str(tree / what)
    assert wrong.value.problems[0].remedy


def test_a_sticky_folder_is_no_harm(tree: Path) -> None:
    """As in /tmp: others may add files there, but cannot replace ours."""
    (tree / "etc").chmod(0o1777)
    assert files.read(str(tree / "etc/jails/web.toml")) == b"text"


@root_only
def test_in_a_sticky_folder_the_file_of_another_is_refused(tree: Path) -> None:
    """What somebody else put into it."""
    (tree / "etc/jails").chmod(0o1777)
    give(tree / "etc/jails/web.toml")
    with pytest.raises(PermissionDeniedError):
        files.read(str(tree / "etc/jails/web.toml"))


@root_only
def test_a_link_of_another_user_is_refused(tree: Path) -> None:
    """Even when it leads to a file of ours, from a sticky folder."""
    way = link(tree)
    way.parent.chmod(0o1777)
    assert files.read(str(way)) == b"text"
    give(way)
    with pytest.raises(PermissionDeniedError):
        files.read(str(way))


def test_behind_a_link_everything_is_looked_at(tree: Path) -> None:
    """The folders on the way of the target count, not only those of the link."""
    way = link(tree)
    (tree / "etc").chmod(0o777)
    with pytest.raises(PermissionDeniedError):
        files.read(str(way))


def test_links_that_never_end(tree: Path) -> None:
    """A circle is refused."""
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    with pytest.raises(PermissionDeniedError, match="links"):
        files.read(str(tree / "a"))


def test_what_is_no_file(tree: Path) -> None:
    """Nothing, a folder, a fifo (without waiting for its writer), a device, a file as a folder, something huge."""
    os.mkfifo(tree / "fifo")
    for way in ("nothing", "etc", "fifo", "etc/jails/web.toml/x"):
        with pytest.raises(ConfigError):
            files.read(str(tree / way), ConfigError)
    with (tree / "huge").open("wb") as opened:
        opened.truncate(files.MAX_BYTES + 1)
    with pytest.raises(DeclarationError, match="larger"):
        files.read(str(tree / "huge"))


@root_only
def test_somebody_else_reads_their_own_files_and_those_of_root(tree: Path) -> None:
    """Without euid 0 the owner may be oneself; a file that cannot be read is 77."""
    file = tree / "etc/jails/web.toml"
    for folder in (tree, tree / "etc", tree / "etc/jails"):
        folder.chmod(0o755)
    code = f"""
import os, sys
sys.path[:0] = {[str(Path(files.__file__).parents[1])]!r}
from jailpf.system import files
from jailpf import errors
os.setegid({SOMEBODY}); os.seteuid({SOMEBODY})
try:
    print(files.read(sys.argv[1]).decode())
except errors.JailpfError as wrong:
    print(wrong.status)
"""

    def asks() -> str:
        return subprocess.run(
            [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
        ).stdout.strip()

    for above in tree.parents:
        if not os.stat(above).st_mode & 0o001:
            os.chmod(above, os.stat(above).st_mode | 0o111)
    assert asks() == "text"
    give(file)
    assert asks() == "text"
    give(file, SOMEBODY + 1)
    assert asks() == "77"
    give(file, 0)
    file.chmod(0o600)
    assert asks() == "77"


def test_no_descriptor_is_left_open(tree: Path) -> None:
    """Neither after reading nor after refusing."""
    before = os.listdir("/dev/fd")
    files.read(str(tree / "etc/jails/web.toml"))
    (tree / "etc").chmod(0o777)
    for way in ("etc/jails/web.toml", "nothing"):
        with pytest.raises((PermissionDeniedError, DeclarationError)):
            files.read(str(tree / way))
    assert len(os.listdir("/dev/fd")) == len(before)


def test_inside_a_jail_is_refused(tree: Path) -> None:
    """Straight, by a link into it, and by a root that is itself reached by a link; beside it is fine."""
    jail = tree / "jail"
    (jail / "etc").mkdir(parents=True)
    (jail / "etc/web.toml").write_text("")
    (tree / "into").symlink_to(jail / "etc")
    (tree / "rootlink").symlink_to(jail)
    (tree / "jail2").mkdir()
    (tree / "jail2/web.toml").write_text("")
    for file, root in (
        (jail / "etc/web.toml", jail),
        (tree / "into/web.toml", jail),
        (jail / "etc/web.toml", tree / "rootlink"),
    ):
        with pytest.raises(PermissionDeniedError, match="root"):
            files.must_be_outside(str(file), [str(root)])
    files.must_be_outside(str(tree / "jail2/web.toml"), [str(jail), "", "/"])
