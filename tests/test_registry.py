"""Third-party plugins: installed is not enough, named is; and a broken one is told by its name."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

sys.path.insert(0, __file__.rpartition("/")[0])

from stand_ins import forked
from stand_ins.machine import Machine, web

GEO = '''
from pathlib import Path
from jailpf.plugin import Rule, RuleType, hookimpl, key, Port

class Geo(RuleType):
    """Lets in by country."""
    keyword = "geo"
    scope = "jail"
    port: tuple[Port, ...] = key(Port, "The port.", many=True)

    def render(self, context):
        for side in context.sides():
            yield Rule(action="block", quick=True, family=side.family, source=(), to=side.jail)

@hookimpl
def jailpf_rule_types():
    return [Geo]

@hookimpl
def jailpf_poststop(jail):
    Path(__file__).with_name("stopped").write_text(jail.name)
'''
SPY = "from pathlib import Path\nPath(__file__).with_name('imported').write_text('')\n"
BROKEN = "raise ZeroDivisionError('a plugin with a bug')\n"
LEAVING = "raise SystemExit(3)\n"
RAISING = """
from jailpf.plugin import hookimpl

@hookimpl
def jailpf_prestart(jail):
    raise ValueError("not today")

@hookimpl
def jailpf_created(jail):
    raise ValueError("not now")

@hookimpl
def jailpf_poststop(jail):
    raise ValueError("never")
"""
UNKNOWN = "from jailpf.plugin import hookimpl\n@hookimpl\ndef jailpf_crated(jail): ...\n"
RDR = """
from jailpf.plugin import RuleType, hookimpl
class Mine(RuleType):
    keyword = "rdr"
@hookimpl
def jailpf_rule_types():
    return [Mine]
"""


class Site:
    """A folder with distributions, as pip would leave them, and a machine whose jailpf has it on its path."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "site"
        self.folder.mkdir()
        self.machine = Machine(root / "host")
        self.machine.running()
        self.machine.declare("web")

    def add(self, name: str, source: str) -> None:
        """Install a distribution with one module and one entry point."""
        (self.folder / f"{name}_module.py").write_text(source)
        info = self.folder / f"jailpf_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jailpf-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[jailpf]\n{name} = {name}_module\n")

    def name(self, *names: str) -> None:
        """Name plugins in the settings."""
        self.machine.settings(f"plugins = {list(names)!r}\n".replace("'", '"'))

    def jailpf(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = forked.run(self.machine.arguments(*words)[4:], os.environ, 60, [str(self.folder)])
        assert done.returncode == status, done.stderr
        return done


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_named_plugin_is_used(site: Site) -> None:
    """Its rule type is a keyword like any other, and its hooks are called."""
    site.add("geo", GEO)
    site.name("geo")
    site.machine.declare("web", web() + "[geo.far]\nport = 22\n")
    assert "block quick inet from any to 172.16.15.16" in " ".join(site.jailpf("render", "web").stdout.split())
    site.jailpf("prestart", "web")
    site.jailpf("created", "web")
    assert "jailpf-geo 1.0" in site.jailpf("plugins").stdout
    site.jailpf("poststop", "web")
    assert (site.folder / "stopped").read_text() == "web"


def test_what_is_only_installed_is_not_imported(site: Site) -> None:
    """Not by the hooks, not by looking; `plugins` says how to enable it."""
    site.add("spy", SPY)
    for words in (["prestart", "web"], ["created", "web"], ["plugins"], ["check"], ["poststop", "web"]):
        done = site.jailpf(*words)
    assert "not in `plugins`" in site.jailpf("plugins").stdout
    assert not (site.folder / "imported").exists()
    assert not done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [(BROKEN, "ZeroDivisionError"), (LEAVING, "SystemExit"), ("import no_such_module\n", "no_such_module"), ("syntax error\n", "SyntaxError"), (UNKNOWN, "jailpf_crated")],
)  # fmt: skip
def test_a_plugin_that_cannot_be_loaded_is_named(site: Site, source: str, said: str) -> None:
    """78 with its name and the remedy for whatever needs it; poststop does not care."""
    site.jailpf("created", "web")
    site.add("sick", source)
    site.name("sick")
    for words in (["prestart", "web"], ["created", "web"], ["check"]):
        done = site.jailpf(*words, status=78)
        assert "'sick'" in done.stderr
        assert said in done.stderr
        assert "`plugins`" in done.stderr
        assert "Traceback" not in done.stderr
    site.jailpf("poststop", "web")
    assert site.machine.anchors() == {}


def test_a_plugin_that_is_not_installed_is_named(site: Site) -> None:
    """78, and what to do."""
    site.name("nobody")
    assert "install it" in site.jailpf("prestart", "web", status=78).stderr


def test_a_plugin_that_vanished_does_not_stop_poststop(site: Site) -> None:
    """It was there when the jail was created; its absence is reported, and everything is taken away."""
    site.add("geo", GEO)
    site.name("geo")
    site.jailpf("created", "web")
    (site.folder / "geo_module.py").unlink()
    assert "geo" in site.jailpf("poststop", "web").stderr
    assert site.machine.anchors() == {}
    assert site.machine.records() == []


def test_a_plugin_that_raises_in_every_hook(site: Site) -> None:
    """A veto at prestart, a refusal at created, a line at poststop; each with the plugin's name."""
    site.add("grim", "\n")
    site.name("grim")
    site.jailpf("created", "web")
    (site.folder / "grim_module.py").write_text(RAISING)
    assert "not today" in site.jailpf("prestart", "web", status=65).stderr
    done = site.jailpf("reload", "web", status=78)
    assert "'grim'" in done.stderr
    assert "not now" in done.stderr
    assert list(site.machine.anchors()) == ["jailpf/web"]
    done = site.jailpf("poststop", "web")
    assert "'grim'" in done.stderr
    assert "never" in done.stderr
    assert site.machine.anchors() == {}


def test_two_owners_of_one_keyword(site: Site) -> None:
    """Both are named, a built-in and a plugin as well as two plugins."""
    site.add("mine", RDR)
    site.name("mine")
    done = site.jailpf("check", status=78)
    assert "'mine'" in done.stderr
    assert "jailpf's rdr" in done.stderr
    site.add("geo", GEO)
    site.add("other", GEO)
    site.name("geo", "other")
    done = site.jailpf("check", status=78)
    assert "'geo'" in done.stderr
    assert "'other'" in done.stderr


def test_a_listener_to_created_is_asked_each_time(site: Site) -> None:
    """With a plugin that adds rules no created is warm, and its rules are loaded."""
    site.add(
        "adds",
        'from jailpf.plugin import Rule, hookimpl\n@hookimpl\ndef jailpf_created():\n    return [Rule(action="block", quick=True)]\n',
    )
    site.name("adds")
    site.jailpf("prestart", "web")
    site.jailpf("created", "web")
    assert "block quick all" in site.machine.anchors()["jailpf/web"]


NO_RENDER = """
from jailpf.plugin import RuleType, hookimpl
class Empty(RuleType):
    keyword = "empty"
@hookimpl
def jailpf_rule_types():
    return [Empty]
"""
UNMARKED = "def jailpf_created():\n    return []\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (NO_RENDER, "the rule type 'empty' of the plugin 'sick' has no render()"),
        (UNMARKED, "jailpf_created of the plugin 'sick' is never called; write @hookimpl above it"),
        (UNKNOWN, "implements jailpf_crated, which is not a hook of jailpf; did you mean 'jailpf_created'?"),
    ],
)
def test_what_can_be_seen_at_once_is_said_at_once(site: Site, source: str, said: str) -> None:
    """A rule type without rules, a hook that nobody calls: when the plugin is loaded, at the line that names it."""
    site.add("sick", source)
    site.name("sick")
    done = site.jailpf("check", status=78)
    assert said in done.stderr
    assert "jailpf.toml:1:12: " in done.stderr


FAILING = """
from jailpf.plugin import Rule, RuleType, hookimpl, key, Port

class Geo(RuleType):
    \"\"\"Fails.\"\"\"
    keyword = "geo"
    scope = "jail"
    port: tuple[Port, ...] = key(Port, "The port.", many=True)

    def problems(self):
        if any(port.first == 1 for port in self.port):
            raise KeyError("one")
        return ()

    def render(self, context):
        if any(port.first == 2 for port in self.port):
            return [Rule(action="pass", proto="tcp")]
        raise LookupError("no country")

@hookimpl
def jailpf_rule_types():
    return [Geo]
"""


def test_a_rule_type_that_fails_stops_its_own_jail_only(site: Site) -> None:
    """Plugin, method, jail and declaration are named; other jails are looked at; the traceback comes with -v only."""
    site.add("geo", FAILING)
    site.name("geo")
    site.machine.declare("web", web() + "[geo.far]\nport = 22\n")
    site.machine.declare("one", web(81, "172.16.15.17") + "[geo.far]\nport = 1\n")
    site.machine.declare("two", web(82, "172.16.15.18") + "[geo.far]\nport = 2\n")
    site.machine.declare("good", web(83, "172.16.15.19"))
    done = site.jailpf("check", status=78)
    lines = done.stderr.splitlines()
    assert len(lines) == 3, done.stderr
    assert any(
        "web.toml:" in line and "'geo' failed in Geo.render() for web: LookupError: no country" in line
        for line in lines
    )
    assert any("one.toml:" in line and "'geo' failed in Geo.problems(): KeyError" in line for line in lines)
    assert any("two.toml:" in line and "Rule.proto takes Protocol or None, not 'tcp'" in line for line in lines)
    assert "Traceback" not in done.stderr
    assert "Traceback" in site.jailpf("-v", "prestart", "web", status=78).stderr
    site.jailpf("prestart", "good")
    assert site.jailpf("doctor", status=1).stdout
    assert site.jailpf("status", status=1).stdout


def test_names_of_plugins(site: Site) -> None:
    """Twice, a distribution's name, two distributions of one name, installed but not enabled: each has its sentence."""
    site.add("geo", GEO)
    site.name("geo", "geo")
    assert "`plugins` names 'geo' twice; name it once" in site.jailpf("check", status=78).stderr
    site.name("jailpf-geo")
    assert "its plugin is called 'geo': write plugins = [\"geo\"]" in site.jailpf("check", status=78).stderr
    site.name("goe")
    assert "did you mean 'geo'?" in site.jailpf("check", status=78).stderr
    site.name()
    site.machine.declare("web", web() + "[geo.far]\nport = 22\n")
    assert "the plugin 'geo' is installed but not enabled" in site.jailpf("check", status=65).stderr
    site.machine.declare("web", web() + "[ping.all]\n")
    assert "geo is installed, and not in `plugins` of jailpf.toml" in site.jailpf("check", status=65).stderr
    site.machine.declare("web", web() + "[geo.far]\nport = 22\n")
    site.machine.declare("web", "[service.http]\nport = 80\ngeo = { from = 1 }\n")
    assert "the plugin 'geo' is installed but not enabled" in site.jailpf("check", status=65).stderr
    (site.folder / "other-1.0.dist-info").mkdir()
    (site.folder / "other-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (site.folder / "other-1.0.dist-info/entry_points.txt").write_text("[jailpf]\ngeo = other_module\n")
    site.name("geo")
    said = site.jailpf("check", status=78).stderr
    assert (
        "two installed distributions provide a plugin 'geo': jailpf-geo (geo_module) and other (other_module)" in said
    )
