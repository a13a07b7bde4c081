"""Jails by name, and deny, in terms of traffic, under `block all` above and below the anchor's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from plugin_hosts import CONF, HOST, NAT, NONE, OFFICE, OTHERS, OUT, OUT6, bridges, running

from jailpf.model import Jail
from jailpf.testing import SimulatedHost
from jailpf.values import Address

if TYPE_CHECKING:
    from pathlib import Path


PLACES = {
    "local": {"ip4": "10.0.0.20", "ip6": "fd00::20"},
    "vnet": {"ip4": "10.0.1.20", "ip6": "fd00:1::20", "vnet": True, "interface": "bridge0"},
    "apart": {"ip4": "10.0.2.20", "ip6": "fd00:2::20", "vnet": True, "interface": "bridge1"},
}


def pair(folder: Path, source: str, target: str, declared: str, sends: str = NONE) -> SimulatedHost:
    """`app` at a place that sends, `db` at another that is asked, `near` and `vnear` who are neither."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    bridges(host)
    host.declare(sends, "app", **PLACES[source])  # type: ignore[arg-type]
    host.declare(declared, "db", **OTHERS[target])  # type: ignore[arg-type]
    host.start(NONE, "near", ip4="10.0.0.40", ip6="fd00::40")
    host.start(NONE, "vnear", ip4="10.0.2.40", ip6="fd00:2::40", vnet=True, interface="bridge1")
    for name, toml, where in (("app", sends, PLACES[source]), ("db", declared, OTHERS[target])):
        host.start(toml, name, **where)
    return host


DB = '[service.db]\nport = 5432\nfrom = "jail:app"\n'


@pytest.mark.parametrize("limits", ["", "allow = { max_src_conn = 3 }\n", 'allow = { state = "none" }\n'])
@pytest.mark.parametrize(("source", "target"), [(one, other) for one in PLACES for other in OTHERS])
def test_a_jail_is_let_in_by_name_and_nobody_else(folder: Path, source: str, target: str, limits: str) -> None:
    """By both families and from each kind of jail to each; neighbours, outside, and who borrows the address, get nothing."""
    host = pair(folder, source, target, DB + limits)
    for family in ("ip4", "ip6"):
        to = str(OTHERS[target][family])
        host.traffic("jail:app", 5432, to=to).reaches("db", 5432)
        if (source, target) != ("vnet", "vnet"):  # what is switched on one bridge is not seen
            host.traffic("jail:app", 5433, to=to).is_blocked()
        for other in ("jail:near", "jail:vnear", OUT if family == "ip4" else OUT6):
            host.traffic(other, 5432, to=to).is_blocked()
        borrowed = host.pf.connect("tcp", str(PLACES[source][family]), to, 5432, interface="em0", keep=False)
        assert not borrowed, borrowed


def test_everybody_outside_and_a_jail_by_name(folder: Path) -> None:
    """The one by what is published, the other by the jail's own address; no other jail by that."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    bridges(host)
    host.start(NONE, "near", ip4="10.0.0.40", ip6="")
    host.start(NONE, "far", ip4="10.0.0.41", ip6="")
    host.start('[service.a]\nport = 80\nfrom = ["any", "jail:near"]\n', ip4="10.0.0.2", ip6="")
    host.traffic(OUT, 80).reaches("web")
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()
    host.traffic("jail:near", 80, to="10.0.0.2").reaches("web")
    host.traffic("jail:far", 80, to="10.0.0.2").is_blocked()


@pytest.mark.parametrize("target", list(OTHERS))
@pytest.mark.parametrize("limits", ["", "allow = { max_src_conn = 3 }\n"])
def test_the_host_itself_and_nobody_else(folder: Path, target: str, limits: str) -> None:
    """A proxy on the host: no other jail, nobody outside, and no port of the host is taken."""
    host = pair(folder, "apart", target, f'[service.app]\nport = 8080\nfrom = "host"\n{limits}')
    for to in (str(OTHERS[target]["ip4"]), str(OTHERS[target]["ip6"])):
        host.traffic("host", 8080, to=to).reaches("db")
        for other in ("jail:app", "jail:near", "jail:vnear"):
            host.traffic(other, 8080, to=to).is_blocked()
    host.traffic(OUT, 8080).is_blocked()
    host.traffic(OUT, 8080, to=str(OTHERS[target]["ip4"])).is_blocked()
    assert not host.session().pf.read("jailpf/db").nat


def test_the_host_is_denied(folder: Path) -> None:
    """As a sender, and no jail with it."""
    host = pair(folder, "local", "local", '[service.app]\nport = 80\nrdr = false\n[deny.x]\nfrom = "host"\n')
    host.traffic("host", 80, to="10.0.0.30").is_blocked()
    host.traffic("jail:near", 80, to="10.0.0.30").reaches("db")


def test_a_limit_counts_each_connection_of_a_jail_once(folder: Path) -> None:
    """Between two jails of one host a packet is seen twice."""
    host = pair(folder, "local", "local", DB + "allow = { max_src_conn = 3 }\n")
    got = [bool(host.traffic("jail:app", 5432, to="10.0.0.30", source_port=2000 + number)) for number in range(5)]
    assert got == [True, True, True, False, False]


@pytest.mark.parametrize(("source", "target"), [(one, other) for one in PLACES for other in OTHERS])
@pytest.mark.parametrize("named", ["jail:db", "ADDRESS"])
def test_out_to_a_jail_of_the_host(folder: Path, source: str, target: str, named: str) -> None:
    """By name, and by an address that is a jail's: where such packets are seen, which is not em0."""
    to = str(OTHERS[target]["ip4"])
    if source == "vnet" and target == "vnet":
        pytest.skip("what is switched on one bridge is not seen")
    out = f'[out.db]\nto = "{named.replace("ADDRESS", to)}"\nproto = "tcp"\nport = 5432\n'
    host = pair(folder, source, target, NONE, out)
    host.traffic("jail:app", 5432, to=to).reaches("db", 5432)
    host.traffic("jail:app", 5433, to=to).is_blocked()
    host.traffic("jail:near", 5432, to=to).is_blocked()
    host.traffic("jail:vnear", 5432, to=to).is_blocked()


@pytest.mark.parametrize("source", list(PLACES))
def test_out_to_the_host(folder: Path, source: str) -> None:
    """Its resolver, asked by an address of the host."""
    host = pair(folder, source, "local", NONE, '[out.dns]\nto = "(em0:0)"\nproto = "udp"\nport = 53\n')
    host.traffic("jail:app", 53, to="203.0.113.1", proto="udp").reaches("host")
    host.traffic("jail:app", 53, to="203.0.113.1").is_blocked()
    host.traffic("jail:near", 53, to="203.0.113.1", proto="udp").is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
def test_out_to_a_neighbour_that_outside_knows(folder: Path, vnet: bool) -> None:
    """A public address is reached where its jail is; one of nobody here, on em0; neither by anybody else."""
    host = SimulatedHost(folder, settings=NAT, pf_conf=CONF)
    bridges(host)
    where = {"vnet": True, "interface": "bridge1"} if vnet else {}
    host.start(NONE, "db", ip4="203.0.113.9", ip6="2001:db8::9", **where)
    to = '["203.0.113.9", "2001:db8::9", "198.51.100.7"]'
    host.start(f'[out.db]\nto = {to}\nproto = "tcp"\nport = 5432\n', "app", **PLACES["local"])
    host.start(NONE, "near", ip4="10.0.0.40", ip6="fd00::40")
    for address in ("203.0.113.9", "2001:db8::9"):
        host.traffic("jail:app", 5432, to=address).reaches("db")
        host.traffic("jail:app", 5433, to=address).is_blocked()
        host.traffic("jail:near", 5432, to=address).is_blocked()
    host.traffic("jail:app", 5432, to=OFFICE).reaches(OFFICE)


def test_a_service_for_jails_only_leaves_the_host_s_port_alone(folder: Path) -> None:
    """Named at the service or at its allow: nothing is redirected for those who are not let in."""
    for number, toml in enumerate((DB, '[service.db]\nport = 5432\nallow = { from = "jail:app" }\n')):
        host = pair(folder.with_name(f"host{number}"), "local", "local", toml)
        host.traffic("jail:app", 5432, to="10.0.0.30").reaches("db")
        assert host.pf.read("jailpf/db").nat == ()


def test_all_jails_of_a_pattern(folder: Path) -> None:
    """Those that there are now; a new one counts from its start on."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    host.start(NONE, "web1", ip4="10.0.0.11", ip6="")
    host.start('[service.db]\nport = 5432\nfrom = "jail:web*"\n', "db", ip4="10.0.0.30", ip6="")
    host.traffic("jail:web1", 5432, to="10.0.0.30").reaches("db")
    host.start(NONE, "web2", ip4="10.0.0.12", ip6="")
    host.start(NONE, "mail", ip4="10.0.0.13", ip6="")
    host.traffic("jail:web2", 5432, to="10.0.0.30").reaches("db")
    host.traffic("jail:mail", 5432, to="10.0.0.30").is_blocked()


def test_a_jail_whose_address_only_it_knows_itself(folder: Path) -> None:
    """Until it runs it lets nobody in by its name; then those who name it are loaded anew."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    bridges(host)
    host.declare(NONE, "app", ip4="", ip6="", vnet=True)
    host.known["app"] = replace(host.known["app"], settled=False)
    host.start(DB, "db", ip4="10.0.0.30", ip6="")
    assert host.pf.read("jailpf/db").rules == ()
    host.known["app"] = replace(host.known["app"], addresses=(Address.parse("10.0.1.99"),))
    host.pf.topology.add_jail("app", ["10.0.1.99"], interface="bridge0", vnet=True)
    from jailpf.lifecycle.load import created

    created(host.session(), "app")
    host.traffic("jail:app", 5432, to="10.0.0.30").reaches("db")


def test_a_jail_that_gets_another_address(folder: Path) -> None:
    """Its old one is worth nothing from its start on."""
    host = pair(folder, "local", "local", DB)
    host.start(NONE, "app", ip4="10.0.0.21", ip6="")
    host.traffic("jail:app", 5432, to="10.0.0.30").reaches("db")
    host.start(NONE, "other", ip4="10.0.0.20", ip6="")
    host.traffic("jail:other", 5432, to="10.0.0.30").is_blocked()


def test_who_is_denied_never_gets_in(folder: Path) -> None:
    """Neither to what is published, nor to a jail that the rdr sends to; the host and other jails are not closed."""
    deny = '[deny.bad]\nfrom = "<bad>"\n[table.bad]\naddresses = "192.0.2.0/24"\n'
    host = running(folder, deny + '[service.a]\nport = 80\n[service.b]\nport = 81\nrdr = { target = "near" }\n')
    host.start("[service.c]\nport = 82\n", "third", ip6="")
    for port in (80, 81):
        host.traffic(OFFICE, port).reaches("web" if port == 80 else "near")
        host.traffic(OUT, port).is_blocked()
    host.traffic(OUT, 82).reaches("third")


@pytest.mark.parametrize("top", ["", "direct = true\n"])
@pytest.mark.parametrize("last", ['[service.ping]\nproto = "icmp"\n', "[service.c]\nport = 83\nrdr = false\n"])
def test_who_is_denied_never_gets_to_a_target(folder: Path, top: str, last: str) -> None:
    """By tag or directly, to one or to a pool, whatever services stand below; what the target offers itself is its own say."""
    toml = (
        '[deny.bad]\nfrom = "192.0.2.0/24"\n[service.a]\nport = 80\nrdr = { port = 8080, target = "near" }\n'
        '[service.b]\nport = 81\nrdr = { target = ["web", "near"], source_hash = true }\n' + last
    )
    host = running(folder, toml, top + HOST)
    host.start("[service.d]\nport = 84\nallow = { direct = true }\n", "near", ip4="10.0.0.9", ip6="fd00::9")
    for port in (8080, 81):
        assert host.traffic(OFFICE, port)
        host.traffic(OUT, port).is_blocked()
    host.traffic(OUT, 80, to="10.0.0.9").is_blocked()
    host.traffic(OUT, 84).reaches("near")


@pytest.mark.parametrize("vnet", [False, True])
def test_what_is_denied_is_never_sent(folder: Path, vnet: bool) -> None:
    """Before nat and behind it, by both families, to neighbours whatever `out` says; the rest goes out."""
    where = OTHERS["vnet" if vnet else "local"]
    host = SimulatedHost(folder, settings=NAT, pf_conf=CONF)
    bridges(host)
    host.start(NONE, "mail", ip4="10.0.0.40", ip6="")
    host.start('[deny.smtp]\nport = 25\n[out.all]\n[out.mail]\nto = "jail:mail"\n', "web", **where)
    host.traffic("jail:web", 26, to="10.0.0.40").reaches("mail")
    for to in (OFFICE, OUT6, "10.0.0.40"):
        host.traffic("jail:web", 25, to=to).is_blocked()
    for to in (OFFICE, OUT6):
        host.traffic("jail:web", 80, to=to).reaches(to)


def test_a_jail_is_a_jail(folder: Path) -> None:
    """No rule names an interface that a jail by name does not use: the group of loopbacks, or its bridge."""
    host = pair(folder, "apart", "vnet", DB)
    assert isinstance(host.known["db"], Jail)
    assert all(" on " in rule for rule in host.pf.read("jailpf/db").rules)


def test_a_plan_is_not_taken_as_it_is_when_others_have_to_be_told(folder: Path) -> None:
    """The short way of `created` knows of this jail alone."""
    from jailpf.lifecycle.load import outdated

    host = pair(folder, "local", "local", DB)
    assert not outdated(host.session(), "app")
    host.declare(NONE, "app", ip4="10.0.0.21", ip6="")
    assert outdated(host.session(), "app")
    assert not outdated(host.session(), "near")
