"""jailpf.testing as an outside author uses it."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import DeclarationError
from jailpf.plugin import Rule, hookimpl
from jailpf.testing import Case, Golden, SimulatedHost, cases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jailpf.testing import SimulatedJail, Traffic

pytest_plugins = ["jailpf.testing"]
WEB = "[service.web]\nport = 80\n"


def test_a_published_service_is_reached_and_others_are_blocked(
    jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]
) -> None:
    """A jail that was started is reached by its port of both families, and by no other."""
    jail(WEB)
    traffic("192.0.2.7", 80).reaches("web", port=80)
    traffic("2001:db8:1::7", 80).reaches("web")
    traffic("192.0.2.7", 443).is_blocked()


def test_a_stopped_jail_leaves_nothing(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """After stop() no anchor, no state and no way in is left."""
    web = jail(WEB)
    assert list(web.anchors) == ["jailpf/web"]
    assert traffic("192.0.2.7", 80)
    assert web.stop() == []
    assert web.anchors == {}
    assert web.host.pf.states() == []
    traffic("192.0.2.7", 80, to="10.0.0.2").is_blocked()


def test_reload_takes_the_file_as_it_is_now(
    simulated_host: SimulatedHost, jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]
) -> None:
    """reload() loads what the file says by then."""
    web = jail(WEB)
    simulated_host.write("jails/web.toml", "[service.web]\nport = 81\n")
    web.reload()
    traffic("192.0.2.7", 81).reaches("web")
    traffic("192.0.2.7", 80).is_blocked()


def test_a_failed_expectation_names_the_deciding_rule(
    jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]
) -> None:
    """When traffic goes another way than expected, the message shows the steps and their rules."""
    jail(WEB)
    with pytest.raises(AssertionError, match=r"does not reach mail: it arrives at web \(10.0.0.2 port 80\)\n.*rdr"):
        traffic("192.0.2.7", 80).reaches("mail")
    with pytest.raises(AssertionError, match="is not blocked"):
        traffic("192.0.2.7", 80).is_blocked()
    with pytest.raises(AssertionError, match="on port 80, not 81"):
        traffic("192.0.2.7", 80).reaches("web", port=81)
    with pytest.raises(AssertionError, match=r"does not reach web: block.*\n.*pf.conf: block"):
        traffic("192.0.2.7", 22).reaches("web")


def test_a_connection_can_be_closed(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """close() ends the states, so that limits count anew."""
    jail("[service.web]\nport = 80\nallow = { max_src_conn = 1 }\n")
    first = traffic("192.0.2.7", 80, source_port=1025).reaches("web")
    traffic("192.0.2.7", 80, source_port=1026).is_blocked()
    first.close()
    traffic("192.0.2.7", 80, source_port=1027).reaches("web")


def test_jails_talk_and_go_out(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """A jail, and the host, can be where traffic comes from; each jail gets addresses of its own."""
    jail(WEB)
    jail("[out.all]\n[nat.all]\naddress = '203.0.113.1'\n", name="client", ip6="")
    traffic("jail:client", 443, to="198.51.100.1").reaches("198.51.100.1")
    traffic("jail:web", 443, to="198.51.100.1").is_blocked()
    traffic("jail:client", 80, to="10.0.0.2").is_blocked()


def test_a_vnet_jail_is_behind_its_bridge(jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]) -> None:
    """vnet=True puts the jail behind an interface of the host."""
    jail(WEB, name="vn", vnet=True, ip4=["10.9.0.5"], ip6="")
    traffic("192.0.2.7", 80).reaches("vn")


def test_render_shows_stable_paths(render: Callable[..., str]) -> None:
    """What render gives names files as if the host were in /usr/local/etc/jailpf."""
    text = render("[service.web]\nport = 80\nfrom = '<a>'\n[table.a]\nfile = 'a.table'\n", files={"a.table": ""})
    assert text.startswith('table <a> persist file "/usr/local/etc/jailpf/jails/a.table"\nrdr on em0 inet ')


def test_problems_are_lines_with_places(problems: Callable[..., list[str]]) -> None:
    """Every problem comes back as FILE:LINE:COLUMN: sentence; a sound file has none."""
    assert problems(WEB) == []
    assert problems("[service.web]\nport = 80\nform = 'any'\n") == [
        "web.toml:3:1: 'form' is not a key of [service.web]; did you mean 'from'?"
    ]


class TestOtherSettings:
    """The fixtures that a test may replace."""

    @pytest.fixture
    def settings(self) -> str:
        return '[host]\next_if = "em0"\next_ip6 = []\n'

    @pytest.fixture
    def pf_conf(self) -> str:
        return 'rdr-anchor "jailpf/*"\nanchor "jailpf/*"\npass\n'

    def test_the_host_is_as_the_fixtures_say(
        self, jail: Callable[..., SimulatedJail], traffic: Callable[..., Traffic]
    ) -> None:
        """Settings and pf.conf are those of the test; "(em0:0)" is resolved for `to`."""
        jail(WEB)
        traffic("192.0.2.7", 80).reaches("web")
        traffic("192.0.2.7", 22).reaches("host")
        with pytest.raises(AssertionError, match="no inet6 address"):
            traffic("2001:db8:1::7", 80)


class TestModules:
    """Plugins that are not installed."""

    told: tuple[str, ...] = ()

    @pytest.fixture
    def plugins(self) -> list[object]:
        module = types.ModuleType("listener")
        self.told = ()

        @hookimpl
        def jailpf_created(jail: object) -> list[Rule]:
            return [Rule(action="pass", direction="in", quick=True)]

        @hookimpl
        def jailpf_poststop(jail: object) -> None:
            raise ValueError("no more")

        vars(module).update(jailpf_created=jailpf_created, jailpf_poststop=jailpf_poststop)
        return [module]

    def test_a_module_is_a_plugin_from_start_to_stop(self, jail: Callable[..., SimulatedJail]) -> None:
        """Hooks of a module are called like those of an installed plugin."""
        web = jail(WEB)
        assert web.anchors["jailpf/web"].rules[0].startswith("pass in quick all")
        (said,) = web.stop()
        assert said.startswith("the plugin 'listener' failed in jailpf_poststop for web: ValueError: no more; ")


class TestGolden:
    """Golden pairs."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "cases"
        folder.mkdir()
        (folder / "good.toml").write_text("[service.web]\nport = 80\nfrom = '<a>'\n[table.a]\nfile = 'a.table'\n")
        (folder / "a.table").write_text("192.0.2.0/24\n")
        (folder / "bad.toml").write_text("[service.web]\nport = 0\n")
        (folder / "jailpf.toml").write_text('[host]\next_if = "em1"\n')
        return folder

    def test_refresh_writes_what_a_later_run_accepts(
        self, folder: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With JAILPF_REFRESH the pairs are written: .pf for what is sound, .err for what is not."""
        assert [str(case) for case in cases(folder)] == ["bad", "good"]
        with pytest.raises(AssertionError, match="run again with JAILPF_REFRESH=1"):
            golden(Case(folder / "good.toml"))
        monkeypatch.setenv("JAILPF_REFRESH", "1")
        for case in cases(folder):
            golden(case)
        monkeypatch.delenv("JAILPF_REFRESH")
        for case in cases(folder):
            golden(case)
        assert "rdr on em1 inet" in (folder / "good.pf").read_text()
        assert (folder / "bad.err").read_text() == "bad.toml:2:8: port 0 does not exist; ports are 1 to 65535\n"

    def test_a_case_may_have_a_host_of_its_own(self, folder: Path, golden: Golden) -> None:
        """NAME.host.toml goes before the folder's jailpf.toml, and is no case itself."""
        (folder / "good.host.toml").write_text('[host]\next_if = "em2"\n')
        assert [str(case) for case in cases(folder)] == ["bad", "good"]
        path, text = golden.outcome(Case(folder / "good.toml"))
        assert path.name == "good.pf"
        assert "rdr on em2 inet" in text

    def test_an_error_is_no_rules(self, folder: Path, golden: Golden) -> None:
        """A case with a .pf that became an error fails, whatever the .pf says."""
        (folder / "bad.pf").write_text("")
        with pytest.raises(AssertionError, match=r"bad.pf is there, but it became\nbad.toml:2:8"):
            golden(Case(folder / "bad.toml"))


def test_jail_raises_what_prestart_raises(jail: Callable[..., SimulatedJail]) -> None:
    """A declaration that cannot be loaded does not start a jail."""
    with pytest.raises(DeclarationError):
        jail("[service.web]\nport = 0\n")
