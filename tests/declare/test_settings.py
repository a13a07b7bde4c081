"""jailpf.declare.settings: jailpf.toml, every problem with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.declare.host import Host
from jailpf.declare.settings import PROGRAMS, Settings, read
from jailpf.errors import ConfigError, PermissionDeniedError, Place, PluginError
from jailpf.lifecycle.jails import Jails
from jailpf.registry import build
from jailpf.values import Interface

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'


def written(folder: Path, text: str) -> str:
    file = folder / "jailpf.toml"
    file.write_text(text)
    file.chmod(0o644)
    return str(file)


def problems(folder: Path, text: str) -> list[str]:
    file = written(folder, text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    return [str(problem).replace(f"{file}:", "") for problem in caught.value.problems]


def test_the_least_has_a_default_for_everything_else(tmp_path: Path) -> None:
    """Only ext_if cannot be guessed."""
    found = read(written(tmp_path, HOST))
    assert found.adapters == ("bastille", "iocage", "jail.conf")
    assert (found.expose, found.direct, found.on_error, found.pf, found.plugins) == (
        ("rdr", "allow"),
        False,
        "refuse",
        "pfctl",
        (),
    )
    assert found.layout.name == "single"
    assert found.programs == PROGRAMS
    assert [str(peer) for peer in found.host.outside("inet")] == ["(em0:0)"]
    assert [str(peer) for peer in found.host.outside("inet6")] == ["(em0:0)"]
    assert found.host.nat == ()


def test_everything_can_be_said(tmp_path: Path) -> None:
    """All keys at once."""
    found = read(
        written(
            tmp_path,
            'adapters = "jail.conf"\nservices = "{jail}/pf.toml"\nplugins = ["geo"]\nexpose = []\ndirect = true\non_error = "warn"\n'
            'pf = "simulated"\nmain = "pf.conf"\n'
            '[host]\next_if = ["em0", "em1"]\next_ip4 = "<e>"\next_ip6 = []\nnat = ["(em0:0)", "2001:db8::1"]\ntables = ["t"]\n'
            '[layout]\nnat = "n/{jail}"\nallow = "f/x.{jail}"\n[programs]\npfctl = "/bin/pfctl"\n'
            '[managers.jail_conf]\nfile = "/j"\n[managers.iocage]\nroot = "/i"\n',
        ),
        run="/tmp/x/../run",
    )
    assert (found.expose, found.direct, found.on_error, found.pf, found.run) == (
        (),
        True,
        "warn",
        "simulated",
        "/tmp/run",
    )
    assert found.jail_file("web") == str(tmp_path / "web/pf.toml")
    assert found.host.outside("inet6") == ()
    assert found.layout.paths == {"nat": "n/{jail}", "filter": "f/x.{jail}"}
    assert (found.programs["pfctl"], found.programs["jls"]) == ("/bin/pfctl", PROGRAMS["jls"])
    assert found.managers == {"jail_conf": {"file": "/j"}, "iocage": {"root": "/i"}}


def test_the_command_line_chooses_the_pf(tmp_path: Path) -> None:
    """--pf wins over the file."""
    assert read(written(tmp_path, HOST), pf="simulated").pf == "simulated"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: [host] has no 'ext_if'; add ext_if = ..."),
        ("[host]\n", "1:1: [host] has no 'ext_if'; add ext_if = ..."),
        ("[host]\next_if = []\n", "2:10: the list is empty; write the external interface"),
        ('[host]\next_if = "em 0"\n', "2:10: 'em 0' is not an interface"),
        ('[host]\next_if = ["em0", "any"]\n', "2:18: 'any' is a word of pf.conf(5)"),
        (HOST + 'ext_ip4 = "any"\n', "3:11: any is not an external inet address"),
        (HOST + 'ext_ip4 = "2001:db8::1"\n', "3:11: 2001:db8::1 is not an external inet address"),
        (HOST + 'ext_ip6 = ["<a>", "!<a>"]\n', "3:11: ! <a> is not an external inet6 address"),
        (HOST + 'ext_ip4 = "default"\n', "3:11: 'default' is not an address"),
        (HOST + 'ext_ip4 = "em0"\n', "3:11: 'em0' is an interface; its addresses are written in parentheses; write \"(em0:0)\""),
        (HOST + 'nat = "(em0)"\n', "3:7: '(em0)' also takes the alias addresses"),
        (HOST + 'plugins = ["x"]\n', "3:1: 'plugins' is not a key of [host]; it is a key of the top of this file, above [host]"),
        ('ext_if = "em0"\n', "1:1: 'ext_if' is not a key of this file; `ext_if` is a key of [host]: write [host] above it"),
        ('[host]\next_iface = "em0"\n', "2:1: 'ext_iface' is not a key of [host]; it is `ext_if`: ext_if = \"em0\""),
        (HOST + "[service.http]\nport = 80\n", "3:1: 'service' is not a key of this file; it is declared in jails/NAME.toml, one file for each jail"),
        ('[host]\next_if = "em0 em1"\n', "2:10: 'em0 em1' is not an interface, but several; write a list: [\"em0\", \"em1\"]"),
        (HOST + "nat = true\n", "3:7: an address to leave by is written as a string, not a boolean; write an address or \"(em0:0)\""),
        (HOST + 'tables = ["<a>"]\n', "3:11: '<a>' is not the name of a table"),
        ('direct = "yes"\n' + HOST, "1:10: this must be true or false, not a string"),
        ('on_error = "wran"\n' + HOST, "1:12: 'wran' is not one of \"refuse\", \"warn\"; did you mean 'warn'?"),
        ('services = "jails/x.toml"\n' + HOST, "1:12: {jail} is missing"),
        ('layuot = "split"\n' + HOST, "1:1: 'layuot' is not a key of this file; did you mean 'layout'?"),
        ('layout = "splitt"\n' + HOST, "1:10: 'splitt' is not a layout"),
        ("layout = 5\n" + HOST, "1:10: layout is a table, not a number"),
        ('[layout]\nrdr = "rdr/*"\n' + HOST, "2:7: 'rdr/*' is not an anchor path"),
        ('[layout]\nrdr = "{jail}"\n' + HOST, "2:7: '{jail}' is not an anchor path"),
        ('[layout]\nrdr = "../{jail}"\n' + HOST, "2:7: '../{jail}' is not an anchor path"),
        ('[layout]\nrdr = "_x/{jail}"\n' + HOST, "2:7: '_x/{jail}' is not an anchor path"),
        ('[layout]\nrdr = "a/{jail}/b"\n' + HOST, "2:7: 'a/{jail}/b' is not an anchor path"),
        (f'[layout]\nrdr = "{"a" * 34}/{{jail}}"\n' + HOST, "2:7: 'aaaa"),
        ("[layout]\nrdr = 5\n" + HOST, "2:7: 5 is not an anchor path"),
        ('[layout]\nrdr = "a/{jail}"\nnat = "a/x{jail}"\n' + HOST, "3:7: a/x{jail} and a/{jail} are in one folder"),
        ('[layout]\nfilter = "a/{jail}"\nallow = "a/{jail}"\n' + HOST, "3:9: `allow` is another word for `filter`"),
        ('[layout]\nrrd = "a/{jail}"\n' + HOST, "2:1: 'rrd' is not a key of layout; did you mean 'rdr'?"),
        ('[programs]\npfctl = "pfctl"\n' + HOST, "2:9: 'pfctl' is not an absolute path"),
        ('[programs]\npfctl = 5\n' + HOST, "2:9: a file name is written as a string"),
        ('[programs]\npftcl = "/x"\n' + HOST, "2:1: 'pftcl' is not a key of [programs]; did you mean 'pfctl'?"),
        ('adapters = ["a b"]\n' + HOST, "1:13: 'a b' is not the name of an adapter"),
        ("a = \n", "1:5: not valid TOML: invalid value"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place(tmp_path: Path, text: str, said: str) -> None:
    """Each with line and column, and what to write instead."""
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(said)


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whatever order they are found in."""
    found = problems(
        tmp_path, '[programs]\nx = 1\n[host]\next_if = "em 0"\nnat = 5\n[layout]\nrdr = 1\n[managers]\nx = 1\n'
    )
    assert [int(line.split(":")[0]) for line in found] == [2, 4, 5, 7, 9]


def test_no_settings_says_how_to_get_some(tmp_path: Path) -> None:
    """`jailpf init` writes them."""
    with pytest.raises(ConfigError, match=r"there are no settings; `jailpf -c .*none.toml init --ext-if"):
        read(str(tmp_path / "none.toml"))


def test_settings_that_others_can_write_are_not_read(tmp_path: Path) -> None:
    """77, not 78."""
    file = tmp_path / "jailpf.toml"
    file.write_text(HOST)
    file.chmod(0o666)
    with pytest.raises(PermissionDeniedError, match="others can write to it"):
        read(str(file))


@pytest.mark.parametrize(
    ("expose", "said"),
    [
        ('["rdr", "alow"]', "1:18: 'alow' in `expose` is not a rule type; did you mean 'allow'?"),
        ('"nat"', "1:10: 'nat' in `expose` belongs to jails, not to services"),
    ],
)
def test_expose_names_rule_types_of_services(tmp_path: Path, expose: str, said: str) -> None:
    """Otherwise every service would be closed, or open, without a word."""
    settings = read(written(tmp_path, f"expose = {expose}\n{HOST}"))
    with pytest.raises(ConfigError) as caught:
        Jails(settings, build())
    assert f"{settings.file}:{said}" in str(caught.value)


def test_an_adapter_that_nobody_brings(tmp_path: Path) -> None:
    """With its place, and the nearest that there is."""
    settings = read(written(tmp_path, f'adapters = ["iocage", "jailconf"]\n{HOST}'))
    with pytest.raises(
        PluginError, match=r"1:23: no plugin provides the adapter 'jailconf'; did you mean 'jail\.conf'"
    ):
        Jails(settings, build())


def test_a_place_in_settings_that_are_gone() -> None:
    """The file alone; an error message never becomes another error."""
    settings = Settings(file="/nowhere/jailpf.toml", host=Host(ext_if=(Interface("em0"),)))
    assert settings.place("expose") == Place("/nowhere/jailpf.toml")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[managers.jail_conf]\nfile = "x"\n', "4:8: 'x' is not an absolute path"),
        ('[managers.jail_conf]\nconf = "/x"\n', "4:1: 'conf' is not a key of \\[managers.jail_conf\\]"),
        (
            '[managers.jailconf]\nfile = "/x"\n',
            "\\[managers.jailconf\\] belongs to no adapter; did you mean 'jail_conf'",
        ),
    ],
)
def test_a_table_of_a_manager_is_read_by_the_keys_of_its_adapter(tmp_path: Path, table: str, says: str) -> None:
    """Whether the adapter is in use or not, and with a place."""
    settings = read(written(tmp_path, HOST + table))
    with pytest.raises(ConfigError, match=says):
        build().adapters(settings)


def test_layout_in_host_is_told_where_it_belongs(tmp_path: Path) -> None:
    """At the top of the file, as the other keys that are no key of [host]."""
    (one,) = problems(tmp_path, '[host]\next_if = "em0"\nlayout = "split"\n')
    assert one.endswith("it is a key of the top of this file, above [host]")
