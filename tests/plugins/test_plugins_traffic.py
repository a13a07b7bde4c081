"""The built-in rule types in terms of traffic, under `block all`: who reaches the jail, and who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import DeclarationError
from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path

HOST = '[host]\next_if = "em0"\n'
NAT = HOST + 'nat = "(em0:0)"\n'
OUT, OFFICE, OUT6 = "192.0.2.7", "198.51.100.7", "2001:db8:7::7"
VNET = '\n[jail]\nip4 = "10.0.1.2"\nvnet = true\ninterface = "bridge0"\n'
CONF = """\
nat-anchor "jailpf/*"
binat-anchor "jailpf/*"
rdr-anchor "jailpf/*"
block all
pass inet6 proto icmp6
anchor "jailpf/*"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "host"


def running(folder: Path, toml: str, settings: str = HOST, **what: object) -> SimulatedHost:
    """A host with the jail `web` (10.0.0.2, fd00::2), and a neighbour `near` that offers nothing."""
    host = SimulatedHost(folder, settings=settings, pf_conf=CONF)
    host.pf.topology.add_interface("em1", "198.18.0.1/24")
    host.start("[service.none]\nport = 1\n", "near", ip4="10.0.0.9", ip6="fd00::9")
    host.start(toml, "web", **{"ip4": "10.0.0.2", "ip6": "fd00::2", **what})
    return host


def test_the_least(folder: Path) -> None:
    """The client reaches the jail on 993 and not on 110, by both families; neighbours with a route get nothing."""
    host = running(folder, "[service.imaps]\nport = [993, 995]\n")
    for client in (OUT, OUT6):
        host.traffic(client, 993).reaches("web", 993)
        host.traffic(client, 995).reaches("web", 995)
        host.traffic(client, 110).is_blocked()
    host.traffic(OUT, 993, to="10.0.0.2").is_blocked()
    host.traffic(OUT6, 993, to="fd00::2").is_blocked()
    host.traffic("jail:near", 993, to="10.0.0.2").is_blocked()


def test_direct_lets_neighbours_in(folder: Path) -> None:
    """With `direct` whoever has a route, and another jail, reaches the service, and only that."""
    host = running(folder, "[service.imaps]\nport = 993\nallow = { direct = true }\n")
    host.traffic(OUT, 993).reaches("web")
    host.traffic(OUT, 993, to="10.0.0.2").reaches("web")
    host.traffic(OUT, 995, to="10.0.0.2").is_blocked()


def test_one_direct_service_does_not_open_another(folder: Path) -> None:
    """Each service has its own say: the tag of one is not worth anything for another."""
    host = running(folder, "[service.a]\nport = 80\nallow = { direct = true }\n[service.b]\nport = 81\n")
    host.traffic(OUT, 80, to="10.0.0.2").reaches("web")
    host.traffic(OUT, 81, to="10.0.0.2").is_blocked()
    host.traffic(OUT, 81).reaches("web")


def test_ports_map_in_pairs_and_ranges_by_offset(folder: Path) -> None:
    """8080 is 80 inside, 6003 is 7003; what is not published as such is closed."""
    host = running(
        folder,
        "[service.http]\nport = [80, 443]\nrdr = { port = [8080, 443] }\n"
        '[service.rtp]\nproto = "udp"\nport = "7000:7010"\nrdr = { port = "6000:6010" }\n',
    )
    host.traffic(OUT, 8080).reaches("web", 80)
    host.traffic(OUT, 443).reaches("web", 443)
    host.traffic(OUT, 80).is_blocked()
    for number in (0, 3, 10):
        host.traffic(OUT, 6000 + number, proto="udp").reaches("web", 7000 + number)
    host.traffic(OUT, 7003, proto="udp").is_blocked()
    host.traffic(OUT, 6003).is_blocked()


def test_from_counts_at_the_rdr_and_at_the_pass(folder: Path) -> None:
    """Who is redirected, and of those who is let in."""
    host = running(
        folder,
        '[service.ssh]\nport = 22\nfrom = "198.51.100.0/24"\n'
        '[service.web]\nport = 80\nallow = { from = "!198.51.100.7" }\nrdr = { from = "198.51.100.0/24" }\n',
    )
    host.traffic(OFFICE, 22).reaches("web")
    host.traffic(OUT, 22).is_blocked()
    host.traffic("198.51.100.8", 80).reaches("web")
    host.traffic(OFFICE, 80).is_blocked()
    host.traffic(OUT, 80).is_blocked()


def test_a_table_can_change_while_the_rules_stay(folder: Path) -> None:
    """Who is in the table gets in, and who is taken out of it does not."""
    host = running(
        folder, '[service.ssh]\nport = 22\nfrom = "<t>"\n[table.t]\naddresses = ["192.0.2.0/24", "!192.0.2.9"]\n'
    )
    host.traffic(OUT, 22).reaches("web")
    host.traffic("192.0.2.9", 22).is_blocked()
    host.traffic(OFFICE, 22).is_blocked()
    host.pf.table("jailpf/web", "t", "add", [OFFICE])
    host.traffic(OFFICE, 22).reaches("web")


@pytest.mark.parametrize("where", ["lo1", "vnet"])
def test_on_is_an_interface_that_connections_come_in_by(folder: Path, where: str) -> None:
    """Directly by em0 only, whether the jail is behind a bridge or not."""
    toml = '[service.a]\nport = 80\nrdr = false\nallow = { on = "em0" }\n' + (VNET if where == "vnet" else "")
    host = running(folder, toml)
    address = "10.0.1.2" if where == "vnet" else "10.0.0.2"
    host.traffic(OUT, 80, to=address).reaches("web")
    host.traffic("jail:near", 80, to=address).is_blocked()
    host.pf.topology.set_external("em1")
    host.traffic(OFFICE, 80, to=address).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
@pytest.mark.parametrize(
    "allow", ["{}", "{ max_src_conn = 3 }", '{ on = "em0" }', '{ on = "em0", max_src_conn = 3 }', "{ synproxy = true }"]
)
def test_limits_and_interfaces_let_in_what_the_plain_rule_does(folder: Path, allow: str, vnet: bool) -> None:
    """All forms of the pass rule, for jails behind a bridge and others: reached from outside by the published port only."""
    host = running(folder, f"[service.a]\nport = 80\nrdr = {{ port = 8080 }}\nallow = {allow}\n" + VNET * vnet)
    address = "10.0.1.2" if vnet else "10.0.0.2"
    host.traffic(OUT, 8080).reaches("web", 80)
    host.traffic(OUT, 80).is_blocked()
    host.traffic(OUT, 80, to=address).is_blocked()
    host.traffic("jail:near", 80, to=address).is_blocked()


@pytest.mark.parametrize("vnet", [False, True])
def test_max_src_conn_counts_connections_once(folder: Path, vnet: bool) -> None:
    """Three of one source, not one and a half, though a vnet jail's packets pass two rules."""
    host = running(folder, "[service.a]\nport = 80\nallow = { max_src_conn = 3 }\n" + VNET * vnet)
    got = [bool(host.traffic(OUT, 80, source_port=2000 + number)) for number in range(5)]
    assert got == [True, True, True, False, False]
    host.traffic(OFFICE, 80).reaches("web")


def test_max_counts_all_sources(folder: Path) -> None:
    """Two states, whoever has them."""
    host = running(folder, "[service.a]\nport = 80\nallow = { max = 2 }\n")
    assert [bool(host.traffic(f"192.0.2.{number}", 80)) for number in range(1, 5)] == [True, True, False, False]


def test_overload_blocks_a_source_for_good(folder: Path) -> None:
    """Its connections end, it stays out though they ended, and it is not blocked from other services."""
    host = running(
        folder, "[service.a]\nport = 80\nallow = { max_src_conn = 2, overload = true }\n[service.b]\nport = 81\n"
    )
    for number in range(4):
        host.traffic(OUT, 80, source_port=2000 + number)
    assert host.pf.table("jailpf/web", "overload_a", "show") == [OUT]
    for state in host.pf.states():
        assert OUT not in str(state) or ":81" in str(state)
    host.traffic(OUT, 80, source_port=3000).is_blocked()
    host.traffic(OUT, 81).reaches("web")
    host.traffic(OFFICE, 80).reaches("web")


def test_hairpin(folder: Path) -> None:
    """The host and its jails reach the external address's port; without it they do not."""
    host = running(folder, "[service.a]\nport = 80\nrdr = { port = 8080, hairpin = true }\n[service.b]\nport = 81\n")
    for sender in (OUT, "jail:near", "jail:web", "host"):
        host.traffic(sender, 8080, to="203.0.113.1").reaches("web", 80)
    host.traffic("jail:near", 81, to="203.0.113.1").is_blocked()
    host.traffic("jail:near", 80, to="203.0.113.1").is_blocked()
    host.traffic("jail:near", 80, to="10.0.0.2").is_blocked()


@pytest.mark.parametrize("allow", ["{}", '{ on = "em0" }', "{ max_src_conn = 9 }"])
def test_hairpin_of_a_vnet_jail(folder: Path, allow: str) -> None:
    """From outside and by its neighbours on the bridge, itself included. The host and a jail on lo1 are not let in: the answer
    would come from the jail itself, untranslated, and be dropped (facts.md, "Hairpin to a vnet jail"; recorded traffic).
    """
    host = running(folder, f"[service.a]\nport = 80\nrdr = {{ hairpin = true }}\nallow = {allow}\n" + VNET)
    host.pf.topology.add_interface("bridge0", "10.0.1.1/24")
    host.start("# nothing\n", "beside", ip4="10.0.1.9", ip6="", vnet=True)
    for sender in (OUT, "jail:beside", "jail:web"):
        host.traffic(sender, 80, to="203.0.113.1").reaches("web", 80)
    for sender in ("host", "jail:near"):
        host.traffic(sender, 80, to="203.0.113.1").is_blocked()


@pytest.mark.parametrize("toml", ["", VNET], ids=["lo1", "vnet"])
def test_jails_behind_another_bridge_come_in_by_that(folder: Path, toml: str) -> None:
    """Named in rdr.on; another bridge is closed."""
    host = running(folder, '[service.a]\nport = 80\nrdr = { on = ["em0", "bridge1"] }\n' + toml)
    for number in (1, 2):
        host.pf.topology.add_interface(f"bridge{number}", f"10.0.{number + 1}.1/24")
        host.start("# none\n", f"b{number}", ip4=f"10.0.{number + 1}.9", ip6="", vnet=True, interface=f"bridge{number}")
    host.traffic("jail:b1", 80, to="203.0.113.1").reaches("web", 80)
    host.traffic("jail:b2", 80, to="203.0.113.1").is_blocked()


@pytest.mark.parametrize("allow", ["{}", '{ on = "em0" }', "{ max_src_conn = 9 }"])
@pytest.mark.parametrize("target", ["near", "behind"])
def test_a_target_is_reached_though_it_is_another_jail(folder: Path, allow: str, target: str) -> None:
    """Also when that one is behind a bridge; its address is no way in, and the declaring jail is not reached."""
    host = SimulatedHost(folder, settings=HOST, pf_conf=CONF)
    host.start("[service.none]\nport = 1\n", "near", ip4="10.0.0.9", ip6="fd00::9")
    host.start(
        '[service.none]\nport = 2\n[jail]\nip4 = "10.0.1.8"\nvnet = true\ninterface = "bridge0"\n',
        "behind",
        ip4="",
        ip6="",
    )
    host.start(
        f'[service.a]\nport = 80\nrdr = {{ target = "{target}", port = 8080 }}\nallow = {allow}\n', ip4="10.0.0.2"
    )
    host.traffic(OUT, 8080).reaches(target, 80)
    host.traffic(OUT, 80, to="10.0.1.8").is_blocked()
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()


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
@pytest.mark.parametrize("to", ['"any"', '"0.0.0.0/0"', '["0.0.0.0/0", "10.0.0.9"]'])
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
    "toml",
    [
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


def test_an_empty_declaration_starts_its_jail(folder: Path) -> None:
    """Nothing is let in, and nothing is wrong."""
    host = running(folder, "# later\n")
    assert host.problems("# later\n", "web") == []
    host.traffic(OUT, 80).is_blocked()
    assert host.pf.anchors("jailpf") == ["jailpf/near"]
    host.traffic(OFFICE, 1).reaches("near")


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


def test_binat_for_one_of_two_addresses(folder: Path) -> None:
    """Both ways for the first; the second leaves by the host's address."""
    toml = '[binat.a]\naddress = "203.0.113.9"\n[out.all]\n[service.s]\nport = 80\nrdr = false\n'
    host = running(folder, toml + '[jail]\nip4 = ["10.0.0.2", "10.0.0.3"]\n', NAT)
    host.pf.topology.add_interface("em0", "203.0.113.1/24", "203.0.113.9/24")
    host.traffic(OUT, 80, to="203.0.113.9").reaches("web", 80)
    host.traffic(OUT, 81, to="203.0.113.9").is_blocked()
    nat = host.pf.read("jailpf/web").nat
    assert [rule.split(" from ")[1].split()[0] for rule in nat] == ["10.0.0.2", "10.0.0.3", "10.0.0.2"]


def test_icmp_is_let_in_to_the_jail_s_own_address(folder: Path) -> None:
    """Pings of the jail are answered, the host's are the host's."""
    host = running(folder, '[service.ping]\nproto = "icmp"\nrdr = false\n')
    host.traffic(OUT, to="10.0.0.2", proto="icmp").reaches("web")
    host.traffic(OUT, to="203.0.113.1", proto="icmp").is_blocked()
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()


@pytest.mark.parametrize("layout", ["single", "split"])
def test_layouts_decide_alike(folder: Path, layout: str) -> None:
    """Where a rule is loaded makes no difference to who gets in."""
    conf = CONF
    if layout == "split":
        for word in ("nat", "binat", "rdr"):
            conf = conf.replace(f'{word}-anchor "jailpf/*"\n', f'{word}-anchor "{word}/*"\n', 1)
        conf = conf.replace('\nanchor "jailpf/*"', '\nanchor "allow/*"')
    host = SimulatedHost(folder, settings=f'layout = "{layout}"\n{NAT}', pf_conf=conf)
    host.start(
        '[service.a]\nport = 80\nfrom = "<t>"\n[table.t]\naddresses = "192.0.2.0/24"\n[out.mail]\nproto = "tcp"\nport = 25\n',
        ip4="10.0.0.2", ip6="",
    )  # fmt: skip
    host.traffic(OUT, 80).reaches("web")
    host.traffic(OFFICE, 80).is_blocked()
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()
    host.traffic("jail:web", 25, to=OFFICE).reaches(OFFICE)
    host.traffic("jail:web", 80, to=OFFICE).is_blocked()


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


@pytest.mark.parametrize(
    ("target", "to"), [('["web", "near"]', "10.0.0.22"), ('["web", "near"]', "10.0.0.2"), ('"web"', "10.0.0.22")]
)
def test_allow_to_holds_whoever_else_is_a_target(folder: Path, target: str, to: str) -> None:
    """What is redirected to an address that `to` does not name is not let in, this jail's or another's, and that is told."""
    toml = f'[service.a]\nport = 80\nrdr = {{ target = {target} }}\nallow = {{ to = "{to}" }}\n'
    host = running(folder, toml, ip4=["10.0.0.2", "10.0.0.22"], ip6="")
    for sent in ("10.0.0.2", "10.0.0.22", "10.0.0.9"):
        host.traffic(OUT, 80, to=sent).is_blocked()
    text = host.render(toml, "web", ip4=["10.0.0.2", "10.0.0.22"], ip6="")
    passed = [line for line in text.splitlines() if line.startswith("pass")]
    assert [f" to {to} port 80 tagged " in line for line in passed] == [True]
    notes = [note.message for note in prepare(host.session(), "web", created=True).ruleset.notes]
    assert len([note for note in notes if "`to` of allow does not list it" in note]) == 1


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


def notes(folder: Path, toml: str, settings: str = NAT) -> list[str]:
    host = SimulatedHost(folder, settings=settings, pf_conf=CONF)
    host.declare(toml, ip4="10.0.0.2", ip6="fd00::2")
    prepared = prepare(host.session(), "web", created=True)
    assert prepared
    return [one.message for one in prepared.ruleset.notes]


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
