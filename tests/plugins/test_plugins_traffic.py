"""The rule types of a service in terms of traffic, under `block all`: who reaches the jail, and who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin_hosts import CONF, HOST, NAT, OFFICE, OUT, OUT6, VNET, notes, running

from jailpf.lifecycle.prepare import prepare
from jailpf.testing import SimulatedHost

if TYPE_CHECKING:
    from pathlib import Path


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
    """Who is in the table gets in, and who is commented out of it does not."""
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


def test_an_empty_declaration_starts_its_jail(folder: Path) -> None:
    """Nothing is let in, and nothing is wrong."""
    host = running(folder, "# later\n")
    assert host.problems("# later\n", "web") == []
    host.traffic(OUT, 80).is_blocked()
    assert host.pf.anchors("jailpf") == ["jailpf/near"]
    host.traffic(OFFICE, 1).reaches("near")


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


def test_a_ping_and_no_other_message(folder: Path) -> None:
    """Echo requests unless more is written."""
    host = running(folder, '[service.ping]\nproto = "icmp"\n')
    host.traffic(OUT, to="10.0.0.2", proto="icmp").reaches("web")
    host.traffic(OUT, to="203.0.113.1", proto="icmp").is_blocked()


@pytest.mark.parametrize("to", ["", ', to = "203.0.113.9"'])
def test_a_redirected_ping_is_told_where_it_is_the_host_s(folder: Path, to: str) -> None:
    """pf's rdr knows no types of ICMP: nobody reaches the host any more."""
    toml = f'[service.ping]\nproto = "icmp"\nrdr = {{ hairpin = false{to} }}\n'
    assert sum("every ping to the host's own" in one for one in notes(folder, toml)) == (not to)


def test_no_state_lets_answers_out(folder: Path) -> None:
    """Of the port that is asked, to those who may ask."""
    toml = '[service.a]\nport = 80\nrdr = false\nfrom = "198.51.100.0/24"\nallow = { state = "none" }\n'
    host = running(folder, toml)
    host.traffic(OFFICE, 80, to="10.0.0.2").reaches("web")
    host.traffic(OUT, 80, to="10.0.0.2").is_blocked()
    assert not host.pf.states()


def test_only_one_of_the_addresses(folder: Path) -> None:
    """`allow.to`."""
    toml = '[service.a]\nport = 22\nrdr = false\nallow = { to = "10.0.0.3" }\n[jail]\nip4 = ["10.0.0.2", "10.0.0.3"]\n'
    host = running(folder, toml, ip6="")
    host.traffic(OUT, 22, to="10.0.0.3").reaches("web")
    host.traffic(OUT, 22, to="10.0.0.2").is_blocked()
