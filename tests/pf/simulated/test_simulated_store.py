"""The file that keeps the simulated pf between commands."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import PfUnavailableError
from jailpf.pf.simulated import DEFAULT_MAIN, Simulated

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    "table <t> persist counters { 192.0.2.0/24 !192.0.2.9 0.0.0.0/0 }\n"
    'rdr on em0 inet proto tcp from <t> to <ext_ip4> port 993 tag "jailpf.in/a" -> 172.16.15.15\n'
    'pass quick inet proto tcp to 172.16.15.15 tagged "jailpf.in/a" keep state (max 9) label "jailpf/a"\n'
)


def test_everything_is_kept(tmp_path: Path) -> None:
    """Rules, tables, states, counters, topology and the main ruleset are the same for the next command."""
    file = tmp_path / "run" / "pf.json"
    one = Simulated(file, main=DEFAULT_MAIN + "block in on em1\n")
    one.topology.add_jail("a", ["172.16.15.15"])
    one.load("jailpf/a", TEXT)
    one.load("jailpf/b", "pass all\n")
    one.unload("jailpf/b")
    connection = one.connect("tcp", "192.0.2.1", "203.0.113.1", 993)
    two = Simulated(file)
    assert two.read("jailpf/a") == one.read("jailpf/a")
    assert two.states() == one.states() != []
    assert two.labels(["jailpf/a"]) == one.labels(["jailpf/a"])
    assert two.anchors() == one.anchors()
    assert two.main() == one.main()
    again = two.connect("tcp", "192.0.2.1", "203.0.113.1", 993, source_port=5)
    assert again.delivered_to == "a"
    assert again.steps == connection.steps


def test_two_objects_see_each_others_changes(tmp_path: Path) -> None:
    """Every method works on the file as it is now."""
    one, two = (Simulated(tmp_path / "pf.json") for _ in range(2))
    one.load("jailpf/a", TEXT)
    two.load("jailpf/b", "pass all\n")
    one.topology.add_jail("x", ["172.16.15.1"])
    assert one.read("jailpf/b").rules
    assert two.connect("tcp", "198.51.100.7", "172.16.15.1", 80).delivered_to == "x"
    assert two.topology.jails["x"].addresses == ("172.16.15.1",)


def test_processes_do_not_lose_each_others_loads(tmp_path: Path) -> None:
    """Concurrent use by several processes is safe: every one of their loads is there afterwards."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom jailpf.pf.simulated import Simulated\n"
        "for n in range(5): Simulated(Path(sys.argv[1])).load(f'jailpf/{sys.argv[2]}{n}', 'pass all')\n"
    )
    file = tmp_path / "pf.json"
    running = [subprocess.Popen([sys.executable, "-c", program, str(file), name]) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert Simulated(file).anchors("jailpf") == [f"jailpf/{name}{n}" for name in "abc" for n in range(5)]


def test_a_refused_change_is_not_kept(tmp_path: Path) -> None:
    """An error inside of a change leaves file and memory as they were."""
    pf = Simulated(tmp_path / "pf.json")
    pf.load("jailpf/a", TEXT)
    before = (tmp_path / "pf.json").read_text()
    with pytest.raises(Exception, match="syntax error"):
        pf.load("jailpf/a", "pas\n")
    assert (tmp_path / "pf.json").read_text() == before
    assert pf.read("jailpf/a").tables


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"version": 99})])
def test_a_broken_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """A file that is none of ours names itself and the remedy."""
    (tmp_path / "pf.json").write_text(text)
    with pytest.raises(PfUnavailableError, match=r"pf.json.*remove the file"):
        Simulated(tmp_path / "pf.json").anchors()


def test_a_main_that_is_given_replaces_the_kept_one(tmp_path: Path) -> None:
    """DESIGN.md section 10: a file replaces the default main ruleset."""
    Simulated(tmp_path / "pf.json")
    Simulated(tmp_path / "pf.json", main="block all\n")
    assert Simulated(tmp_path / "pf.json").main() == "block all\n"
