"""Ports that the host itself listens on, as sockstat(1) of 13 to 15 shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.lifecycle.checks import listeners
from jailpf.lifecycle.prepare import prepare
from jailpf.system import sockets
from jailpf.system.sockets import KERNEL, SSHD, Listener, parse
from jailpf.testing import SimulatedHost
from jailpf.values import Network

if TYPE_CHECKING:
    from pathlib import Path

    from jailpf.lifecycle.session import Session

OLD = """\
USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS
root     sshd       812   3  tcp6   *:22                  *:*
root     sshd       812   4  tcp4   *:22                  *:*
root     my daemon  99001 12 tcp46  *:8443                *:*
unbound  unbound    700   5  udp6   ::1:53                *:*
root     ntpd       650   21 udp6   fe80::1%lo0:123       *:*
nobody   x          1     3  udp4   *:*                   *:*
?        ?          ?     ?  udp4   *:51820               *:*
"""
NEW = """\
USER    COMMAND      PID FD PROTO LOCAL ADDRESS                           FOREIGN ADDRESS
root    sshd         812  3 tcp6  *:22                                    *:*
www     nginx      99001  6 tcp4  203.0.113.1:443                         *:*
www     nginx      99001  7 tcp6  2001:db8:1234:5678:9abc:def0:1:2:443    *:*
root    offload       17  7 toe4  *:5201                                  *:*
??      ??            ?? ?? udp46 *:51820                                 *:*
"""


def test_what_sockstat_of_13_and_14_prints() -> None:
    """Programs with a blank in their names, addresses without brackets, scopes; what has no port is no listener."""
    assert parse(OLD) == [
        Listener("sshd", "tcp", None, 22, "6"),
        Listener("sshd", "tcp", None, 22, "4"),
        Listener("my daemon", "tcp", None, 8443, "46"),
        Listener("unbound", "udp", Network.parse("::1"), 53, "6"),
        Listener("ntpd", "udp", Network.parse("fe80::1"), 123, "6"),
        Listener(KERNEL, "udp", None, 51820, "4"),
    ]


def test_what_sockstat_of_15_prints() -> None:
    """Columns as wide as what is in them; long addresses with their ports; offloaded TCP is TCP."""
    assert parse(NEW) == [
        Listener("sshd", "tcp", None, 22, "6"),
        Listener("nginx", "tcp", Network.parse("203.0.113.1"), 443, "4"),
        Listener("nginx", "tcp", Network.parse("2001:db8:1234:5678:9abc:def0:1:2"), 443, "6"),
        Listener("offload", "tcp", None, 5201, "4"),
        Listener(KERNEL, "udp", None, 51820, "46"),
    ]


def asking(folder: Path, answers: dict[bool, str], monkeypatch: pytest.MonkeyPatch) -> tuple[Session, list[list[str]]]:
    """A session whose sockstat answers; {whether jail 0 is asked for: what}, "" is a failure."""
    asked: list[list[str]] = []

    def run(program: str, *words: str) -> str:
        asked.append([program, *words])
        if not (text := answers["-j" in words]):
            from jailpf.errors import PfUnavailableError

            raise PfUnavailableError("no answer")
        return text

    monkeypatch.setattr(sockets.programs, "run", run)
    host = SimulatedHost(
        folder, settings='pf = "pfctl"\n[host]\next_if = "em0"\next_ip4 = "203.0.113.1"\next_ip6 = []\n'
    )
    host.declare("[service.a]\nport = [22, 443]\n[service.b]\nport = 8443\nrdr = { port = 9000 }\n", ip6="")
    return host.session(), asked


def test_a_jail_s_program_is_not_the_host_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that listens only what jail 0 and the kernel hold is a port of the host; both are asked once in a command."""
    session, asked = asking(tmp_path / "host", {False: OLD, True: NEW}, monkeypatch)
    prepared = prepare(session, "web", created=False)
    assert prepared
    for _ in range(2):
        said = [one.message for one in listeners.taken(session, prepared)]
        assert said == ["a redirects tcp port 443 of the host, where nginx listens"]
    assert [one[1:] for one in asked] == [["-4", "-6", "-l", "-w"], ["-4", "-6", "-l", "-w", "-j", "0"]]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [({False: "", True: ""}, [SSHD]), ({False: OLD, True: ""}, parse(OLD))],
    ids=["nobody-answers", "no-jail-0"],
)
def test_where_sockstat_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[bool, str], expected: list[Listener]
) -> None:
    """sshd(8) is taken for granted; an old one that knows no jail 0 tells of everybody."""
    session, _ = asking(tmp_path / "host", answers, monkeypatch)
    assert listeners.listening(session) == expected
