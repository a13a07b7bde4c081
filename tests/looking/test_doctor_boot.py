"""`jailpf doctor` before anything runs: what the next boot and the first start of a jail will find."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cards import IFCONFIG
from stand_ins.machine import MAIN, Machine

if TYPE_CHECKING:
    from pathlib import Path

BRIDGED = (
    IFCONFIG
    + """\
bridge0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tinet 10.1.0.1 netmask 0xffffff00 broadcast 10.1.0.255
\tgroups: bridge
"""
)
RC = {
    "pf_enable": "YES", "gateway_enable": "YES", "ipv6_gateway_enable": "NO", "pflog_enable": "YES",
    "cloned_interfaces": "lo1 bridge0", "autobridge_interfaces": "",
}  # fmt: skip
PROGRAMS = ("pfctl", "jls", "ifconfig", "sysrc", "sysctl", "jail")
WEB = '[service.http]\nport = 80\n[jail]\nip4 = "10.0.0.10"\ninterface = "lo1"\n'
VNET = '[service.http]\nport = 80\n[jail]\nip4 = "10.1.0.2"\nvnet = true\ninterface = "bridge0"\n'


class Host:
    """A FreeBSD host with one declared jail; `rc` is its rc.conf, `levels` its sysctls."""

    def __init__(self, root: Path) -> None:
        self.machine = Machine(root)
        self.machine.jail()
        self.machine.install("ifconfig", f"print({BRIDGED!r}, end='')\n")
        self.rc, self.levels = dict(RC), {"net.inet.ip.forwarding": "1", "kern.securelevel": "-1"}
        self.conf = root / "pf.conf"
        self.conf.write_text(MAIN)
        self.rc["pf_rules"] = str(self.conf)
        self.machine.running()
        self.machine.declare("web", WEB)
        etc = f'[host]\next_if = "em0"\nnat = "(em0:0)"\n[managers.jail_conf]\nfile = "{root}/jail.conf"\n'
        self.machine.settings(host=etc, programs=PROGRAMS)

    def said(self) -> list[dict[str, str]]:
        """What doctor finds."""
        known = f"known = {self.rc!r}\n"
        loop = "import sys\nfor name in sys.argv[2:]:\n    if name in known: print(f'{name}: {known[name]}')\n"
        self.machine.install("sysrc", known + loop)
        self.machine.install("sysctl", f"import sys\nprint({self.levels!r}.get(sys.argv[-1], 0))\n")
        found: list[dict[str, str]] = json.loads(self.machine.jailpf("doctor", "--json", status=None).stdout)[
            "findings"
        ]
        return found

    def about(self, *words: str) -> list[str]:
        """Level and sentence of the findings in which one of the words stands."""
        return [f"{one['level']}: {one['what']}" for one in self.said() if any(word in one["what"] for word in words)]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """The host, as it should be."""
    return Host(tmp_path)


BOOT = ("at boot", "rc.conf", "pf.conf", "securelevel", "no interface", "no such interface", "pf refuses")


def test_a_host_that_is_as_it_should_be_gets_no_such_finding(host: Host) -> None:
    assert host.about(*BOOT) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("pf_enable", "NO", "error: pf is enabled now, but not at boot"),
        ("cloned_interfaces", "", "warning: rc.conf(5) makes no lo1"),
        ("cloned_interfaces", "bridge0 lo11", "warning: rc.conf(5) makes no lo1"),
    ],
)
def test_what_rc_conf_does_not_do_is_found(host: Host, name: str, value: str, said: str) -> None:
    """With the sysrc that does it."""
    host.rc[name] = value
    assert host.about(*BOOT) == [said]
    assert any(one["mend"].startswith(f"sysrc {name}") for one in host.said())


def test_a_vnet_jail_needs_a_host_that_forwards_before_it_runs(host: Host) -> None:
    """Now and after the boot; the bridge likewise."""
    host.machine.declare("vn", VNET)
    host.rc |= {"gateway_enable": "NO", "cloned_interfaces": "lo1"}
    assert host.about(*BOOT) == ["warning: gateway_enable is off in rc.conf(5)", "warning: rc.conf(5) makes no bridge0"]
    host.levels["net.inet.ip.forwarding"] = "0"
    assert "error: net.inet.ip.forwarding is 0" in host.about("forwarding")


def test_rules_that_log_need_a_log(host: Host) -> None:
    host.machine.declare("web", WEB.replace("port = 80", "port = 80\nallow = { log = true }"))
    host.rc["pflog_enable"] = "NO"
    assert host.about(*BOOT) == ["warning: rules of web log, but pflogd(8) does not start at boot"]


def test_a_pf_conf_that_lacks_what_pf_has_now_is_found(host: Host) -> None:
    """Today all is well, and after the boot nothing is evaluated; one that pf refuses is worse."""
    host.conf.write_text(MAIN.replace('rdr-anchor "jailpf/*"\n', ""))
    (said,) = host.about(*BOOT)
    assert said == f'error: {host.conf} has no `rdr-anchor "jailpf/*"`, although pf has it now'
    host.conf.write_text("= =\n")
    assert host.about("pf refuses") == [f"error: {host.conf}:1: pf refuses line 1: syntax error"]


def test_a_kernel_that_lets_nobody_change_rules_is_found(host: Host) -> None:
    host.levels["kern.securelevel"] = "3"
    assert host.about(*BOOT) == ["error: kern.securelevel is 3"]


def test_addresses_that_nothing_holds_are_found(host: Host) -> None:
    """Of a jail whose manager puts them on no interface, or on one that is not there; while it runs it is an error."""
    (host.machine.root / "jail.conf").write_text(
        'web { ip4.addr = "10.0.0.20"; }\nold { ip4.addr = "lo7|10.0.0.21"; }\n'
    )
    for name in ("web", "old"):
        host.machine.declare(name, "[service.http]\nport = 80\n" if name == "web" else "[service.x]\nport = 81\n")
    said = ["error: old needs the interface lo7, which this host does not have", "warning: 10.0.0.20 of web is not on any interface of this host"]  # fmt: skip
    assert sorted(host.about("which this host does not have", "not on any interface")) == said
    host.machine.declare("vn", VNET.replace("bridge0", "epair9a"))
    assert sorted(host.about("which this host does not have", "not on any interface")) == said
    host.machine.running("web")
    assert "error: 10.0.0.20 of web is not on any interface of this host" in host.about("not on any interface")


def test_it_looks_as_far_without_pf(host: Host) -> None:
    """The first minute of a host: pf is not loaded yet."""
    host.machine.mood(".", "missing")
    host.machine.declare("vn", VNET)
    host.rc |= {"gateway_enable": "NO", "cloned_interfaces": "bridge0"}
    assert host.about("pf is not loaded", *BOOT) == [
        "error: pf is not loaded", "warning: gateway_enable is off in rc.conf(5)", "warning: rc.conf(5) makes no lo1",
    ]  # fmt: skip


def test_where_rc_conf_cannot_be_asked_nothing_is_said_of_it(host: Host) -> None:
    host.rc.clear()
    host.conf.unlink()
    assert host.about(*BOOT) == []
