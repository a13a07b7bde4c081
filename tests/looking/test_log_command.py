"""jailpf log: pf's log in the words of the declarations."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Desk

LINES = """\
listening on pflog0, link-type PFLOG (OpenBSD pflog file), snapshot length 262144 bytes
2026-11-27 10:00:00.1 rule 3.git.0/0(match): pass in on em0: 198.51.100.2.53776 > 172.16.15.29.80: Flags [S], seq 1
2026-11-27 10:00:01.2 rule 0/0(match): block in on em0: 198.51.100.3.40000 > 203.0.113.1.8081: Flags [S], seq 1
2026-11-27 10:00:01.3 rule 0/0(match): block in on em0: 198.51.100.3.40001 > 203.0.113.1.8081: Flags [S], seq 1
2026-11-27 10:00:02.4 rule 0/0(match): block in on em0: 198.51.100.9.40000 > 203.0.113.1.110: Flags [S], seq 1
"""


def test_each_packet_is_told(desk: Desk) -> None:
    """Whose rule passed it; for a block the declaration that nearly let it in, and in what it differs."""
    for name in ("git", "dovecot"):
        desk.jailpf("load", name)
    file = desk.write("pflog.txt", LINES)
    passed, first, _, legacy = desk.jailpf("log", "--file", str(file)).out.splitlines()
    assert (
        passed == "2026-11-27 10:00:00.1 passed  in on em0 tcp 198.51.100.2 port 53776 > 172.16.15.29 port 80  git http"
    )
    assert first.startswith(
        "2026-11-27 10:00:01.2 blocked in on em0 tcp 198.51.100.3 port 40000 > 203.0.113.1 port 8081  "
    )
    assert first.endswith("differs in port")
    assert f"({desk.root}/jails/" in first
    assert "dovecot [service.mail-insecure]" in legacy
    assert legacy.endswith("differs in from")


def test_only_some_jails_and_a_summary(desk: Desk) -> None:
    """Counted by jail, service, source and port, the most first."""
    desk.jailpf("load", "git")
    file = desk.write("pflog.txt", LINES)
    assert len(desk.jailpf("log", "git", "--file", str(file)).out.splitlines()) == 4
    assert desk.jailpf("log", "dovecot", "--file", str(file)).out == ""
    lines = desk.jailpf("log", "--summary", "--file", str(file)).out.splitlines()
    assert lines[1].split() == ["2", "blocked", "git", "-", "198.51.100.3", "tcp", "8081"]
    found = json.loads(desk.jailpf("log", "--summary", "--json", "--file", str(file)).out)
    assert found["summary"][0]["packets"] == 2
    packets = json.loads(desk.jailpf("log", "--json", "--file", str(file)).out)["packets"]
    assert [one["jail"] for one in packets] == ["git", "git", "git", "git"]
    assert packets[3]["nearest"]["differs"] == ["port"]


def test_a_jail_that_nobody_knows(desk: Desk) -> None:
    """Is no jail without packets."""
    file = desk.write("pflog.txt", LINES)
    answer = desk.jailpf("log", "gitt", "--file", str(file))
    assert (answer.status, answer.out) == (66, "")
    assert "did you mean" in answer.err
    assert desk.jailpf("log", "git", "--file", str(file)).status == 0  # declared, and not loaded


def test_a_file_that_is_not_there(desk: Desk) -> None:
    """Named; the usual one with what writes it."""
    answer = desk.jailpf("log", "--file", "/nonexistent")
    assert answer.status == 78
    assert answer.err.startswith("/nonexistent: cannot be read: No such file")
    assert "pflog_enable=YES" in desk.jailpf("log").err


def test_a_capture_is_read_by_tcpdump(desk: Desk) -> None:
    """What pflogd wrote goes through tcpdump(1) of [programs]."""
    desk.jailpf("load", "git")
    program = desk.write("tcpdump", f"#!/bin/sh\ncat {desk.root}/pflog.txt\n")
    program.chmod(0o755)
    desk.write("pflog.txt", LINES)
    (desk.root / "pflog").write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(20))
    settings = desk.root / "jailpf.toml"
    settings.write_text(settings.read_text() + f'[programs]\ntcpdump = "{program}"\n')
    assert "git http" in desk.jailpf("log", "--file", str(desk.root / "pflog")).out
    assert "git http" in desk.jailpf("log", "-f").out
    program.write_text("#!/bin/sh\necho tcpdump: no such device >&2\nexit 1\n")
    assert "no such device" in desk.jailpf("log", "-f").err


def test_a_file_of_something_else_is_no_empty_log(desk: Desk) -> None:
    """Whoever names the wrong file is told; a log in which nothing was kept is fine."""
    answer = desk.jailpf("log", "--file", str(desk.write("other.txt", "Nov 27 10:00:00 host sshd[1]: hello\n")))
    assert answer.status == 78
    assert "it has no line of pf's log" in answer.err
    for nothing in ("", LINES.splitlines()[0] + "\n"):
        assert desk.jailpf("log", "--file", str(desk.write("none.txt", nothing))).status == 0


def test_a_rule_is_known_by_its_identifier(desk: Desk) -> None:
    """Whatever has become of its number, and where pflog says no anchor at all."""
    desk.write("jails/git.toml", '[service.http]\nport = 80\nallow.log = "all"\n[jail]\nip4 = "172.16.15.29"\n')
    rules = desk.jailpf("render", "git").out
    (number,) = set(re.findall(r"ridentifier (\d+)", rules))
    line = f"2026-11-27 10:00:00.1 rule 7..99/0(match) [ridentifier {number}]: pass in on em0: 198.51.100.2.53776 > 10.9.9.9.81: Flags [.], ack 1\n"
    file = desk.write("pflog.txt", line)
    assert desk.jailpf("log", "--file", str(file)).out.endswith("  git http\n")
    desk.jailpf("load", "git")
    desk.write("jails/git.toml", '[service.other]\nport = 80\n[jail]\nip4 = "172.16.15.29"\n')
    assert desk.jailpf("log", "--file", str(file)).out.endswith("  git http\n")


@pytest.mark.parametrize("strange", [b"\0" * 70_000, b"no log\n" * 10_002, b"x" * 70_000 + b"\n"])
def test_what_is_no_log_ends_soon(desk: Desk, strange: bytes) -> None:
    """A device without an end, a program: refused after a while, and never held as a whole."""
    (desk.root / "strange").write_bytes(strange)
    answer = desk.jailpf("log", "--file", str(desk.root / "strange"))
    assert answer.status == 78
    assert "pf's log; give it a file of pflogd(8)" in answer.err


@pytest.mark.parametrize("form", ["gz", "bz2", "xz", "zst"])
def test_a_file_as_newsyslog_keeps_it(desk: Desk, form: str) -> None:
    """Compressed by any of its programs; what is damaged is said to be."""
    import bz2
    import gzip
    import lzma
    import shutil
    import subprocess

    program = shutil.which("zstd")
    packers = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    if form in packers:
        packed = packers[form](LINES.encode())
    elif program:
        packed = subprocess.run([program, "-qc"], input=LINES.encode(), capture_output=True, check=True).stdout
        with open(desk.root / "jailpf.toml", "a") as opened:
            opened.write(f'[programs]\nzstd = "{program}"\n')
    else:
        pytest.skip("zstd is not installed")
    file = desk.root / f"pflog.0.{form}"
    file.write_bytes(packed)
    assert len(desk.jailpf("log", "--file", str(file)).out.splitlines()) == 4
    file.write_bytes(packed[:-9])
    answer = desk.jailpf("log", "--file", str(file))
    assert answer.status == 78
    assert len(answer.err.splitlines()) == 1
