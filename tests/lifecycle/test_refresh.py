"""jailpf.lifecycle.refresh and system.fetch: tables that follow the world, which is served here on the loopback."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.errors import DeclarationError, JailpfError, PfRefusedError, TryAgainError
from jailpf.lifecycle import refresh as module
from jailpf.lifecycle.refresh import fetched, refresh
from jailpf.lifecycle.survey import look
from jailpf.system import fetch
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT, OTHER = "198.51.100.7", "192.0.2.7"


class World:
    """What is served: a path gives a status, headers and a body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}


@pytest.fixture(scope="module")
def server() -> Iterator[World]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = world.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world = World(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield world
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def world(server: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    server.answers = {}
    return server


def running(folder: Path, world: World, more: str = "") -> SimulatedHost:
    """A jail whose clients are kept out by a list."""
    host = SimulatedHost(folder / "host", settings='[host]\next_if = "em0"\n')
    toml = f'[table.bad]\nurl = "{world.url}/drop"\n{more}[deny.bad]\nfrom = "<bad>"\n[service.a]\nport = 80\n'
    host.start(toml, ip4="10.0.0.2", ip6="")
    return host


def again(host: SimulatedHost) -> tuple[int, int]:
    session = host.session()
    (one,) = fetched(session, "web")
    return refresh(session, one)


def test_a_list_is_fetched_kept_and_loaded(tmp_path: Path, world: World) -> None:
    """Who is on it stays out from then on, comments and all; rules are not touched, and nothing counts as stale."""
    host = running(tmp_path, world)
    rules = host.pf.read("jailpf/web").rules
    host.traffic(CLIENT, 80).reaches("web")
    world.answers["/drop"] = (200, {}, b"; DROP list\n198.51.100.0/24 ; SBL1\n2001:db8:bad::/48 ; SBL2\n")
    assert again(host) == (2, 2)
    host.traffic(CLIENT, 80, source_port=5).is_blocked()
    host.traffic(OTHER, 80).reaches("web")
    assert host.pf.read("jailpf/web").rules == rules
    file = host.etc / "jails/web.bad.fetched"
    assert file.read_text() == "198.51.100.0/24\n2001:db8:bad::/48\n"
    assert file.stat().st_mode & 0o777 == 0o644
    session = host.session()
    from jailpf.lifecycle.prepare import prepare

    prepared = prepare(session, "web", created=True)
    assert prepared is not None
    assert look(session).condition(prepared.record) == "loaded"
    world.answers["/drop"] = (200, {}, b"192.0.2.0/24\n")
    assert again(host) == (1, 1)
    host.traffic(OTHER, 80, source_port=6).is_blocked()
    host.traffic(CLIENT, 80, source_port=6).reaches("web")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("0.0.0.0/0", "hold 0.0.0.0/0, which is wider than /8"),
        ("::/0", "hold ::/0, which is wider than /16"),
        ("0.0.0.0/1\n128.0.0.0/1", "hold 0.0.0.0/1, which"),
        ("!0.0.0.0/0", "hold 0.0.0.0/0, which"),
        ("2000::/3", "hold 2000::/3, which"),
        ("\n".join(f"{at}.0.0.0/8" for at in range(1, 130)), "hold more than half of all IPv4 addresses"),
        ("\n".join(f"{at:x}::/16" for at in range(0x2000, 0x3100)), "hold more than half of all IPv6 addresses"),
    ],
)
def test_a_list_of_everybody_is_not_believed(tmp_path: Path, world: World, lines: str, says: str) -> None:
    """File and table stay; what is said opens nothing; the administrator's own word lets it in, and so do his `addresses`."""
    host = running(tmp_path, world)
    world.answers["/drop"] = (200, {}, lines.encode())
    with pytest.raises(DeclarationError) as caught:
        again(host)
    assert says in str(caught.value)
    assert "may_be_wide" not in str(caught.value)
    assert not list((host.etc / "jails").glob("*.fetched"))
    host.traffic(CLIENT, 80).reaches("web")


def test_a_wide_list_that_is_meant_is_taken(tmp_path: Path, world: World) -> None:
    """`may_be_wide`, as lists of bogons need it; overlapping networks are not counted twice; `addresses` are nobody's feed."""
    host = running(tmp_path, world, "may_be_wide = true\n")
    world.answers["/drop"] = (200, {}, b"128.0.0.0/1\n")
    assert again(host) == (1, 1)
    (tmp_path / "own").mkdir()
    host = running(tmp_path / "own", world, 'addresses = "128.0.0.0/1"\n')
    world.answers["/drop"] = (200, {}, "".join(f"10.0.0.0/{bits}\n" for bits in range(8, 33)).encode() * 200)
    assert again(host) == (25, 25)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, {}, b""), "404"),
        ((200, {}, b"<html>Service unavailable</html>\n"), "not a list of addresses"),
        ((200, {}, b"; nothing today\n"), "would be empty"),
        ((200, {}, b"192.0.2.0/24\nbad.example.org\n"), "is a host name"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "not allowed"),
        ((302, {"Location": "/drop"}, b""), "redirect"),
        ((200, {}, b"192.0.2.1\n" * 200), "larger than 1000 bytes"),
    ],
)
def test_what_fails_leaves_everything_as_it_was(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, dict[str, str], bytes], says: str
) -> None:
    """The last good list stays, in the file and in pf."""
    host = running(tmp_path, world)
    world.answers["/drop"] = (200, {}, b"198.51.100.0/24\n")
    again(host)
    real = fetch.document
    monkeypatch.setattr(fetch, "document", lambda url: real(url, limit=1000))
    world.answers["/drop"] = answer
    with pytest.raises(JailpfError, match=says) as caught:
        again(host)
    assert caught.value.problems[0].remedy.startswith("the old members stay")
    assert (host.etc / "jails/web.bad.fetched").read_text() == "198.51.100.0/24\n"
    assert host.pf.table("jailpf/web", "bad", "show") == ["198.51.100.0/24"]


def test_nobody_answers(tmp_path: Path, world: World) -> None:
    """The same for a server that is away, and for one that is slow: the time is bounded as a whole."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    with taken, pytest.raises(TryAgainError, match="timed out"):
        fetch.document(f"http://127.0.0.1:{taken.getsockname()[1]}/", seconds=0.1)
    with pytest.raises(TryAgainError, match="refused"):
        fetch.document(f"http://127.0.0.1:{taken_port()}/")
    assert not (running(tmp_path, world).etc / "jails/web.bad.fetched").exists()


def taken_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_an_empty_list_is_believed_where_that_is_said(tmp_path: Path, world: World) -> None:
    """`may_be_empty`; what the declaration lists itself stays in."""
    host = running(tmp_path, world, 'may_be_empty = true\naddresses = "203.0.113.66"\n')
    world.answers["/drop"] = (200, {}, b"\n")
    assert again(host) == (0, 0)
    assert host.pf.table("jailpf/web", "bad", "show") == ["203.0.113.66"]


@contextmanager
def resolver(monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]]) -> Iterator[None]:
    """Names and their addresses."""

    def ask(name: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        if name not in known:
            raise socket.gaierror(8, "Name does not resolve")
        return [(0, 0, 0, "", (address, 0)) for address in known[name]]

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", ask)
        yield


def test_names_are_resolved_by_refresh_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of all names, none of them link-local; one name that fails fails the table."""
    host = SimulatedHost(tmp_path / "host", settings='[host]\next_if = "em0"\n')
    toml = '[table.office]\nnames = ["a.example.org", "b.example.org"]\n[service.ssh]\nport = 22\nfrom = "<office>"\n'
    with resolver(monkeypatch, {}):
        host.start(toml, ip4="10.0.0.2", ip6="")
    host.traffic(CLIENT, 22).is_blocked()
    known = {"a.example.org": [CLIENT, "2001:db8::7", "fe80::1%em0"], "b.example.org": [OTHER]}
    with resolver(monkeypatch, known):
        assert again(host) == (3, 3)
    host.traffic(CLIENT, 22).reaches("web")
    host.traffic(OTHER, 22).reaches("web")
    del known["b.example.org"]
    with (
        resolver(monkeypatch, known),
        pytest.raises(TryAgainError, match=r"b\.example\.org cannot be fetched: Name does not"),
    ):
        again(host)
    host.traffic(OTHER, 22, source_port=7).reaches("web")


def test_more_than_pfctl_replaces_at_once_goes_in_steps(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New members come before old ones go; the rest is not touched."""
    host = running(tmp_path, world)
    monkeypatch.setattr(module, "ONE_REPLACE", 2)
    world.answers["/drop"] = (200, {}, b"192.0.2.1 192.0.2.2 192.0.2.3\n")
    again(host)
    world.answers["/drop"] = (200, {}, b"192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6\n")
    assert again(host) == (5, 3)
    assert host.pf.table("jailpf/web", "bad", "show") == [f"192.0.2.{number}" for number in range(2, 7)]


def test_more_than_a_load_can_hold_is_refused(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """pf's limit is named before anything is written."""
    host = running(tmp_path, world)
    monkeypatch.setattr(module, "ONE_LOAD", 2)
    monkeypatch.setattr(module, "_maximum", lambda session: 2)
    world.answers["/drop"] = (200, {}, b"192.0.2.1 192.0.2.2 192.0.2.3\n")
    with pytest.raises(PfRefusedError, match=r"3 members, and pf takes 2 at once; sysctl net\.pf\.request_maxcount=4"):
        again(host)
    assert not (host.etc / "jails/web.bad.fetched").exists()


def test_the_age_is_that_of_the_last_good_list(tmp_path: Path, world: World) -> None:
    """None before the first."""
    host = running(tmp_path, world)
    assert [one.age for one in fetched(host.session(), "web")] == [None]
    world.answers["/drop"] = (200, {}, b"192.0.2.1\n")
    again(host)
    file = host.etc / "jails/web.bad.fetched"
    os.utime(file, (file.stat().st_mtime - 86400,) * 2)
    (one,) = fetched(host.session(), "web")
    assert one.age is not None
    assert 86400 <= one.age < 90000
    world.answers["/drop"] = (200, {}, b"")
    with pytest.raises(DeclarationError):
        again(host)
    (one,) = fetched(host.session(), "web")
    assert one.age is not None
    assert one.age >= 86400
