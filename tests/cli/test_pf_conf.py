"""pf check and pf print, and trace --main, where there is neither a jail nor jailpf.toml."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from jailpf.cli import main

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (
    'ext = "em0"\ntable <bad> persist { 192.0.2.9 }\nblock in log on $ext\n'
    "pass in on $ext proto tcp from ! <bad> to $ext port { ssh https }\npass out\n"
)
EM0 = ("--interface", "em0=203.0.113.1/24,2001:db8::1/64")
IFCONFIG = """\
em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tinet 203.0.113.1 netmask 0xffffff00 broadcast 203.0.113.255
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
\tgroups: lo
"""


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pf.conf").write_text(TEXT)
    (tmp_path / "ifconfig.txt").write_text(IFCONFIG)
    return "pf.conf"


def test_a_file_that_pfctl_takes(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    """0, and one line; with --json also the numbers."""
    assert main(["pf", "check", *EM0, conf]) == 0
    assert capsys.readouterr().out == "pf.conf: 6 rules, 1 tables\n"
    assert main(["pf", "check", "--json", "--interfaces", "ifconfig.txt", conf]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] == 4


def test_a_file_that_pfctl_refuses(conf: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """65, and pfctl's sentences with file and line; what only the simulated pf does not know has a remedy."""
    (tmp_path / conf).write_text("pass in\npass in foo\npass in from em9\n")
    assert main(["pf", "check", *EM0, conf]) == 65
    assert capsys.readouterr().err.splitlines() == [
        "pf.conf:2: syntax error",
        "no IP address found for em9; --interface em9=ADDRESS/LENGTH, or --interfaces FILE",
        "pf.conf:3: could not parse host specification",
    ]


def test_what_an_older_pfctl_refuses(conf: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """0, for 15 takes it, with a warning for each word that 13 does not know."""
    (tmp_path / conf).write_text("match out on em0 inet nat-to (em0)\nmatch in scrub (no-df)\npass in on em0")
    assert main(["pf", "check", *EM0, conf]) == 0
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "pf.conf:1: pfctl of FreeBSD 13 refuses nat-to here",
        "pf.conf:2: pfctl of FreeBSD 13 refuses scrub here",
        "pf.conf:3: pfctl of FreeBSD 13 refuses a last line without an end here",
    ]
    assert told.out.endswith("3 rules, 0 tables\n")
    assert main(["pf", "check", "--json", *EM0, conf]) == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 3


def test_the_rules_as_pfctl_prints_them(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Macros and tables first; services by number, or with --names by name; -D beats the file."""
    assert main(["pf", "print", "--interfaces", "ifconfig.txt", conf]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == ['ext = "em0"', "table <bad> persist { 192.0.2.9 }", "block drop in log on em0 all"]
    assert "pass in on em0 inet proto tcp from ! <bad> to 203.0.113.1 port = 22 flags S/SA keep state" in printed
    assert main(["pf", "print", "--names", "-D", "ext=lo0", "--interfaces", "ifconfig.txt", conf]) == 0
    assert "port = ssh" in (named := capsys.readouterr().out)
    assert "block drop in log on lo0 all" in named


@pytest.mark.parametrize(("port", "status"), [(22, 0), (25, 1)])
def test_trace_without_settings(conf: str, port: int, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Who gets a packet by any pf.conf, on a host that is only described."""
    words = ["tcp", "from", "198.51.100.7", "to", "203.0.113.1", "port", str(port)]
    assert main(["-c", "/nonexistent", "trace", "--main", conf, *EM0, *words]) == status
    assert ("reaches host" in capsys.readouterr().out) == (status == 0)
    assert main(["-c", "/nonexistent", "trace", "--main", conf, "--interfaces", "ifconfig.txt", *words]) == status


def test_a_file_without_an_end_and_a_number_without_one(
    conf: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Refused in one line, by check and trace alike: neither for ever nor a traceback."""
    endless = tmp_path / "endless"
    with endless.open("wb") as opened:
        opened.truncate((16 << 20) + 1)  # a hole: /dev/zero of the length that is read
    for text, said in (
        (f'include "{endless}"\n', "File too large"),
        (f'table <t> file "{endless}"\n', "File too large"),
        (f"set limit states {'9' * 5000}\n", "invalid number: too large"),
        (f"set limit states -{'9' * 5000}\n", "invalid number: too small"),
    ):
        (tmp_path / conf).write_text(text)
        assert main(["pf", "check", *EM0, conf]) == 65
        assert said in capsys.readouterr().err
    (tmp_path / conf).write_text(f"set limit states {'0' * 5000}7\n")
    assert main(["pf", "check", *EM0, conf]) == 0


def test_trace_takes_no_file_that_check_refuses(conf: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Ends of lines are those of pfctl, and any byte may stand in a comment."""
    words = ["tcp", "from", "198.51.100.7", "to", "203.0.113.1", "port", "25"]
    for text, check, trace in ((b"pass\r\nblock\r\n", 65, 71), (b"pass # \xff\n", 0, 0)):
        (tmp_path / conf).write_bytes(text)
        assert main(["pf", "check", *EM0, conf]) == check
        assert main(["-c", "/nonexistent", "trace", "--main", conf, *EM0, *words]) == trace


def test_standard_input_that_is_closed(conf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an empty file, and no bug."""
    with monkeypatch.context() as closed:
        closed.setattr("sys.stdin", None)
        assert main(["pf", "check", *EM0, "-"]) == 0
        sys.stdin.close()
