"""Pools, binat and uplinks in terms of traffic, under `block all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin_hosts import CONF, HOST, NAT, NONE, OFFICE, OTHERS, OUT, OUT6, bridges, running

from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

    from jailpf.lifecycle.prepare import Prepared


@pytest.mark.parametrize("how", ["", ", sticky_address = true", ", source_hash = true"])
def test_three_jails_behind_one_port(folder: Path, how: str) -> None:
    """Each of them may get a connection and is let in; none is reached by its own address."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    bridges(host)
    for number in (1, 2):
        host.start(NONE, f"web{number}", ip4=f"10.0.0.1{number}", ip6="")
    host.start(NONE, "web3", ip4="10.0.1.13", ip6="", vnet=True)
    toml = f'[service.http]\nport = 80\nrdr = {{ target = "jail:web*"{how} }}\n'
    host.start(toml, "front", ip4="10.0.0.10", ip6="")
    assert host.pf.connect("tcp", OUT, "203.0.113.1", 80, keep=False).delivered_to == "web1 or web2 or web3"
    assert host.traffic(OUT, 80).connection.delivered_to == "web1"
    for address in ("10.0.0.10", "10.0.0.11", "10.0.1.13"):
        host.traffic(OUT, 80, to=address).is_blocked()
    text = host.render(toml, "front", ip4="10.0.0.10", ip6="")
    for address in ("10.0.0.11", "10.0.0.12", "10.0.1.13"):
        rules = [line.replace(f" {address}", "") if line.startswith("pass") else line for line in text.splitlines()]
        host.pf.load("jailpf/front", "".join(f"{line}\n" for line in rules))
        assert host.pf.connect("tcp", OUT, "203.0.113.1", 80, source_port=6, keep=False).verdict == "unknown"


def test_a_pool_by_hash_where_rules_lie_in_several_anchors(folder: Path) -> None:
    """Its table is where its rdr is: an empty one there would take the packets and deal out nothing."""
    conf = 'rdr-anchor "rdr/*"\nblock all\nanchor "filter/*"\n'
    host = SimulatedHost(folder, settings='layout = "split"\n' + HOST, pf_conf=conf)
    bridges(host)
    for number in (1, 2):
        host.start(NONE, f"web{number}", ip4=f"10.0.0.1{number}", ip6="")
    host.start('[service.a]\nport = 80\nrdr = { target = "jail:web*", source_hash = true }\n', "front", ip6="")
    assert host.pf.connect("tcp", OUT, "203.0.113.1", 80, keep=False).delivered_to == "web1 or web2"


def test_several_ports_outside_are_one_inside(folder: Path) -> None:
    """80 and a range."""
    host = running(folder, '[service.web]\nport = 8080\nrdr = { port = [80, "8000:8010"] }\n')
    for port in (80, 8000, 8005, 8010):
        host.traffic(OUT, port).reaches("web", 8080)
    for port in (8080, 8011):
        host.traffic(OUT, port).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
def test_a_network_behind_an_address_each(folder: Path, vnet: bool) -> None:
    """Both ways, by the address outside only."""
    where = {"ip4": "10.0.1.18", "ip6": ""} | ({"vnet": True, "interface": "bridge0"} if vnet else {})
    toml = '[binat.all]\nfrom = "10.0.1.16/28"\naddress = "203.0.113.16/28"\n[out.all]\nfrom = "10.0.1.16/28"\n'
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    host.pf.topology.add_interface("em0", "203.0.113.1/24", *(f"203.0.113.{number}/24" for number in range(16, 32)))
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24")
    host.start(toml + "[service.a]\nport = 80\nrdr = false\n", **where)
    found = host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE)
    assert found.connection.source == "203.0.113.18"


def test_a_service_behind_a_binat_is_not_reached_by_the_private_address(folder: Path) -> None:
    """Unless it says so."""
    toml = '[binat.a]\naddress = "203.0.113.9"\n[service.a]\nport = 80\nrdr = false\n'
    host = running(folder, toml + "[service.b]\nport = 81\nrdr = false\nallow = { direct = true }\n")
    host.pf.topology.add_interface("em0", "203.0.113.1/24", "203.0.113.9/24")
    host.traffic(OUT, 80, to="203.0.113.9").reaches("web")
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()
    host.traffic("jail:near", 80, to="10.0.0.2").is_blocked()
    host.traffic("jail:near", 81, to="10.0.0.2").reaches("web")


@pytest.mark.parametrize(("ip6", "reached"), [("fd00::2", False), ("2001:db8:5::2", True)])
def test_a_binat_of_one_family_opens_no_private_address_of_the_other(folder: Path, ip6: str, reached: bool) -> None:
    """What has no address outside is reached by nobody, and that is told; what outside knows is reached as it is."""
    host = running(folder, '[binat.a]\naddress = "203.0.113.9"\n[service.a]\nport = 80\nrdr = false\n', ip6=ip6)
    host.pf.topology.add_interface("em0", "203.0.113.1/24", "203.0.113.9/24")
    host.traffic(OUT, 80, to="203.0.113.9").reaches("web")
    for sender in (OUT6, "jail:near"):
        assert bool(host.traffic(sender, 80, to=ip6)) is reached
    assert [f"gets in to {ip6}" in one.message for one in prepared_of(host).ruleset.notes] == [True] * (not reached)


UPLINKS = NAT + '[host.uplink.dsl]\ninterface = "em1"\ngateway = "198.18.0.254"\n'


def two_uplinks(folder: Path, toml: str, vnet: bool) -> SimulatedHost:
    host = SimulatedHost(folder, settings=UPLINKS, pf_conf=CONF)
    bridges(host)
    host.pf.topology.add_interface("em1", "198.18.0.1/24")
    host.start(NONE, "near", ip4="10.0.0.40", ip6="")
    host.start(toml, "web", **{**OTHERS["vnet" if vnet else "local"], "ip6": ""})
    return host


def prepared_of(host: SimulatedHost) -> Prepared:
    found = prepare(host.session(), "web", created=True)
    assert found
    return found


@pytest.mark.parametrize("vnet", [False, True])
def test_a_service_answers_by_the_uplink_that_it_was_asked_on(folder: Path, vnet: bool) -> None:
    """Asked by the second card a client far away is answered there; without the rule its answer would go by em0."""
    host = two_uplinks(folder, '[service.a]\nport = 80\nrdr = { on = ["em0", "dsl"] }\n', vnet)
    assert host.pf.connect("tcp", OFFICE, "203.0.113.1", 80).delivered_to == "web"
    asked = host.pf.connect("tcp", OFFICE, "198.18.0.1", 80, interface="em1", source_port=5)
    assert asked, asked
    text = next(anchor.text for anchor in prepared_of(host).ruleset.anchors)
    host.pf.load("jailpf/web", text.replace(" reply-to (em1 198.18.0.254)", ""))
    without = host.pf.connect("tcp", OFFICE, "198.18.0.1", 80, interface="em1", source_port=6, keep=False)
    assert (without.verdict, without.reason) == ("unanswered", "the answer leaves by em0, and not by em1")


@pytest.mark.parametrize("vnet", [False, True])
def test_a_jail_leaves_by_the_second_uplink(folder: Path, vnet: bool) -> None:
    """With that uplink's address; what `out` does not name does not leave at all."""
    host = two_uplinks(folder, '[nat.dsl]\non = "dsl"\n[out.web]\nproto = "tcp"\nport = 443\n', vnet)
    found = host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE)
    assert found.connection.source == "198.18.0.1"
    assert "em1" in found.way
    host.traffic("jail:web", 80, to=OFFICE).is_blocked()
    host.traffic("jail:near", 443, to=OFFICE).is_blocked()


def test_what_is_for_the_second_uplink_never_leaves_by_the_first(folder: Path) -> None:
    """Not even where the host's policy is to pass."""
    host = SimulatedHost(folder, settings=UPLINKS, pf_conf=CONF.replace("block all\n", ""))
    host.pf.topology.add_interface("em1", "198.18.0.1/24")
    host.start('[nat.dsl]\non = "dsl"\n[out.web]\nproto = "tcp"\nport = 443\n', "web", ip4="10.0.0.2", ip6="")
    host.traffic("jail:web", 80, to=OFFICE).is_blocked()
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE).connection.source == "198.18.0.1"
