from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError, PermissionDeniedError, PfUnavailableError
from jailpf.managers.building import with_running

if TYPE_CHECKING:
    from stand_ins.host import Host

JAIL = """web {
  enforce_statfs = 2;
  exec.start = '/bin/sh /etc/rc';
  host.hostname = web;
  path = /usr/local/bastille/jails/web/root;

  ip4.addr = bastille0|10.17.89.50/32;
  ip4.addr += bastille0|10.17.89.51;
  ip6 = disable;
}
"""
VNET = """v1 {
  path = /usr/local/bastille/jails/v1/root;

  vnet;
  vnet.interface = e0b_v1;
  exec.prestart += "jib addm v1 em0";
  exec.prestart += "ifconfig e0a_v1 description \\"vnet0 host interface for Bastille jail v1\\"";
  exec.poststop += "ifconfig e0a_v1 destroy";
}
"""


def test_a_host_without_bastille_has_no_bastille_jails(host: Host) -> None:
    adapter = host.adapter("bastille")
    assert adapter.find("web") is None
    assert list(adapter.names()) == []
    assert list(adapter.claims()) == []
    assert adapter.rdr_file("web") == ""


def test_a_shared_ip_jail_is_read_from_its_own_jail_conf(host: Host) -> None:
    host.bastille({"web": JAIL})
    adapter = host.adapter("bastille")
    jail = adapter.find("web")
    assert list(map(str, jail.addresses)) == ["10.17.89.50", "10.17.89.51"]
    assert (jail.known_by, jail.settled, jail.path) == ("bastille", True, "/usr/local/bastille/jails/web/root")
    assert jail.inputs == (host.managers["bastille"]["conf"], f"{host.root}/bastille/jails/web/jail.conf")
    assert list(adapter.names()) == ["web"]
    assert adapter.find("other") is None
    assert adapter.find("../web") is None


def test_a_vnet_jail_is_not_settled_whatever_its_own_rc_conf_says(host: Host) -> None:
    host.bastille({"v1": VNET})
    host.file("bastille/jails/v1/root/etc/rc.conf", 'ifconfig_vnet0="inet 10.0.0.66/24"\n')
    jail = host.adapter("bastille").find("v1")
    assert (jail.settled, jail.addresses, jail.vnet, jail.interface) == (False, (), True, "em0bridge")


def test_a_running_vnet_jail_has_its_addresses(host: Host) -> None:
    host.bastille({"v1": VNET})
    host.running({"v1": {"jid": "7", "vnet": "new"}})
    host.says("ifconfig", {"-j v1": "vnet0: flags=8863\n\tinet 10.0.0.7 netmask 0xffffff00\n"})
    assert list(map(str, with_running(host.settings, host.adapter("bastille").find("v1")).addresses)) == ["10.0.0.7"]


def test_a_jail_conf_for_another_name_is_an_error(host: Host) -> None:
    host.bastille({"copy": JAIL})
    with pytest.raises(ConfigError, match=r"there is no block copy .*this file has web"):
        host.adapter("bastille").find("copy")


def test_a_folder_of_jails_that_is_no_path_is_an_error(host: Host) -> None:
    host.file("bastille/bastille.conf", 'bastille_jailsdir="jails"\n')
    with pytest.raises(ConfigError, match="bastille_jailsdir is 'jails', not an absolute path"):
        host.adapter("bastille").find("web")


def test_a_missing_folder_of_jails_has_no_jails(host: Host) -> None:
    host.bastille({})
    assert list(host.adapter("bastille").names()) == []
    assert host.adapter("bastille").find("web") is None


def test_settings_that_others_can_write_are_refused(host: Host) -> None:
    host.bastille({"web": JAIL})
    os.chmod(host.managers["bastille"]["conf"], 0o666)
    with pytest.raises(PermissionDeniedError, match="others can write"):
        host.adapter("bastille").find("web")


@pytest.mark.parametrize("call", [lambda one: one.find("web"), lambda one: list(one.names())])
def test_a_closed_folder_says_run_as_root(host: Host, monkeypatch, call) -> None:
    host.bastille({"web": JAIL})

    def closed(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("jailpf_adapters.bastille.adapter.os.stat", closed)
    monkeypatch.setattr("jailpf_adapters.bastille.adapter.os.listdir", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        call(host.adapter("bastille"))


def test_without_jail_8_the_error_names_the_setting(host: Host) -> None:
    host.bastille({"web": JAIL})
    host.programs["jail"] = "/nonexistent/jail"
    with pytest.raises(PfUnavailableError, match=r"/nonexistent/jail: there is no such program; \[programs\] jail ="):
        host.adapter("bastille").find("web")


def test_its_table_holds_the_jails_on_its_loopback(host: Host) -> None:
    """<jails> is what pf.conf's nat is for; with a jail elsewhere only pf knows what is in it."""
    assert host.adapter("bastille").fills() == {}
    host.bastille({"web": JAIL, "v1": VNET})
    found = host.adapter("bastille").fills()
    assert {name: list(map(str, one)) for name, one in found.items()} == {"jails": ["10.17.89.50", "10.17.89.51"]}
    host.bastille({"web": JAIL, "mx": JAIL.replace("web", "mx").replace("bastille0|10.17.89.5", "em0|203.0.113.5")})
    assert host.adapter("bastille").fills() == {}
