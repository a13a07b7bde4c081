"""Mail-Toaster-6's own files: what their expected.json says is what an import declares."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.declare.host import Host as HostSettings
from jailpf.plugin import Interface, Peer

if TYPE_CHECKING:
    from stand_ins.host import Host

SAMPLE = Path(__file__).parent / "sample"
SAID = json.loads((SAMPLE / "expected.json").read_text())["jails"]


def imported(host: Host, name: str) -> Any:
    shutil.copytree(SAMPLE / "mail-toaster" / name, host.root / "mt" / name)
    said = SAID[name]
    own = "".join(f" ip4.addr = {one};" for one in said["ip4"])
    own += "".join(f" ip6.addr = {one};" for one in said.get("ip6_in_rdr_conf", said.get("ip6", [])))
    host.jail_conf(f"{name} {{{own} }}\n")
    tables = {"ext_ip4": (Peer.parse("<ext_ip4>"),), "ext_ip6": (Peer.parse("<ext_ip6>"),)}
    settings = replace(host.settings, host=HostSettings(ext_if=(Interface("em0"),), **tables))
    (one,) = host.adapter("pfrule", settings).import_([str(host.root / "mt" / name / "pf.conf.d")])
    return one


def ports(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize("name", SAID)
def test_what_it_publishes_is_declared(host: Host, name: str) -> None:
    """Ports outside and inside, who may connect, and another jail as the target."""
    found = tomllib.loads(imported(host, name).text)["service"].values()
    for row in SAID[name]["published"]:
        inside = row.get("jail_port", row["port"])
        same = [one for one in found if sorted(ports(one["port"])) == sorted(inside) and one.get("rdr") is not False]
        assert any(_says(one, row, SAID[name]["ip4"]) for one in same), (row, list(found))


def _says(one: dict[str, Any], row: dict[str, Any], own: list[str]) -> bool:
    rdr = one.get("rdr", {})
    rdr = {} if rdr is True else rdr
    target = row.get("target") if row.get("target") not in own else None
    return (
        sorted(ports(rdr.get("port", one["port"]))) == sorted(row["port"])
        and ports(one.get("from", "any")) == [row["source"]]
        and rdr.get("target") == target
    )


def test_a_port_without_its_word_is_read_and_said_aloud(host: Host) -> None:
    """`-> $int_ip4 80`: pfctl refuses it, and the jail of that file never starts."""
    one = imported(host, "git")
    assert any("lacks the word `port`, so pfctl refuses it" in str(said) for said in one.warnings)


def test_its_nat_comes_along(host: Host) -> None:
    assert (
        tomllib.loads(imported(host, "wildduck").text)["nat"]["out"]["address"] == SAID["wildduck"]["nat"][0]["address"]
    )
