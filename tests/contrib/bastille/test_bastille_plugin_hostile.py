"""What a hostile jail cannot do to the Bastille plugin."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from contrib_standins import run

if TYPE_CHECKING:
    from pathlib import Path
from bastille_plugin import HTTP, PLUGIN, SECRET, Bastille


def test_nothing_in_the_request_or_in_jailpfs_answer_can_speak_to_the_terminal(host: Bastille) -> None:
    host.request.write_text("[service.http]\nport = 80  # \u00e9\n")
    done = host("apply", "-n", "web")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert "^[]0;evil^G" in done.stdout
    host.refuses("check")
    done = host("apply", "-n", "web")
    assert "refused ^[[2J" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "# \x1b[2J\n",
        "# \x00\n",
        "# \u009b2J\n",
        "# \u202e\n",
        "# \u200b\n",
        "# \u2028\n",
        "# \r\n",
        "# \x7f\n",
    ],
)
def test_control_and_invisible_characters_are_refused(host: Bastille, text: str) -> None:
    host.request.write_bytes((HTTP + text).encode())
    assert host("apply", "-y", "web").returncode == 65
    assert host.untouched()


@pytest.mark.parametrize("content", [b"# \xff\n", b"#" * 20000])
def test_what_is_no_text_or_too_long_is_refused(host: Bastille, content: bytes) -> None:
    host.request.write_bytes(content)
    assert host("apply", "-y", "web").returncode == 65
    assert host.untouched()


def secret(host: Bastille) -> Path:
    """A folder outside the jail whose content must never be shown."""
    folder = host.root / "secret" / "jailpf"
    folder.mkdir(parents=True)
    (folder / "request.toml").write_text(SECRET)
    return folder


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("level", ["request.toml", "jailpf", "etc", "local", "usr"])
def test_no_link_leads_out_of_the_jail(host: Bastille, level: str, absolute: bool) -> None:
    folder = secret(host)
    link = next(path for path in (host.request, *host.request.parents) if path.name == level)
    if link.is_dir():
        shutil.rmtree(link)
    else:
        link.unlink()
    depth = len(host.request.parents) - len(link.parents)
    target = [folder / "request.toml", folder, folder.parent, folder.parent, folder.parent][depth]
    link.symlink_to(target if absolute else os.path.relpath(target, link.parent))
    done = host("apply", "-y", "web")
    assert done.returncode == 77
    assert "secret" not in done.stdout
    assert host.untouched()


def test_a_link_that_stays_in_the_jail_is_no_request_either(host: Bastille) -> None:
    host.request.rename(host.jail / "real")
    host.request.symlink_to(host.jail / "real")
    assert host("apply", "-y", "web").returncode == 77


def test_a_pipe_is_refused_and_does_not_hang(host: Bastille) -> None:
    host.request.unlink()
    os.mkfifo(host.request)
    assert host("apply", "-y", "web").returncode == 77


def test_a_folder_is_refused(host: Bastille) -> None:
    host.request.unlink()
    host.request.mkdir()
    assert host("apply", "-y", "web").returncode == 77


@pytest.mark.parametrize("turns", [8, pytest.param(200, marks=pytest.mark.exam)])
def test_exchanging_the_path_while_it_is_read_never_shows_anything_outside(host: Bastille, turns: int) -> None:
    """The race that `realpath` and then `cat` would lose: a folder and a link change places all the time."""
    folder, inside = secret(host), host.request.parent
    aside, link = inside.with_name("aside"), inside.with_name("link")
    link.symlink_to(folder)
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            inside.rename(aside)
            link.rename(inside)
            inside.rename(link)
            aside.rename(inside)

    thread = threading.Thread(target=exchange)
    thread.start()
    seen = set()
    try:
        for _ in range(turns):
            done = run(sys.executable, "-I", PLUGIN / "request.py", host.jail, "usr/local/etc/jailpf/request.toml")
            assert "secret" not in done.stdout
            seen.add(done.returncode)
    finally:
        stop.set()
        thread.join()
    assert seen <= {0, 66, 77}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "usr/../x", "usr//x", "./x"])
def test_only_a_plain_relative_path_can_be_asked_for(host: Bastille, path: str) -> None:
    assert run(sys.executable, "-I", PLUGIN / "request.py", host.jail, path).returncode == 64
