"""jailpf.lifecycle.checks.silent, listeners and conflicts: what pf would take and silently not do, or do to the wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConflictError, PfUnavailableError
from jailpf.lifecycle.checks import listeners, silent
from jailpf.lifecycle.prepare import Prepared, prepare
from jailpf.system import programs, sockets
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'
LINES = 'nat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\nblock all\nanchor "jailpf/*"\n'
DENY = "[deny.smtp]\nport = 25\n"
SOCKSTAT = """\
USER     COMMAND    PID   FD  PROTO  LOCAL ADDRESS         FOREIGN ADDRESS
root     sshd        1234 3   tcp6   *:22                  *:*
root     sshd        1234 4   tcp4   *:22                  *:*
unbound  unbound     1000 5   udp4   203.0.113.1:53        *:*
www      nginx       2000 6   tcp4   10.0.0.2:80           *:*
root     ntpd        1500 21  udp6   [fe80::1%lo0]:123     *:*
"""


def prepared(host: SimulatedHost, name: str = "web") -> Prepared:
    found = prepare(host.session(), name, created=False)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("nat", "refused"),
    [
        ("nat on em0 from 10.0.0.0/24 to any -> (em0:0)", True),
        ("nat on em0 inet from <jails> to ! <local> -> 203.0.113.1", True),
        ("nat on em0 from any to any -> (em0:0)", True),
        ("nat on em0 from { 10.9.0.0/24 10.0.0.2 } to any -> (em0:0)", True),
        ("nat on em0 from 10.9.0.0/24 to any -> (em0:0)", False),
        ("nat on em0 inet6 from fd00::/8 to any -> (em0:0)", False),
    ],
)
def test_a_deny_that_pf_conf_s_nat_would_open_is_refused(tmp_path: Path, nat: str, refused: bool) -> None:
    """The filter sees the host's address then, and no tag; `prestart` says which line it is."""
    tables = "table <jails> { 10.0.0.2 }\ntable <local> { 192.168.0.0/16 }\n"
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=f"{tables}{nat}\n{LINES}")
    host.declare(DENY, "web", ip4="10.0.0.2", ip6="")
    if refused:
        with pytest.raises(PfUnavailableError, match=r"deny\.smtp would not block them"):
            host.start(DENY, "web", ip4="10.0.0.2", ip6="")
    else:
        host.start(DENY, "web", ip4="10.0.0.2", ip6="")


def test_of_a_vnet_jail_it_stands_before_any_nat(tmp_path: Path) -> None:
    """On its bridge."""
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=f"nat on em0 from any to any -> (em0:0)\n{LINES}")
    host.start(DENY, "web", ip4="10.0.1.2", ip6="", vnet=True)


def test_cards_and_logs_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pf would drop what is routed by a missing card, and read past an array for a missing log."""
    uplink = '[host.uplink.dsl]\ninterface = "em1"\ngateway = "198.18.0.254"\n'
    host = SimulatedHost(tmp_path / "host", settings=HOST + uplink, pf_conf=LINES)
    host.declare(
        '[service.a]\nport = 80\nrdr = { on = ["em0", "dsl"] }\nallow = { log = { to = "pflog3" } }\n',
        ip4="10.0.0.2",
        ip6="",
    )
    one = prepared(host)
    session = host.session()
    session.settings.__dict__["pf"] = "pfctl"
    said = {"there": "em0 em1 lo0 pflog0 pflog3"}
    monkeypatch.setattr(programs, "run", lambda *_: said["there"])
    assert list(silent.missing(session, one)) == []
    said["there"] = "em0 lo0 pflog0"
    found = [problem.message for problem in silent.missing(session, one)]
    assert found == [
        "there is no interface em1, so pf would drop what this rule matches",
        "there is no interface pflog3 to log to",
    ]


def test_what_the_host_listens_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without an outside port of its own takes it; with one it says that it is meant."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\next_ip4 = "203.0.113.1"\n', pf_conf=LINES)
    heard = sockets.parse(SOCKSTAT)
    monkeypatch.setattr(listeners, "listening", lambda _: heard)
    assert [(one.who, one.port) for one in heard] == [
        ("sshd", 22),
        ("sshd", 22),
        ("unbound", 53),
        ("nginx", 80),
        ("ntpd", 123),
    ]
    toml = '[service.ssh]\nport = 22\n[service.dns]\nproto = "tcp+udp"\nport = 53\n[service.web]\nport = 80\n'
    toml += "[service.git]\nport = 22\nrdr = { port = 2222 }\n[service.inside]\nport = 22\nrdr = false\n"
    host.declare(toml, "web", ip4="10.0.0.2", ip6="")
    found = listeners.taken(host.session(), prepared(host))
    assert [problem.message for problem in found] == [
        "ssh redirects tcp port 22 of the host, where sshd listens",
        "dns redirects udp port 53 of the host, where unbound listens",
    ]
    assert all("2222" in problem.remedy for problem in found)
    host.declare(
        toml.replace("port = 53\n", 'port = 53\nrdr = { to = "203.0.113.9" }\n'), "web", ip4="10.0.0.2", ip6=""
    )
    assert len(listeners.taken(host.session(), prepared(host))) == 1


def test_two_jails_with_one_address(tmp_path: Path) -> None:
    """What is let in to one is let in to the other: told at the file that was asked about, unless both share it."""
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=LINES)
    host.start("[service.a]\nport = 1\n", "one", ip4="10.0.0.2", ip6="")
    with pytest.raises(ConflictError, match=r"two\.toml: 10\.0\.0\.2 of two is also the address of one"):
        host.start("[service.a]\nport = 2\n", "two", ip4="10.0.0.2", ip6="")


def test_two_jails_that_let_in_to_one_port_of_the_host(tmp_path: Path) -> None:
    """Of the host there is one, however many jails share its address."""
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=LINES)
    toml = '[service.a]\nport = 80\nrdr = false\n[jail]\nip4 = "203.0.113.1"\nip6 = []\nshared = true\n'
    host.start(toml, "one")
    with pytest.raises(ConflictError, match="two a claims tcp port 80 of 203"):
        host.start(toml, "two")
    host.start(toml.replace("80", "81"), "three")


def test_the_loopback_is_the_host_s(tmp_path: Path) -> None:
    """Unless it is said to be shared."""
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf=LINES)
    toml = '[service.a]\nport = 80\nrdr = false\n[jail]\nip4 = "127.0.0.1"\nip6 = []\n'
    assert "127.0.0.1 is the host's own; say shared = true" in host.problems(toml)[0]
    assert host.problems(toml + "shared = true\n") == []


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[service.a]\nport = 80\nallow = { on = "em1" }\n', "redirected connections come in on em0"),
        (
            '[binat.a]\naddress = "203.0.113.9"\n[service.a]\nport = 80\n',
            "the jail's address outside is that of the binat",
        ),
    ],
)
def test_keys_that_cancel_each_other_are_told(tmp_path: Path, toml: str, says: str) -> None:
    """A note with a remedy, for `check` and `prestart` alike."""
    host = SimulatedHost(tmp_path / "host", settings=HOST, pf_conf='binat-anchor "jailpf/*"\n' + LINES)
    host.declare(toml, ip4="10.0.0.2", ip6="")
    session = host.session()
    prepare(session, "web", created=False)
    assert [note for note in session.notes if says in note.message and note.remedy]
    assert host.problems(toml, ip4="10.0.0.2", ip6="") == []
