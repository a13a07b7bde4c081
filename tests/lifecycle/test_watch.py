"""jailpf watch: what sync does, at the moment when a jail comes or goes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from stand_ins.machine import HOST, web

from jailpf.lifecycle import watch, watch_events

if TYPE_CHECKING:
    from stand_ins.machine import Machine


class Seen:
    """A Watch over made-up answers; `synced` is what sync was called with."""

    def __init__(self, start: bool = False) -> None:
        self.now: dict[str, int] | None = {"web": 1, "db": 2}
        self.main: tuple[bytes, float] | None = (b"block all", 100.0)
        self.synced: list[tuple[str, ...]] = []
        self.said: list[str] = []
        self.watch = watch.Watch(self.synced.append, lambda: self.now, lambda: self.main, self.said.append, start)
        self.watch.begin()

    def look(self, now: dict[str, int] | None) -> list[tuple[str, ...]]:
        self.now = now
        self.synced.clear()
        self.watch.look()
        return list(self.synced)


def test_it_begins_with_everything() -> None:
    """Whatever happened while nobody watched."""
    assert Seen().synced == [()]


def test_a_jail_that_is_gone_is_synced() -> None:
    """By name, once; a jail of the same name with another jid is the old one gone."""
    seen = Seen()
    assert seen.look({"db": 2}) == [("web",)]
    assert seen.look({"db": 2}) == []
    assert seen.look({"db": 7}) == [("db",)]


@pytest.mark.parametrize(("start", "synced"), [(True, [("new",)]), (False, [])])
def test_a_jail_that_came_without_its_hook(start: bool, synced: list[tuple[str, ...]]) -> None:
    """Gets its rules when the settings say so."""
    assert Seen(start).look({"web": 1, "db": 2, "new": 3}) == synced


def test_another_main_ruleset_or_a_restart_is_followed_by_everything() -> None:
    """A changed rule or nat line, or pf enabled anew; time that passes is neither."""
    seen = Seen()
    seen.main = (b"block all", 100.9)
    assert seen.look(seen.now) == []
    seen.main = (b"pass all", 100.5)
    assert seen.look(seen.now) == [()]
    seen.main = (b"pass all", 400.0)
    assert seen.look(seen.now) == [()]
    seen.main = None  # pfctl cannot be asked
    assert seen.look(seen.now) == []
    seen.main = (b"pass all", 400.0)
    assert seen.look(seen.now) == []


def test_a_jls_that_cannot_be_asked_means_nothing() -> None:
    """What is loaded stays, and it is said."""
    seen = Seen()
    assert seen.look(None) == []
    assert seen.said == ["jls(8) does not answer; what is loaded stays"]
    assert seen.look({"web": 1, "db": 2}) == []


@pytest.mark.parametrize(
    ("out", "found"),
    [(b"1 web\n 12 a.b\n", {"web": 1, "a.b": 12}), (b"", {}), (b"usage: jls\n", None), (b"7\n", None)],
)
def test_what_jls_prints(out: bytes, found: dict[str, int] | None) -> None:
    """Anything else is not understood, and nobody is gone for that."""
    assert watch.listed(out) == found


def test_since_when_pf_is_enabled() -> None:
    """From the first line of pfctl -s info; 0 when it is not."""
    assert (
        watch.enabled_since(b"Status: Enabled for 1 days 01:00:05           Debug: Urgent\n", 100_000.0)
        == 100_000 - 90_005
    )
    assert watch.enabled_since(b"Status: Disabled for 0 days 00:00:05\n", 10.0) == 5.0
    assert watch.enabled_since(b"nonsense", 10.0) == 0.0


class Queue:
    """kqueue(2) with EVFILT_JAIL, as it was seen on 15.1."""

    def __init__(self, alive: set[int]) -> None:
        self.alive, self.added, self.events = alive, [], []  # type: ignore[var-annotated]

    def control(self, changes: list[Any] | None, count: int, seconds: float = 0) -> list[Any]:
        for one in changes or ():
            if one.filter == watch_events.EVFILT_JAIL:
                if one.ident and one.ident not in self.alive:
                    raise OSError(2, "No such file or directory")
                self.added.append((one.ident, one.fflags))
        found, self.events = self.events, []
        return found


def event(ident: int, filter: int = -1, flags: int = 1, fflags: int = 0) -> SimpleNamespace:  # noqa: A002 - kevent's word
    return SimpleNamespace(ident=ident, filter=filter, flags=flags, fflags=fflags)


def test_the_kernel_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CHILD on 0, REMOVE and SET on each jid, each once; one that is gone says so."""
    queue = Queue({1, 2})
    monkeypatch.setattr(select, "kqueue", lambda: queue, raising=False)
    monkeypatch.setattr(select, "kevent", event, raising=False)
    kernel = watch_events.Kernel(5)
    assert kernel.follow([1, 2])
    assert kernel.follow([1, 2])
    assert queue.added == [(0, 0x80000000), (1, 0x50000000), (2, 0x50000000)]
    assert not kernel.follow([1, 2, 3])
    queue.events = [SimpleNamespace(filter=watch_events.EVFILT_JAIL)]
    assert kernel.wait(0)
    assert not kernel.wait(0)


def test_the_whole_thing(machine: Machine) -> None:
    """A jail that dies by itself loses its rules, a second watch is refused, broken settings change nothing, SIGTERM ends it."""
    machine.settings(host=HOST + "[watch]\nevery = 1\n")
    machine.declare("web", web())
    machine.running("web")
    machine.jailpf("created", "web")
    assert machine.anchors()
    words = [sys.executable, "-I", "-m", "jailpf", *machine.arguments("watch")[4:]]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stderr
            assert "asking jls every 1 s" in daemon.stderr.readline()
            assert "as declared" in daemon.stderr.readline()
            pid = (machine.run_dir / "watch.pid").read_text()
            assert int(pid) == daemon.pid
            second = subprocess.run(words, capture_output=True, text=True, check=False)
            assert (second.returncode, second.stderr) == (75, "jailpf: another watch is already running\n")
            machine.running()
            assert "watch: web is gone" in daemon.stderr.readline()
            assert "web  remove" in daemon.stderr.readline()
            assert machine.anchors() == {}
            sound = machine.toml.read_text()
            machine.toml.write_text("[host\n")
            daemon.send_signal(signal.SIGHUP)
            assert "jailpf.toml:1:6: " in daemon.stderr.readline()
            assert "old settings stay" in daemon.stderr.readline()
            assert "asking jls" in daemon.stderr.readline()
            machine.toml.write_text(sound)
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
    assert not (machine.run_dir / "watch.pid").exists()


def test_it_is_small() -> None:
    """What waits imports nothing that only the work needs."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import sys, jailpf.lifecycle.watch as _; print('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True, env={},  # coverage itself imports much
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert not loaded & {
        "argparse",
        "dataclasses",
        "json",
        "subprocess",
        "tomllib",
        "re",
        "typing",
        "jailpf.declare.settings",
        "jailpf.errors",
    }
    assert os.path.basename(watch.__file__) == "watch.py"
