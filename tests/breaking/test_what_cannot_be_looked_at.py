"""What cannot be looked at is never taken for what is not there: what runs keeps its rules, and somebody is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from stand_ins.machine import web

if TYPE_CHECKING:
    from stand_ins.machine import Machine


@pytest.mark.parametrize("how", ["missing", "link"])
def test_declarations_that_are_away_take_no_rules_away(machine: Machine, how: str) -> None:
    """A data set that is not mounted, for the hooks, for the lookers and for a sync from cron."""
    machine.declare("web")
    machine.running("web")
    machine.jailpf("load", "web")
    before, folder = machine.anchors(), machine.root / "etc/jails"
    folder.rename(machine.root / "etc/away")
    if how == "link":
        folder.symlink_to(machine.root / "nowhere")
    for command in (["sync"], ["sync", "web"], ["check"], ["prestart", "web"], ["created", "web"], ["list"]):
        said = machine.jailpf(*command, status=78).stderr
        assert str(folder) in said
        assert "cannot be read" in said
        assert "Traceback" not in said
    assert machine.anchors() == before
    machine.running()
    machine.jailpf("poststop", "web")
    assert machine.records() == []


def test_an_address_in_the_declaration_keeps_what_the_manager_knows(machine: Machine) -> None:
    """A running iocage jail is `ioc-web` to jls(8): neither sync nor a stop without a name takes its rules away."""
    config = {"vnet": 1, "interfaces": "vnet0:bridge7", "ip4_addr": "vnet0|DHCP"}
    folder = machine.root / "iocage/jails/web"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    text = machine.toml.read_text() + f'[managers.iocage]\nroot = "{machine.root}/iocage"\n'
    machine.toml.write_text(text)
    machine.declare("web", web() + "\n[out.all]\n")
    machine.running("ioc-web")
    machine.jailpf("prestart", "web")
    machine.jailpf("created", "web")
    before = machine.anchors()
    assert "pass in quick on bridge7" in before["jailpf/web"]
    machine.jailpf("sync")
    machine.jailpf("poststop", "")
    assert machine.anchors() == before
