from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import ConfigError, PermissionDeniedError
from jailpf.managers.building import with_running

if TYPE_CHECKING:
    from stand_ins.host import Host

ZFS = {
    "get -H -o name,value org.freebsd.ioc:active tank zroot": "tank\t-\nzroot\tyes\n",
    "get -H -o value mountpoint zroot/iocage": "%s/iocage\n",
}


def strings(jail):
    return [str(address) for address in jail.addresses]


@pytest.mark.parametrize(
    ("config", "addresses", "settled"),
    [
        ({"ip4_addr": "em0|10.0.0.2/24"}, ["10.0.0.2"], True),
        ({"ip4_addr": "10.0.0.2"}, ["10.0.0.2"], True),
        ({"ip4_addr": "em0|10.0.0.2/24,lo1|10.0.0.3/255.255.255.255"}, ["10.0.0.2", "10.0.0.3"], True),
        ({"ip4_addr": "none", "ip6_addr": "em0|fd00::2/64"}, ["fd00::2"], True),
        ({"vnet": 1, "ip4_addr": "vnet0|10.0.0.2/24,vnet1|10.1.0.2/24"}, ["10.0.0.2", "10.1.0.2"], True),
        ({"vnet": "on", "ip4_addr": "vnet0|DHCP"}, [], False),
        ({"vnet": 1, "dhcp": 1, "ip4_addr": "none"}, [], False),
        ({"vnet": 1, "ip4_addr": "vnet0|10.0.0.2/24", "ip6_addr": "vnet0|accept_rtadv"}, ["10.0.0.2"], False),
        ({"ip_hostname": 1}, [], False),
        ({"vnet": 1, "nat": 1, "ip4_addr": "vnet0|172.16.0.2/30"}, [], False),
        ({"vnet": 1, "ip4_addr": "none"}, [], False),
        ({}, [], True),
    ],
)
def test_every_form_of_an_address(host: Host, config, addresses, settled) -> None:
    host.iocage({"j": config})
    jail = host.adapter("iocage").find("j")
    assert (strings(jail), jail.settled) == (addresses, settled)


def test_a_jail_is_declared_under_iocages_name_and_runs_under_another(host: Host) -> None:
    host.iocage({"www.example": {"ip4_addr": "10.0.0.2", "vnet": 0}}, defaults={"vnet": 1})
    adapter = host.adapter("iocage")
    jail = adapter.find("www.example")
    folder = f"{host.root}/iocage"
    assert (jail.name, jail.running_name, jail.vnet) == ("www.example", "ioc-www_example", False)
    assert jail.inputs == (f"{folder}/jails/www.example/config.json", f"{folder}/defaults.json")
    assert jail.path == f"{folder}/jails/www.example/root"
    assert list(adapter.names()) == ["www.example"]
    assert adapter.find("other") is None
    assert adapter.find("../x") is None


def test_what_config_json_leaves_out_comes_from_the_defaults(host: Host) -> None:
    host.iocage({"j": {"ip4_addr": "vnet0|10.0.0.2/24"}}, defaults={"vnet": 1, "interfaces": "vnet0:bridge9"})
    jail = host.adapter("iocage").find("j")
    assert (jail.vnet, jail.interface) == (True, "bridge9")


def test_a_jail_that_asks_for_its_address_has_it_when_it_runs(host: Host) -> None:
    host.iocage({"j.k": {"vnet": 1, "ip4_addr": "vnet0|DHCP", "interfaces": "none"}})
    host.running({"ioc-j_k": {"jid": "3", "vnet": "new"}})
    host.says("ifconfig", {"-j ioc-j_k": "epair0b: flags=8863\n\tinet 192.0.2.9 netmask 0xffffff00\n"})
    jail = with_running(host.settings, host.adapter("iocage").find("j.k"))
    assert (strings(jail), jail.settled, jail.interface) == (["192.0.2.9"], False, None)


def test_inherited_addresses_are_shared(host: Host) -> None:
    host.iocage({"j": {"ip4": "inherit", "ip4_addr": "none"}})
    assert host.adapter("iocage").find("j").shared


def test_nat_by_pf_is_refused_with_the_reason_and_the_way_out(host: Host) -> None:
    host.iocage({"j": {"nat": 1, "vnet": 1}, "k": {"nat": 1, "nat_backend": "ipfw"}}, defaults={"nat_backend": "pf"})
    adapter = host.adapter("iocage")
    with pytest.raises(ConfigError, match=r"replaces the host's main pf ruleset .*; `iocage set nat=0 j`"):
        adapter.find("j")
    assert adapter.nat_by_pf() == ["j"]
    assert adapter.find("k") is not None


def test_broken_json_has_a_place(host: Host) -> None:
    host.iocage({})
    file = host.file("iocage/jails/j/config.json", '{\n  "a":\n}\n')
    with pytest.raises(ConfigError, match=f"{file}:3:1: not valid JSON"):
        host.adapter("iocage").find("j")
    host.file("iocage/jails/j/config.json", "[]")
    with pytest.raises(ConfigError, match="it must be a JSON object"):
        host.adapter("iocage").find("j")


def test_without_iocage_nothing_is_known_and_zfs_is_not_asked(host: Host) -> None:
    host.says("zpool", {})
    adapter = host.adapter("iocage")
    assert (adapter.find("j"), list(adapter.names()), host.calls("zpool")) == (None, [], [])


def test_the_root_is_found_by_the_property_of_the_active_pool(host: Host) -> None:
    host.iocage({"j": {"ip4_addr": "10.0.0.2"}})
    del host.managers["iocage"]["root"]
    host.says("iocage", {})
    host.says("zpool", {"list -H -o name": "tank\nzroot\n"})
    host.says("zfs", {args: said.replace("%s", str(host.root)) for args, said in ZFS.items()})
    adapter = host.adapter("iocage")
    assert adapter.find("j") is not None
    assert adapter.root() == f"{host.root}/iocage"
    assert len(host.calls("zpool")) == 1


@pytest.mark.parametrize(
    ("pools", "active", "mounted", "expected"),
    [
        ("", "", "", ""),
        ("tank\n", "tank\t-\n", "", ""),
        ("tank\n", "tank\tyes\n", "legacy\n", "tank/iocage is not mounted at a folder"),
    ],
)
def test_a_pool_that_is_not_active_or_not_mounted(host: Host, pools, active, mounted, expected) -> None:
    host.says("iocage", {})
    host.says("zpool", {"list -H -o name": pools})
    host.says(
        "zfs",
        {
            "get -H -o name,value org.freebsd.ioc:active tank": active,
            "get -H -o value mountpoint tank/iocage": mounted,
        },
    )
    adapter = host.adapter("iocage")
    if not expected:
        assert adapter.find("j") is None
        return
    with pytest.raises(ConfigError, match=expected):
        adapter.find("j")


def test_a_root_that_is_not_there_is_an_error(host: Host) -> None:
    host.managers["iocage"]["root"] = "/nonexistent"
    with pytest.raises(ConfigError, match="iocage's root is not a folder; correct"):
        host.adapter("iocage").find("j")


def test_an_empty_root_has_no_jails(host: Host) -> None:
    host.iocage({})
    (host.root / "iocage/jails").rmdir()
    assert list(host.adapter("iocage").names()) == []


def test_a_closed_folder_says_run_as_root(host: Host, monkeypatch) -> None:
    host.iocage({})

    def closed(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("jailpf_adapters.iocage.adapter.os.listdir", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        list(host.adapter("iocage").names())


@pytest.mark.parametrize("backend", ["pf", "ipfw"])
def test_what_ipfw_redirects_is_no_rule_of_pf(host: Host, backend: str) -> None:
    """Its port is claimed all the same; only pf's `rdr pass` goes past block rules."""
    host.iocage({"web": {"nat": 1, "nat_backend": backend, "nat_forwards": "tcp(80:8080)", "ip4_addr": "none"}})
    (one,) = host.adapter("iocage").claims()
    assert (str(one.port), one.passes) == ("8080", backend == "pf")
