"""Services of one jail that share a port inside: each lets in whom it says, whatever the others say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin_hosts import HOST, OFFICE, OUT, OUT6, running

from jailpf.errors import DeclarationError
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

PUB = "[service.pub]\nport = 80\n"
TWO = '\n[jail]\nip4 = ["10.0.0.2", "10.0.0.22"]\n'


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("strict", "let_in"),
    [
        ('allow = { from = "198.51.100.0/24" }\n', OFFICE),
        ("allow = { from_port = 123 }\n", ""),
        ('allow = { on = "em1" }\n', ""),
        ('allow = { to = "10.0.0.22" }\n', ""),
    ],
    ids=["from", "from_port", "on", "to"],
)
def test_the_stricter_allow_of_two_is_kept(folder: Path, strict: str, let_in: str, first: bool) -> None:
    """Whichever stands first: what is redirected by one is not let in by the other."""
    admin = "[service.admin]\nport = 80\nrdr = { port = 8080 }\n" + strict
    host = running(folder, (admin + PUB if first else PUB + admin) + TWO)
    host.traffic(OUT, 80).reaches("web")
    host.traffic(OUT, 8080).is_blocked()
    if let_in:
        host.traffic(let_in, 8080).reaches("web", 80)


def test_by_family_and_by_a_range(folder: Path) -> None:
    """A port of a range is a port inside, too; a family that one does not let in is not let in by the other."""
    host = running(
        folder,
        '[service.a]\nport = 22\nallow.from = "198.51.100.0/24"\n'
        '[service.b]\nport = 22\nfamily = "inet6"\nrdr.port = 2222\n'
        '[service.admin]\nport = 20050\nrdr.port = 8080\nallow.from = "198.51.100.0/24"\n'
        '[service.range]\nport = "20000:20100"\nallow.max = 100\n',
    )
    host.traffic(OUT6, 22).is_blocked()
    host.traffic(OUT6, 2222).reaches("web", 22)
    host.traffic(OUT, 8080).is_blocked()
    host.traffic(OFFICE, 8080).reaches("web", 20050)
    host.traffic(OUT, 20050).reaches("web", 20050)


def test_limits_are_those_of_the_service_that_was_asked(folder: Path) -> None:
    """A client of one does not meet the other's limit."""
    host = running(folder, PUB + "[service.few]\nport = 80\nrdr.port = 8080\nallow.max_src_conn = 1\n")
    got = [bool(host.traffic(OUT, port, source_port=2000 + port + n)) for n in range(3) for port in (80, 8080)]
    assert got == [True, True, True, False, True, False]


def test_a_service_that_pf_conf_lets_in_is_not_let_in_by_another(folder: Path) -> None:
    """Without allow the tag is pf.conf's to use, and the other service has its own."""
    host = running(folder, PUB + "[service.theirs]\nport = 80\nrdr.port = 8080\nallow = false\n")
    host.traffic(OUT, 80).reaches("web")
    host.traffic(OUT, 8080).is_blocked()


@pytest.mark.parametrize("open_", ["allow.direct = true\n", "rdr = false\n"])
def test_what_is_reached_directly_is_refused_beside_a_stricter_allow(folder: Path, open_: str) -> None:
    """Without a tag nothing keeps the two apart; with the same narrowness at the rdr nothing has to."""
    strict = '[service.admin]\nport = 80\nrdr = { port = 8080 }\nallow = { from = "198.51.100.0/24" }\n'
    with pytest.raises(
        DeclarationError, match=r"web.toml:\d+:\d+: connections that this rdr redirects .* \[service.pub\]"
    ):
        running(folder, strict + PUB + open_)
    with pytest.raises(DeclarationError, match=r"web.toml:\d+:\d+: connections that this rdr redirects"):
        SimulatedHost(folder / "more", settings="direct = true\n" + HOST).start(PUB + strict, "web", ip6="")
    host = running(folder / "again", strict.replace("8080", '8080, from = "198.51.100.0/24"') + PUB + open_)
    host.traffic(OFFICE, 8080).reaches("web", 80)
    host.traffic(OUT, 8080).is_blocked()


def test_who_is_denied_is_denied_by_every_tag(folder: Path) -> None:
    """Also to another jail's port that two services share."""
    host = running(
        folder,
        '[service.a]\nport = 80\nrdr = { port = 8080, target = "near" }\nallow.from = "192.0.2.0/24"\n'
        '[service.b]\nport = 80\nrdr.target = "near"\n[deny.x]\nfrom = "192.0.2.7"\n',
    )
    for port in (80, 8080):
        host.traffic(OUT, port).is_blocked()
        host.traffic("192.0.2.8", port).reaches("near", 80)
    host.traffic(OFFICE, 8080).is_blocked()
