"""A host of files, with the command line called in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from jailpf.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOVECOT = """\
# mail
[service.mail]
port = [993, 995]

[service.mail-insecure]
port = [110, 143]
from = "<insecure_mua>"

[table.insecure_mua]
file = "insecure_mua.table"

[jail]
ip4 = "172.16.15.15"
ip6 = "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"
"""
GIT = '[service.http]\nport = 80\nrdr = { port = 8080 }\n\n[jail]\nip4 = "172.16.15.29"\n'


class Answer(NamedTuple):
    """What a command ended with, printed, and said on stderr."""

    status: int
    out: str
    err: str


class Desk:
    """A folder with settings for the simulated pf; `jailpf(...)` runs a command there."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self.write("jailpf.toml", 'pf = "simulated"\n\n[host]\next_if = "em0"\n')
        self.write("jails/dovecot.toml", DOVECOT)
        self.write("jails/git.toml", GIT)
        self.write("jails/insecure_mua.table", "# legacy\n192.0.2.0/24\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file below the folder."""
        file = self.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def jailpf(self, *words: str) -> Answer:
        """Run a command line."""
        self._capsys.readouterr()
        status = main(["-c", str(self.root / "jailpf.toml"), "--run", str(self.root / "run"), *words])
        return Answer(status, *self._capsys.readouterr())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The host of the Mail Toaster page, in small."""
    tmp_path.chmod(0o755)
    return Desk(tmp_path, capsys)


@pytest.fixture
def loaded(desk: Desk) -> Desk:
    """The same with both jails loaded."""
    assert desk.jailpf("load", "dovecot", "git").status == 0
    return desk


@pytest.fixture
def jailpf(loaded: Desk) -> Callable[..., Answer]:
    """The command line of the loaded host."""
    return loaded.jailpf
