"""Commands that only look make no folder and no file, also with the simulated pf and a --run that is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk

LOOKING = [
    ["plan"], ["check"], ["status"], ["doctor"], ["list"], ["sync", "-n"], ["render", "git"], ["reach"], ["promises"],
    ["diff", "git"], ["map", "--dot"], ["metrics"], ["load", "-n", "git"], ["pf", "check", "FILE"],
    ["trace", "--declared", "tcp", "from", "198.51.100.7", "to", "ext_ip4", "port", "8080"],
]  # fmt: skip


@pytest.mark.parametrize("layout", ["single", "split"])
@pytest.mark.parametrize("words", LOOKING, ids=lambda words: words[0])
def test_who_only_looks_makes_nothing(desk: Desk, words: list[str], layout: str) -> None:
    """And is answered."""
    desk.write("jailpf.toml", f'pf = "simulated"\nlayout = "{layout}"\n[host]\next_if = "em0"\n')
    conf = str(desk.write("pf.conf", "block all\n"))
    before = sorted(path.name for path in desk.root.rglob("*"))
    assert desk.jailpf(*(conf if word == "FILE" else word for word in words)).status in (0, 1)
    assert sorted(path.name for path in desk.root.rglob("*")) == before


def test_the_first_change_makes_it_with_the_lines_of_the_layout(desk: Desk) -> None:
    """What was looked at before is what is changed."""
    desk.write("jailpf.toml", 'pf = "simulated"\nlayout = "split"\n[host]\next_if = "em0"\n')
    trace = ["trace", "tcp", "from", "198.51.100.7", "to", "ext_ip4", "port", "8080"]
    assert desk.jailpf(*trace).status == 1
    assert desk.jailpf("load", "git").status == 0
    assert desk.jailpf(*trace).status == 0
    assert (desk.root / "run").stat().st_mode & 0o777 == 0o700
