"""Third-party plugins, installed for real: used, broken, disabled, gone. And `plugin new`."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from jailpf.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from authors_site import Site

WEB = '[service.web]\nport = 80\ncountry = { deny = "aq" }\n[jail]\nip4 = "10.0.0.2"\n'
HOST = 'pf = "simulated"\n[host]\next_if = "em0"\next_ip4 = "<ext_ip4>"\n'


class Host:
    """A host whose jail `web` uses the rule type `country`."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder, self.site = folder, site
        (folder / "jails" / "zones").mkdir(parents=True)
        self.write("jails/zones/aq.zone", "192.0.2.0/24\n")
        self.write("jails/web.toml", WEB)
        self.plugins("country")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)

    def plugins(self, *names: str) -> None:
        self.write("jailpf.toml", f"plugins = {json.dumps(list(names))}\n{HOST}")

    def jailpf(self, *arguments: str, status: int = 0) -> str:
        options = ["-m", "jailpf", "-c", str(self.folder / "jailpf.toml"), "--run", str(self.folder / "run")]
        return self.site.run(*options, *arguments, status=status)


@pytest.fixture
def host(tmp_path: Path, site: Site) -> Host:
    return Host(tmp_path, site)


@pytest.mark.parametrize("name", ["jailpf-country", "jailpf-monitor", "jailpf-blackship"])
def test_an_example_passes_its_own_tests(site: Site, name: str) -> None:
    """The examples in docs/examples are whole: installed, their tests pass."""
    assert " passed" in site.test(site.examples / name)


def test_an_installed_type_is_used_when_the_settings_name_it(host: Host) -> None:
    """It renders, loads and goes again, its keys are in the schema, and `plugins` says whose it is."""
    assert "block in quick inet  proto tcp from <aq_web> to 10.0.0.2 port 80" in host.jailpf("render", "web")
    host.jailpf("prestart", "web")
    host.jailpf("created", "web")
    assert "web" in host.jailpf("status")
    host.jailpf("poststop", "web")
    assert "keeps whole countries" not in host.jailpf("schema", "host")
    assert "Keeps connections from whole countries away from the service." in host.jailpf("schema")
    assert "rule type country" in host.jailpf("plugins")
    assert "jailpf-country 1.0" in host.jailpf("plugins")


def test_an_installed_plugin_that_nobody_names_does_nothing(host: Host) -> None:
    """Without its name in `plugins` its word is unknown, it is not imported, and `plugins` says how to enable it."""
    host.plugins()
    assert "'country' is not a key of [service.web]" in host.jailpf("render", "web", status=65)
    assert "country" not in host.jailpf("schema")
    listed = host.jailpf("plugins")
    assert "no: not in `plugins`" in listed


def test_a_listener_adds_rules_and_hears_the_end(host: Host) -> None:
    """jailpf_created of an installed plugin adds its rule to what is loaded; `status` and `render` agree."""
    host.plugins("country", "monitor")
    text = host.jailpf("render", "web")
    assert "pass quick inet  proto icmp from <monitoring> to 10.0.0.2" in text


def test_a_broken_plugin_stops_the_start_and_never_the_end(host: Host, tmp_path: Path) -> None:
    """A plugin that fails to load is named with the remedy by prestart; poststop removes everything and reports it."""
    host.jailpf("created", "web")
    broken = type(host.site)(tmp_path / "broken")
    shutil.copytree(host.site.folder, broken.folder)
    (broken.folder / "jailpf_country.py").write_text("raise RuntimeError('out of countries')\n")
    host.site = broken
    said = host.jailpf("prestart", "web", status=78)
    assert "the plugin 'country' cannot be loaded: RuntimeError: out of countries; fix the plugin, or remove it" in said
    host.jailpf("created", "web", status=78)
    assert "out of countries" in host.jailpf("poststop", "web")
    assert list((host.folder / "run" / "records").iterdir()) == []
    host.plugins()
    host.write("jails/web.toml", WEB.replace("country", "# country"))
    assert "jailpf/web" not in host.jailpf("status")


def test_a_plugin_that_is_gone_is_named(host: Host, tmp_path: Path) -> None:
    """Named in the settings, but not installed: 78, and what to do."""
    host.site = type(host.site)(tmp_path / "empty")
    assert "the plugin 'country' is not installed; install it, or remove it" in host.jailpf(
        "prestart", "web", status=78
    )


def test_plugin_new_gives_a_tested_start(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `plugin new` writes passes its own tests, before and after it is installed, and works."""
    assert main(["plugin", "new", "office-hours", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "jailpf-office-hours"
    assert f"cd {folder}" in capsys.readouterr().out
    assert "3 passed" in site.test(folder)
    own = type(site)(tmp_path / "site")
    own.install(folder)
    host = Host(tmp_path / "etc", own)
    host.plugins("office-hours")
    host.write("jails/web.toml", WEB.replace('country = { deny = "aq" }', 'office_hours = { from = "192.0.2.0/24" }'))
    assert "block in quick inet  proto tcp from 192.0.2.0/24 to 10.0.0.2 port 80" in host.jailpf("render", "web")


@pytest.mark.parametrize("name", ["Web", "-a", "a b", "../x", "a--b", "", "rdr", "service", "x" * 41])
def test_plugin_new_refuses_what_is_no_name(name: str, tmp_path: Path) -> None:
    """A name becomes a folder, a module and a keyword; what cannot be all three is refused, and nothing is written."""
    assert main(["plugin", "new", "--into", str(tmp_path), "--", name]) == 64
    assert list(tmp_path.iterdir()) == []


def test_plugin_new_overwrites_nothing(tmp_path: Path) -> None:
    """A folder that is there stays as it is."""
    (tmp_path / "jailpf-mine").mkdir()
    assert main(["plugin", "new", "mine", "--into", str(tmp_path)]) == 64
    assert list((tmp_path / "jailpf-mine").iterdir()) == []
