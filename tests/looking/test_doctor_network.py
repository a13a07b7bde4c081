"""`jailpf doctor` of the host's network, where a real pf runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cards import IFCONFIG
from stand_ins.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = [
    {"name": "old", "jid": "1", "ip4.addr": ["10.0.0.10"], "ip6.addr": [], "vnet": "inherit", "path": "/jails/old"},
    {"name": "web", "jid": "2", "ip4.addr": ["10.0.0.11"], "ip6.addr": [], "vnet": "inherit", "path": "/jails/web"},
    {"name": "twin", "jid": "3", "ip4.addr": ["10.0.0.11"], "ip6.addr": [], "vnet": "inherit", "path": "/jails/twin"},
]


def test_running_jails_that_no_nat_covers_are_found(tmp_path: Path) -> None:
    """Declared or not, loaded or not; an address that is another jail's is asked about once."""
    machine = Machine(tmp_path)
    machine.install("ifconfig", f"print({IFCONFIG!r}, end='')\n")
    listing = {"__version": "2", "jail-information": {"jail": RUNNING}}
    machine.install("jls", f"print({json.dumps(listing)!r})\n")
    machine.settings(host='[host]\next_if = "em0"\n', programs=("pfctl", "jls", "ifconfig"))
    machine.declare("web", '[service.http]\nport = 80\n[jail]\nip4 = "10.0.0.11"\n')
    said = machine.jailpf("doctor", status=None).stdout
    assert "no nat rule translates web (10.0.0.11), old (10.0.0.10) on em0" in said
