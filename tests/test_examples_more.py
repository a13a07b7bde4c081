"""The smaller hosts of examples/, in terms of traffic: what each is for, and what it must not let through."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from test_examples import EXAMPLES, OFFICE, OUT, host_of

from jailpf.lifecycle.checks.conflicts import check_all
from jailpf.lifecycle.prepare import prepare
from jailpf.lifecycle.refresh import fetched, refresh

if TYPE_CHECKING:
    from pathlib import Path

    from jailpf.testing import SimulatedHost


@pytest.mark.parametrize("name", ["vpn", "two-uplinks", "pool", "by-name", "deny-list"])
def test_nobody_claims_what_another_has(tmp_path: Path, name: str) -> None:
    """`jailpf check` finds nothing."""
    host = host_of(name, tmp_path)
    found = [prepare(host.session(), one, created=False) for one in host.known]
    assert check_all(host.session(), [one.record for one in found if one]) == []


def test_the_vpn_jail_never_leaves_by_em0(tmp_path: Path) -> None:
    """By the tunnel with its address; by em0 nothing, whoever asks for it; its neighbour leaves as the host."""
    host = host_of("vpn", tmp_path)
    host.pf.topology.add_interface("wg0", "172.31.0.2/32")
    for proto in ("tcp", "udp"):
        host.traffic("jail:torrent", 443, to=OFFICE, proto=proto).is_blocked()
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE).connection.source == "203.0.113.1"
    assert host.pf.connect("tcp", OUT, "172.31.0.2", 51413, interface="wg0").delivered_to == "torrent"
    assert not host.pf.connect("tcp", OUT, "203.0.113.1", 51413)
    host.pf.topology.set_external("wg0")
    assert host.traffic("jail:torrent", 443, to=OFFICE).reaches(OFFICE).connection.source == "172.31.0.2"


def test_two_uplinks_answer_where_they_were_asked(tmp_path: Path) -> None:
    """web by both; backup sends by the second provider, with its address, and nowhere else."""
    host = host_of("two-uplinks", tmp_path)
    host.pf.topology.add_interface("em1", "198.18.0.1/24")
    for asked in (
        host.pf.connect("tcp", OUT, "203.0.113.1", 443),
        host.pf.connect("tcp", OUT, "198.18.0.1", 443, interface="em1", source_port=5),
    ):
        assert (asked.verdict, asked.delivered_to) == ("pass", "web"), asked.reason  # its answer comes back, too
    found = host.traffic("jail:backup", 22, to=OFFICE).reaches(OFFICE)
    assert found.connection.source == "198.18.0.1"
    host.traffic("jail:backup", 443, to=OFFICE).is_blocked()
    host.traffic("jail:backup", 22, to=OUT).is_blocked()


def test_three_jails_behind_one_port(tmp_path: Path) -> None:
    """By 80 and by each port of the range, each of them; the jails themselves are reached by nobody."""
    host = host_of("pool", tmp_path)
    assert host.pf.connect("tcp", OUT, "203.0.113.1", 80, keep=False).delivered_to == "web1 or web2 or web3"
    for number, port in enumerate((80, 8000, 8010)):
        found = host.traffic(OUT, port, source_port=3000 + number)
        assert found.connection.delivered_to in {"web1", "web2", "web3"}
        assert found.connection.port == 8080
    for number in (1, 2, 3):
        host.traffic(OUT, 8080, to=f"10.0.0.1{number}").is_blocked()


def test_a_jail_that_two_others_reach_by_name(tmp_path: Path) -> None:
    """From lo1 and from behind a bridge, by both families; from a neighbour, from outside and with a borrowed address not."""
    host = host_of("by-name", tmp_path)
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24", "fd00:1::1/64")
    for name in ("app", "report"):
        for to in ("10.0.0.30", "fd00::30"):
            host.traffic(f"jail:{name}", 5432, to=to).reaches("db", 5432)
            host.traffic(f"jail:{name}", 22, to=to).is_blocked()
    host.traffic("jail:mail", 5432, to="10.0.0.30").is_blocked()
    host.traffic(OUT, 5432, to="10.0.0.30").is_blocked()
    for borrowed in ("10.0.0.10", "10.0.1.20"):
        assert not host.pf.connect("tcp", borrowed, "10.0.0.30", 5432, interface="em0", keep=False)


def test_all_mail_goes_by_the_relay(tmp_path: Path) -> None:
    """No connection to port 25 of anybody."""
    host = host_of("by-name", tmp_path)
    host.traffic("jail:mail", 587, to="198.51.100.25").reaches("198.51.100.25")
    for to in (OFFICE, "198.51.100.25", "10.0.0.10"):
        host.traffic("jail:mail", 25, to=to).is_blocked()
    host.traffic(OUT, 25).reaches("mail", 25)


def follow(host: SimulatedHost, body: bytes) -> None:
    """Serve a list on the loopback in place of the one in the world, and refresh the table once."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        toml = (EXAMPLES / "deny-list/jails/web.toml").read_text()
        url = toml.split('url = "')[1].split('"')[0]
        host.write("jails/web.toml", toml.replace(url, f"http://127.0.0.1:{server.server_port}/drop.txt"))
        session = host.session()
        (one,) = fetched(session, "web")
        refresh(session, one)
        server.shutdown()


def test_a_deny_list_that_follows_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is on it is out from the next refresh on, and in again when no longer on it."""
    monkeypatch.setenv("no_proxy", "*")
    host = host_of("deny-list", tmp_path)
    host.traffic(OUT, 443).reaches("web")
    follow(host, b"; Spamhaus DROP List\n192.0.2.0/24 ; SBL1\n")
    host.traffic(OUT, 443, source_port=5).is_blocked()
    host.traffic(OFFICE, 443).reaches("web")
    follow(host, b"; Spamhaus DROP List\n198.51.100.0/24 ; SBL2\n")
    host.traffic(OUT, 443, source_port=6).reaches("web")
    host.traffic(OFFICE, 443, source_port=6).is_blocked()
