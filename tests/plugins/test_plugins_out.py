"""What a jail sends, under `block all`: by nat, by out, by a tunnel, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin_hosts import CONF, HOST, NAT, OFFICE, OUT, OUT6, VNET, notes, running

from jailpf.errors import DeclarationError
from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path


def test_out_by_the_host_s_address_and_by_its_own(folder: Path) -> None:
    """IPv4 is translated and known by its tag, IPv6 is not and is known by its source; neighbours stay inside."""
    host = running(folder, "[out.all]\n", NAT)
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE).connection.source == "203.0.113.1"
    assert host.traffic("jail:web", 443, to=OUT6).reaches(OUT6).connection.source == "fd00::2"
    for to in (OFFICE, OUT6):
        host.traffic("jail:near", 443, to=to).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
def test_out_is_no_way_to_the_host_and_its_jails(folder: Path, vnet: bool) -> None:
    """`out` opens what leaves by em0; behind a bridge the same rule must not open the host, nor what neighbours do not publish."""
    host = running(folder, "[out.all]\n" + VNET * vnet, NAT)
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE)
    for to in ("203.0.113.1", "10.0.0.9", "198.18.0.1"):
        for port in (1, 22):
            host.traffic("jail:web", port, to=to).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
@pytest.mark.parametrize(
    "to",
    [
        '"any"',
        '"0.0.0.0/0"',
        '["0.0.0.0/0", "10.0.0.9"]',
        '["any", "10.0.0.9"]',
        '["0.0.0.0/1", "128.0.0.0/1"]',
        '["0.0.0.0/1", "128.0.0.0/2", "10.0.0.9", "192.0.0.0/2"]',
    ],
)
def test_out_to_everywhere_names_nobody(folder: Path, to: str, vnet: bool) -> None:
    """However everywhere is written, the host and its jails are no part of it; one that is named beside it is reached by that alone."""
    host = running(folder, f"[out.all]\nto = {to}\n" + VNET * vnet, HOST + 'nat = "203.0.113.1"\n')
    assert host.traffic("jail:web", 22, to=OFFICE).reaches(OFFICE)
    for one in ("203.0.113.1", "198.18.0.1", "10.0.0.9"):
        if one not in to:
            host.traffic("jail:web", 22, to=one).is_blocked()
    if "10.0.0.9" in to:
        assert host.traffic("jail:web", 22, to="10.0.0.9")


@pytest.mark.parametrize(
    ("to", "told"),
    [('"(em0:network)"', True), ('"203.0.113.0/24"', True), ('"0.0.0.0/2"', True), ('"198.51.100.0/24"', False)],
)
def test_a_network_that_holds_the_host_is_told(folder: Path, to: str, told: bool) -> None:
    """Behind a bridge, where pf cannot say "these, and not the host"."""
    said = notes(folder, f"[out.a]\nto = {to}\n" + VNET, NAT + 'ext_ip4 = "203.0.113.1"\n')
    assert any("includes the host's own" in one for one in said) is told


@pytest.mark.parametrize(
    "toml",
    [
        '[out.a]\nto = "<t>"\n[table.t]\naddresses = ["0.0.0.0/1", "128.0.0.0/1"]\n',
        '[out.a]\nto = "!192.0.2.0/24"\n',
        '[out.a]\nto = "!<t>"\n[table.t]\naddresses = "192.0.2.7"\n',
        '[out.a]\nto = "<t>"\n[table.t]\naddresses = ["0.0.0.0/0", "!192.0.2.7"]\n',
        '[out.a]\nto = "<t>"\n[table.t]\nfile = "t.table"\n',
    ],
)
def test_out_behind_a_bridge_to_all_but_somebody_is_refused(folder: Path, toml: str) -> None:
    """pf cannot say "not these, and not the host": the host and its jails would be open. A jail on lo1 is let out to all but them."""
    with pytest.raises(DeclarationError, match=r"includes the host and its other jails"):
        running(folder, toml + VNET, NAT, files={"t.table": "::/0\n0.0.0.0/0\n"})


def test_out_to_all_but_somebody_is_for_outside(folder: Path) -> None:
    """A jail on lo1 leaves by em0, to all but those; the host and its neighbours stay closed."""
    host = running(folder, '[out.a]\nto = "!192.0.2.0/24"\n', NAT)
    assert host.traffic("jail:web", 22, to=OFFICE).reaches(OFFICE)
    for one in (OUT, "203.0.113.1", "10.0.0.9"):
        host.traffic("jail:web", 22, to=one).is_blocked()


def test_out_to_an_address_of_the_host(folder: Path) -> None:
    """A vnet jail that names the host's address, its resolver say, reaches that."""
    host = running(folder, '[out.dns]\nproto = "udp"\nport = 53\nto = "198.18.0.1"\n' + VNET, NAT)
    host.traffic("jail:web", 53, to="198.18.0.1", proto="udp").reaches("host")
    host.traffic("jail:web", 53, to="203.0.113.1", proto="udp").is_blocked()


@pytest.mark.parametrize("to", ["203.0.113.1", "198.18.0.1", "10.0.0.1", "fd00::1"])
def test_out_to_an_address_that_turns_out_to_be_the_host_s(folder: Path, to: str) -> None:
    """A jail on lo1 that names its resolver, whose address no setting tells: that port of that address, and no other jail."""
    host = running(folder, f'[out.dns]\nproto = "udp"\nport = 53\nto = "{to}"\n', NAT)
    host.pf.topology.add_interface("lo1", "10.0.0.1/24", "fd00::1/64")
    host.traffic("jail:web", 53, to=to, proto="udp").reaches("host")
    host.traffic("jail:web", 54, to=to, proto="udp").is_blocked()
    for other in ("10.0.0.9", "fd00::9"):
        host.traffic("jail:web", 53, to=other, proto="udp").is_blocked()


def test_out_when_only_some_is_translated(folder: Path) -> None:
    """Mail leaves by an address of its own, the rest as it is (pf.conf may translate that)."""
    host = running(folder, '[nat.mail]\nproto = "tcp"\nport = 25\naddress = "203.0.113.9"\n[out.all]\n')
    assert host.traffic("jail:web", 25, to=OFFICE).reaches(OFFICE).connection.source == "203.0.113.9"
    assert host.traffic("jail:web", 80, to=OFFICE).reaches(OFFICE).connection.source == "10.0.0.2"


def tunnelled(folder: Path, toml: str, settings: str = NAT) -> SimulatedHost:
    """A host whose second card wg0 is a tunnel, under a policy of block."""
    host = running(folder, toml, settings)
    host.pf.topology.add_interface("wg0", "172.31.0.2/32")
    return host


@pytest.mark.parametrize("vnet", [False, True])
@pytest.mark.parametrize("nat", ["", 'to = "198.51.100.0/24"\n', 'proto = "tcp"\n'])
def test_a_jail_that_leaves_by_a_tunnel_never_leaves_by_ext_if(folder: Path, nat: str, vnet: bool) -> None:
    """Neither translated nor as it is, by neither family, though the tunnel is down and its way is em0's."""
    host = tunnelled(folder, f'[nat.vpn]\non = "wg0"\n{nat}[out.all]\n' + VNET * vnet)
    for to in (OFFICE, OUT) if vnet else (OFFICE, OUT, OUT6):
        for proto in ("tcp", "udp"):
            host.traffic("jail:web", 443, to=to, proto=proto).is_blocked()
    host.pf.topology.set_external("wg0")
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE).connection.source == "172.31.0.2"
    host.traffic("jail:near", 443, to=OFFICE).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
def test_a_jail_of_a_tunnel_is_closed_on_ext_if_where_all_is_open(folder: Path, vnet: bool) -> None:
    """The host's policy is to pass, and the tunnel is down: nothing leaves, by neither family; what is published answers."""
    host = SimulatedHost(folder, settings=NAT, pf_conf=CONF.replace("block all\n", ""))
    host.pf.topology.add_interface("wg0", "172.31.0.2/32")
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24", "fd00:1::1/64")
    toml = '[nat.vpn]\non = "wg0"\n[service.a]\nport = 80\n'
    where = {"ip4": "10.0.1.2", "ip6": "fd00:1::2", "vnet": True} if vnet else {"ip4": "10.0.0.2", "ip6": "fd00::2"}
    host.start(toml, **where)
    host.start("# nothing\n", "near", ip4="10.0.0.9", ip6="")
    for to in (OFFICE, OUT6):
        host.traffic("jail:web", 443, to=to).is_blocked()
    host.traffic(OFFICE, 80).reaches("web")
    assert host.traffic("jail:near", 443, to=OFFICE).connection.source == "203.0.113.1"
    host.pf.topology.set_external("wg0")
    assert host.traffic("jail:web", 443, to=OFFICE).reaches(OFFICE).connection.source == "172.31.0.2"


def test_out_by_another_interface_than_that_of_the_nat(folder: Path) -> None:
    """`on` opens what it says, and only that."""
    host = tunnelled(folder, '[nat.vpn]\non = "wg0"\n[out.time]\non = "em0"\nproto = "udp"\nport = 123\n')
    host.traffic("jail:web", 123, to=OFFICE, proto="udp").reaches(OFFICE)
    host.traffic("jail:web", 443, to=OFFICE).is_blocked()
    host.pf.topology.set_external("wg0")
    host.traffic("jail:web", 123, to=OFFICE, proto="udp", source_port=40001).is_blocked()


def test_an_address_that_outside_knows_is_not_translated(folder: Path) -> None:
    """The second jail has an address of its own on em0 and keeps it; with `nat = false` so does the third."""
    host = SimulatedHost(folder, settings=NAT, pf_conf=CONF)
    host.start('[out.all]\n[jail]\nip4 = "203.0.113.20"\ninterface = "em0"\n', "own", ip6="")
    host.start("nat = false\n[out.all]\n", "kept", ip6="")
    host.start("[out.all]\n", "hidden", ip6="")
    for name, source in (("own", "203.0.113.20"), ("kept", "10.0.0.3"), ("hidden", "203.0.113.1")):
        assert host.traffic(f"jail:{name}", 443, to=OFFICE).reaches(OFFICE).connection.source == source


def test_nat_per_destination(folder: Path) -> None:
    """The first of the file that fits."""
    toml = '[nat.office]\nto = "198.51.100.0/24"\naddress = "203.0.113.9"\n[nat.rest]\naddress = "203.0.113.1"\n[out.all]\n'
    host = running(folder, toml)
    assert host.traffic("jail:web", 80, to=OFFICE).reaches(OFFICE).connection.source == "203.0.113.9"
    assert host.traffic("jail:web", 80, to=OUT).reaches(OUT).connection.source == "203.0.113.1"


def test_static_port(folder: Path) -> None:
    """The source port stays as it is."""
    host = running(folder, '[nat.a]\naddress = "203.0.113.9"\nstatic_port = true\n[out.all]\n')
    assert host.traffic("jail:web", 80, to=OUT, source_port=5060).reaches(OUT).connection.source_port == 5060


def test_a_shared_jail_leaves_as_the_host(folder: Path) -> None:
    """Its address is the host's own: nothing to translate, and `out` knows it by its source."""
    host = running(folder, '[out.all]\n[jail]\nip4 = "203.0.113.1"\nshared = true\n', NAT)
    assert not host.pf.read("jailpf/web").nat
    assert "from 203.0.113.1 to any" in host.pf.read("jailpf/web").rules[0]


@pytest.mark.parametrize("networks", ['"10.9.0.0/16"', '["10.9.0.0/16", "10.0.0.2"]', '"10.0.0.0/8"'])
def test_a_nat_for_others_only_is_told(folder: Path, networks: str) -> None:
    """The jail's own address gets no other nat, and would leave as it is."""
    host = SimulatedHost(folder, settings=NAT, pf_conf=CONF)
    host.declare(f"[nat.clients]\nfrom = {networks}\n[out.all]\n", ip4="10.0.0.2", ip6="fd00::2")
    prepared = prepare(host.session(), "web", created=True)
    assert prepared
    said = [one.message for one in prepared.ruleset.notes]
    alone = networks == '"10.9.0.0/16"'
    assert (
        said
        == ["10.0.0.2 is not translated: no [nat.NAME] covers it, and a jail with its own nat does not get the host's"]
        * alone
    )


@pytest.mark.parametrize("nat", ['from = ["10.1.0.2", "10.9.0.0/24"]', 'from = "10.9.0.0/24"\n[nat.own]'])
@pytest.mark.parametrize("own", ["", '[out.own]\nproto = "udp"\n'])
def test_out_of_a_network_behind_the_jail_lets_out_that_alone(folder: Path, nat: str, own: str) -> None:
    """The jail's own packets have another tag, under a policy that closes em0 alone, too; and the other way round."""
    conf = CONF.replace("block all", "block on em0")
    host = SimulatedHost(folder, settings=NAT, pf_conf=conf)
    host.pf.topology.add_interface("bridge0", "10.1.0.1/24")
    toml = f'[nat.n]\n{nat}\n[out.net]\nfrom = "10.9.0.0/24"\nproto = "tcp"\n{own}'
    host.start(toml, ip4=["10.1.0.2"], ip6="", vnet=True)
    for proto, let in (("tcp", False), ("udp", bool(own))):
        assert bool(host.traffic("jail:web", 443, to=OFFICE, proto=proto)) == let
    text = host.render(toml, ip4=["10.1.0.2"], ip6="", vnet=True)
    behind = [line for line in text.splitlines() if "jailpf.out.behind/web" in line]
    assert [line.startswith("nat") for line in behind] == [True, False]
    assert "from 10.9.0.0/24" in behind[0]
    assert "proto tcp" in behind[1]


def test_out_of_one_network_of_two_is_refused(folder: Path) -> None:
    """pf could not tell the two apart behind nat."""
    toml = '[nat.n]\nfrom = ["10.8.0.0/24", "10.9.0.0/24"]\n[out.net]\nfrom = "10.9.0.0/24"\n'
    with pytest.raises(DeclarationError, match=r"10\.8\.0\.0/24 would be let out"):
        running(folder, toml, NAT)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[nat.q]\non = ["em0", "dsl"]\n[out.all]\n', True),
        ('[nat.a]\naddress = "203.0.113.8"\n[nat.b]\naddress = "203.0.113.9"\n', True),
        ('[nat.a]\naddress = "203.0.113.8"\nproto = "tcp"\n[nat.b]\naddress = "203.0.113.9"\n', False),
        ('[nat.a]\naddress = "203.0.113.8"\nfrom = "10.9.0.0/24"\n[nat.b]\naddress = "203.0.113.9"\n', False),
    ],
)
def test_a_nat_that_is_never_asked_is_told(folder: Path, toml: str, told: bool) -> None:
    """The first that matches translates: another one on the same card, an uplink's too, never does."""
    uplink = NAT + '[host.uplink.dsl]\ninterface = "em1"\ngateway = "198.18.0.254"\n'
    assert any("is never used" in one for one in notes(folder, toml, uplink)) == told


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[service.a]\nport = 80\nfrom = "!192.0.2.0/24"\n', True),
        ('[service.a]\nport = 80\nfamily = "inet"\nfrom = "!192.0.2.0/24"\n', False),
        ('[out.a]\nto = "!192.0.2.0/24"\n', True),
        ('[deny.a]\nfrom = "!192.0.2.0/24"\n', False),
    ],
)
def test_all_but_a_network_of_one_family_is_told(folder: Path, toml: str, told: bool) -> None:
    """It makes no rule for the jail's other family, except where it denies: both families are closed then."""
    assert sum("is inet alone" in one for one in notes(folder, toml)) == told
