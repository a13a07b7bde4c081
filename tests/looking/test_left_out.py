"""What is declared and left out of an answer is said: it is not loaded, or broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

TRACE = ("trace", "tcp", "from", "198.51.100.7", "to", "ext_ip4", "port", "8080")


@pytest.mark.parametrize("words", [TRACE, ("reach",), ("map", "--html", "{}")])
def test_what_is_not_loaded_is_named(desk: Desk, words: tuple[str, ...], tmp_path: Path) -> None:
    """With what loads it; of what is loaded, or where --declared is said, nothing is told."""
    words = tuple(word.format(tmp_path / "map.html") for word in words)
    assert "dovecot, git are declared but not loaded" in desk.jailpf(*words).err
    assert desk.jailpf("load", "dovecot").status == 0
    err = desk.jailpf(*words).err
    assert "git is declared but not loaded" in err
    assert "`jailpf load git`" in err
    assert "not loaded" not in desk.jailpf(*words, "--declared").err
    assert desk.jailpf("load", "git").status == 0
    assert "not loaded" not in desk.jailpf(*words).err


def test_what_is_broken_is_not_called_undeclared(desk: Desk) -> None:
    """trace, reach and promises name the file, or `check`, which says why."""
    desk.write("jails/git.toml", "[service.http]\nprot = 80\n")
    for words in (("trace", "tcp", "from", "jail", "git", "to", "host", "port", "22"), ("reach", "git")):
        answer = desk.jailpf(*words)
        assert answer.status == 65
        assert "git.toml: git is declared but left out" in answer.err
        assert "`jailpf check git`" in answer.err
    desk.write("promises.toml", '[[never]]\nfrom = "outside"\nto = "jail:git"\n')
    answer = desk.jailpf("promises")
    assert (answer.status, "the declaration of git is broken; `jailpf check git`" in answer.err) == (1, True)
