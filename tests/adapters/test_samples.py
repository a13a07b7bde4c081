"""The folders of sample files: what their expected.json says is what the adapters read."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.declare.host import Host as HostSettings
from jailpf.managers.adapter import Adapter
from jailpf.plugin import Interface, Published

if TYPE_CHECKING:
    from stand_ins.host import Host

HERE = Path(__file__).parent
TABLES = {
    "appjail": {"root": "{sample}"},
    "pot": {"root": "{sample}", "etc": "{sample}/etc"},
    "cbsd": {"workdir": "{sample}", "nodeip": "203.0.113.1"},
    "iocage": {"root": "{sample}"},
    "bastille": {"conf": "{sample}/bastille.conf"},
}
JAILS = [
    (manager, jail, said)
    for manager in TABLES
    for jail, said in json.loads((HERE / manager / "sample/expected.json").read_text())["jails"].items()
]


def adapter(host: Host, manager: str) -> Any:
    """The adapter on a copy of the samples: their owner is whoever runs the test, and nobody else can write them."""
    sample = host.root / manager
    shutil.copytree(HERE / manager / "sample", sample, dirs_exist_ok=True)
    for path in (sample, *sample.rglob("*")):
        path.chmod(0o755 if path.is_dir() or "jailpf" in path.name else 0o644)
    if manager == "bastille":
        (sample / "bastille.conf").write_text(f'bastille_prefix="{sample}"\n')
        for name in ("hooks.conf", "hooks-vnet.conf"):
            host.file(f"jailpf/{name}", "")
        for file in sample.glob("jails/*/jail.conf"):
            file.write_text(file.read_text().replace("/usr/local/etc/jailpf", f"{host.root}/jailpf"))
    host.managers[manager] = {key: text.format(sample=sample) for key, text in TABLES[manager].items()}
    return host.adapter(manager)


def families(jail: Any, family: str) -> list[str]:
    return [str(one) for one in jail.of(family)]


@pytest.mark.parametrize(("manager", "name", "said"), JAILS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_jail_is_known_as_its_manager_has_it(host: Host, manager: str, name: str, said: dict[str, Any]) -> None:
    """Its name in jls(8), its kind, and those of its addresses that are known before it runs."""
    one = adapter(host, manager)
    assert name in one.names()
    if said.get("host", {}).get("backend") == "pf" or said.get("address_is"):
        return  # replaces the main ruleset: refused, see the adapter's own test
    jail = one.find(name)
    assert (jail.running_name, jail.vnet) == (said["running_name"], said["vnet"])
    if "addresses_from" in said:  # the jail's own rc.conf: its word, not the administrator's
        assert (jail.settled, jail.addresses) == (False, ())
    else:
        assert (families(jail, "inet"), families(jail, "inet6")) == (said["ip4"], said["ip6"])
        assert jail.settled == ("addresses" not in said)
    if manager == "appjail" and "bridge" in said:
        assert jail.interface == said["bridge"]


@pytest.mark.parametrize(
    ("manager", "name", "said"),
    [one for one in JAILS if one[0] not in ("bastille",)],  # tests/adapters/bastille/test_rdr_conf.py
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_a_manager_publishes_is_read(host: Host, manager: str, name: str, said: dict[str, Any]) -> None:
    """Every row, in order, with what lets it in at once: no block rule stops an `rdr pass`."""
    found = [one for one in adapter(host, manager).claims() if one.jail == name]
    rows = [row for row in said["published"] if row.get("enabled", True)]
    for row in rows:
        same = [one for one in found if _same(one, row)]
        assert same, row
        assert all(one.passes for one in same)
    assert all(any(_same(one, row) for row in rows) for one in found)


def _same(one: object, row: dict[str, Any]) -> bool:
    assert isinstance(one, Published), one
    port = "any" if one.port and one.port.width == 65535 else one.port and str(one.port)
    wanted = {
        "proto": "+".join(one.proto),
        "port": port,
        "jail_port": port if port == "any" else str(one.jail_port),
        "families": list(one.families),
        "on": "".join(one.on),
        "to": "".join(map(str, one.to)),
        "from": [*map(str, one.source)] or ["any"],
        "log": one.log.removeprefix("log ") or None,
    }
    return all(wanted[key] == row[key] for key in wanted if key in row)


def test_a_virtual_machine_is_no_jail(host: Host) -> None:
    assert "vm1" not in adapter(host, "cbsd").names()


@pytest.mark.parametrize("manager", ["appjail", "pot", "cbsd", "iocage"])
def test_the_hooks_of_the_samples_are_seen_and_taken_out(host: Host, manager: str) -> None:
    """Lines that somebody wrote by hand after the docs are ours too: attach replaces them, detach removes them."""
    one = adapter(host, manager)
    jail = one.find("web")
    for file in one.hooks(jail).files:
        path = Path(file.path)
        text = path.read_text() if path.exists() else None
        new = file.attached(text)
        assert new is not None
        assert file.attached(new) == new
        assert (new.count(" -c "), new.count("/usr/local/bin/jailpf")) == (
            3 if path.suffix in (".conf", ".json") else 1,
            0,
        )
        left = file.detached(new, None)
        assert left is None or "jailpf" not in left
    assert isinstance(one, Adapter)


def test_the_same_services_come_out_of_an_import(host: Host) -> None:
    """Exposures, the nat beside them, a whole address; what is off or drawn anew stays a comment."""
    settings = HostSettings(ext_if=(Interface("em0"),))
    found = {}
    for manager in ("appjail", "pot", "cbsd"):
        one = adapter(host, manager)
        object.__setattr__(one.settings, "host", settings)
        found[manager] = {each.jail: each for each in one.import_([])}
    appjail = tomllib.loads(found["appjail"]["web"].text)
    assert appjail["service"]["http"] == {"port": 80, "rdr": {"port": 8080}}
    assert appjail["service"]["udp-7000"]["rdr"] == {"to": "203.0.113.7", "on": "em1"}
    assert appjail["nat"] == {"out": {"address": "(em0:0)"}}
    assert "it is not enabled" in found["appjail"]["web"].text
    pot = tomllib.loads(found["pot"]["web"].text)
    assert pot["service"]["http"] == {"port": [80, 443], "rdr": {"port": [30000, 443], "to": "203.0.113.7"}}
    assert "changes at every start" in found["pot"]["web"].text
    cbsd = tomllib.loads(found["cbsd"]["web"].text)
    assert cbsd["binat"]["public"]["address"] == "203.0.113.8"
    assert cbsd["service"]["ssh"]["rdr"]["port"] == 2233


def test_hooks_that_name_another_jail_are_found(host: Host) -> None:
    """`iocage rename` leaves the old name in them; attach writes them anew."""
    found = [one.what for one in adapter(host, "iocage").findings()]
    assert "the hooks of the iocage jail renamed name oldname" in found
    assert [one for one in found if "nat1" in one] == ["the iocage jail nat1 has nat=1 with nat_backend=pf"]
    assert not [one for one in found if "the hooks of" in one and "renamed" not in one]


def test_a_main_ruleset_of_cbsd_without_our_anchors_is_found(host: Host) -> None:
    """CBSD loads it in the place of /etc/pf.conf."""
    one = adapter(host, "cbsd")
    assert list(one.findings()) == []
    file = host.root / "cbsd/etc/pf.conf"
    file.write_text('include "/usr/jails/etc/pfrdr.conf"\n')
    (said,) = one.findings()
    assert said.what == f'{file} has no line for the anchors "jailpf/*"'
    file.write_text('rdr-anchor "jailpf/*"\nanchor "jailpf/*"\n')
    assert list(one.findings()) == []
