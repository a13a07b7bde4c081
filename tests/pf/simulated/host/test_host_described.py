"""A host from what ifconfig, netstat and sysctl print."""

from __future__ import annotations

import pytest
from recorded import host, said

from jailpf.errors import UsageError
from jailpf.pf.simulated.host.described import described
from jailpf.pf.simulated.host.ifconfig import read_ifconfig
from jailpf.pf.simulated.host.routes import Route, read_netstat
from jailpf.pf.simulated.host.topology import Owner, Topology
from jailpf.pf.simulated.rules.addresses import Address, parse_address

TUNNELS = """\
wg0: flags=10080c1<UP,RUNNING,NOARP,MULTICAST,LOWER_UP> metric 0 mtu 1420
\tinet 10.8.0.1 netmask 0xffffff00
\tgroups: wg vpn
tun0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> metric 0 mtu 1500
\tinet 10.9.0.1 --> 10.9.0.2 netmask 0xffffffff
\tinet6 fe80::1%tun0 --> fe80::2%tun0 prefixlen 64 scopeid 0x5
\tinet6 fd09::1 --> fd09::2 prefixlen 128
\tgroups: tun
\tOpened by PID 123
gif0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> metric 0 mtu 1280
\ttunnel inet 198.51.100.1 --> 192.0.2.1
\tinet 10.7.0.1/30 --> 10.7.0.2
\tinet 10.7.1.1 --> 10.7.1.2/30
"""
CARP = """\
em0: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tinet 192.0.2.2 netmask 0xffffff00 broadcast 192.0.2.255
\tinet 192.0.2.10 netmask 0xffffffff broadcast 192.0.2.10 vhid 1
\tinet 192.0.2.11 netmask 0xffffffff broadcast 192.0.2.11 vhid 2
\tcarp: MASTER vhid 1 advbase 1 advskew 0
\tcarp: BACKUP vhid 2 advbase 1 advskew 100
\tmedia: Ethernet autoselect
"""


def test_the_recorded_host_is_what_its_programs_say() -> None:
    """Names, flags, groups, members, addresses, routes and settings of the host of the recorded traffic."""
    topology = host()
    assert topology.ext_if == "epair0a"
    assert topology.interfaces["bridge0"].members == ("epair3a", "epair1a")
    assert topology.meant("lo") == ["lo0", "lo1"]
    assert topology.meant("epair") == ["epair0a", "epair1a", "epair2a", "epair3a", "epair4a"]
    assert topology.interfaces["epair0a"].addresses[:2] == ("198.51.100.1/24", "198.51.100.9/32")
    assert topology.sysctls["net.link.bridge.pfil_onlyip"] == 1
    owners = topology.owners()
    assert owners[parse_address("172.16.15.15")] == Owner("dovecot", "lo1", False)
    assert owners[parse_address("2001:db8:1::9")] == Owner("al", "epair0a", False)
    assert owners[parse_address("fd21::10")] == Owner("vb", "bridge1", True)
    assert owners[parse_address("172.16.21.1")] == Owner("", "bridge1", False)


@pytest.mark.parametrize(
    ("address", "interface"),
    [
        ("203.0.113.7", "epair2a"),
        ("198.51.100.200", "epair0a"),
        ("8.8.8.8", "epair0a"),
        ("172.16.21.99", "bridge1"),
        ("10.0.2.2", "vtnet0"),
        ("2001:db8:2::2", "epair2a"),
        ("2a00::1", "epair0a"),
    ],
)
def test_the_longest_route_is_taken(address: str, interface: str) -> None:
    """By netstat's routes of the recorded host."""
    route = host().route(parse_address(address))
    assert route is not None
    assert route.interface == interface


def test_where_no_route_leads() -> None:
    """Without a default route of the family the rest of the world cannot be reached; a route may also be closed."""
    text = (
        "Internet:\nDestination Gateway Flags Netif Expire\n10.0.0.0/8 link#1 U em0\n10.1.0.0/16 127.0.0.1 UGSB lo0\n"
    )
    topology = described("em0: flags=8843<UP,BROADCAST> metric 0 mtu 1500\n\tinet 10.0.0.1/8\n", text)
    assert topology.route(parse_address("8.8.8.8")) is None
    assert (route := topology.route(parse_address("10.1.2.3")))
    assert route.closed


@pytest.mark.parametrize(("said", "meant"), [("vtnet0lanbri", "vtnet0lanbridge"), ("em1", "em1"), ("em2", "em2")])
def test_netstat_cuts_long_names(said: str, meant: str) -> None:
    """At 12 bytes without -W: the one interface that begins so is meant."""
    names = ("vtnet0lanbridge", "em1", "em10", "em20", "em21")
    interfaces = "".join(f"{name}: flags=8843<UP,BROADCAST> metric 0 mtu 1500\n" for name in names)
    topology = described(interfaces, f"Internet:\nDestination Gateway Flags Netif Expire\n10.0.0.0/8 link#1 U {said}\n")
    assert topology.routes[0].interface == meant


def test_netstat_speaks_json_too() -> None:
    """Both forms give the same routes."""
    text = """{"__version": "1", "statistics": {"route-information": {"route-table": {"rt-family": [
      {"address-family": "Internet", "rt-entry": [
        {"destination": "default", "gateway": "10.0.2.2", "flags": "UGS", "interface-name": "em0"},
        {"destination": "10.0.2.0/24", "gateway": "link#1", "flags": "U", "interface-name": "em0"}]},
      {"address-family": "Internet6", "rt-entry": [
        {"destination": "::1", "gateway": "link#2", "flags": "UHS", "interface-name": "lo0"},
        {"destination": "fe80::%lo0/64", "gateway": "link#2", "flags": "U", "interface-name": "lo0"}]}]}}}}"""
    routes = (
        Route("0.0.0.0/0", "em0", "10.0.2.2", "UGS"),
        Route("10.0.2.0/24", "em0", "", "U"),
        Route("::1/128", "lo0", "", "UHS"),
    )
    plain = (
        "Routing tables\n\nInternet:\nDestination Gateway Flags Netif Expire\ndefault 10.0.2.2 UGS em0\n"
        "10.0.2.0/24 link#1 U em0\n\nInternet6:\nDestination Gateway Flags Netif Expire\n::1 link#2 UHS lo0\n"
        "fe80::%lo0/64 link#2 U lo0\n"
    )
    assert read_netstat(text) == read_netstat(plain) == routes
    with pytest.raises(UsageError, match="cannot be read"):
        read_netstat('{"statistics": 1}')


def test_tunnels_are_interfaces_like_any_other() -> None:
    """Both ends of a point-to-point address, whichever way ifconfig was asked; what a tunnel runs over is no address."""
    found = read_ifconfig(TUNNELS)
    assert found["wg0"].groups == ("wg", "vpn")
    assert found["wg0"].addresses == ("10.8.0.1/24",)
    assert found["tun0"].addresses == ("10.9.0.1/32 --> 10.9.0.2", "fe80::1/64 --> fe80::2", "fd09::1/128 --> fd09::2")
    assert found["gif0"].addresses == ("10.7.0.1/30 --> 10.7.0.2", "10.7.1.1/30 --> 10.7.1.2")
    assert not any(interface.neighbours for interface in found.values())
    topology = Topology(found)
    assert topology.network_of(parse_address("10.9.0.2")) == "tun0"
    assert [host.low for host in topology.resolve("tun0:peer") or ()][:1] == [parse_address("10.9.0.2").number]


def test_a_shared_address_is_answered_by_its_master() -> None:
    """CARP: the address of a vhid that another host has now is known as such."""
    assert read_ifconfig(CARP)["em0"].backup == ("192.0.2.11",)


def test_what_is_no_ifconfig_of_freebsd_says_nothing() -> None:
    """An empty text, and that of Linux."""
    assert read_ifconfig("") == read_ifconfig("eth0: flags=4163<UP,BROADCAST>  mtu 1500\n\tinet 10.0.0.1\n") == {}


def test_a_renamed_loopback_is_one_by_its_flags() -> None:
    """facts.md, "Which loopback": IPv4 to its addresses is there, all else on the one with 127.0.0.1."""
    text = said("ifconfig -a").replace("lo1", "bastille0").replace("lo0", "loop0")
    topology = described(text)
    assert topology.loopback(parse_address("172.16.15.15")) == "bastille0"
    assert topology.loopback(parse_address("fd7a::15")) == "loop0"
    assert topology.loopback(Address("inet", parse_address("198.51.100.9").number)) == "loop0"


def test_what_is_described_can_be_stored() -> None:
    """to_json and update: the same host for the next command."""
    copy = Topology()
    copy.update(host().to_json())
    assert copy.to_json() == host().to_json()
    assert copy == host()
