"""What examples/ declares, in terms of traffic through the simulated pf; and that the seed's example is the seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jailpf.lifecycle.checks.conflicts import check_all
from jailpf.lifecycle.prepare import prepare
from jailpf.pf.simulated import Simulated
from jailpf.testing import SimulatedHost, SimulatedJail

EXAMPLES = Path(__file__).parents[1] / "examples"
OUT, OFFICE = "192.0.2.7", "198.51.100.7"
OUT6 = "2001:db8:7::7"


def host_of(name: str, folder: Path, settings: str = "") -> SimulatedHost:
    """A host with the files of an example, and all its jails running."""
    example = EXAMPLES / name
    conf = example / "pf.conf"
    text = conf.read_text() if conf.exists() else None
    host = SimulatedHost(folder / name, settings=settings + (example / "jailpf.toml").read_text(), pf_conf=text)
    if text:
        host.write("pf.conf", text)
    host.pf.topology.add_interface("em0", "203.0.113.1/24", "203.0.113.9/24", "203.0.113.10/24", "2001:db8::1/64")
    for path in sorted((example / "jails").iterdir()):
        host.write(f"jails/{path.name}", path.read_text())
    for path in sorted((example / "jails").glob("*.toml")):
        host.declare(path.read_text(), path.stem, ip4="", ip6="").start()
    return host


@pytest.fixture(scope="module")
def block_all(tmp_path_factory: pytest.TempPathFactory) -> SimulatedHost:
    return host_of("block-all", tmp_path_factory.mktemp("examples"))


class TestBlockAll:
    """examples/block-all."""

    def test_nobody_claims_what_another_has(self, block_all: SimulatedHost) -> None:
        """`jailpf check` finds nothing."""
        prepared = [prepare(block_all.session(), name, created=False) for name in block_all.known]
        assert check_all(block_all.session(), [one.record for one in prepared if one]) == []

    def test_only_what_is_declared_is_reached(self, block_all: SimulatedHost) -> None:
        """The host's own policy stands, and no jail is reached by a port that it does not publish."""
        block_all.traffic(OUT, 22).reaches("host")
        for port in (21, 110, 2049, 9100, 5060):
            block_all.traffic(OUT, port).is_blocked()
        for address in ("10.0.0.10", "10.0.0.12", "10.0.1.14", "10.0.0.18"):
            for port in (80, 443, 25, 22):
                block_all.traffic(OUT, port, to=address).is_blocked()

    def test_web_is_reached_by_both_families_and_limits_each_source(self, block_all: SimulatedHost) -> None:
        """Five connections in ten seconds, then the source is blocked, and nobody else is."""
        block_all.traffic(OUT6, 80).reaches("web", 80)
        got = [bool(block_all.traffic("192.0.2.66", 80, source_port=3000 + number)) for number in range(8)]
        assert got[:5] == [True] * 5
        assert not got[-1]
        block_all.traffic("192.0.2.66", 80, source_port=4000).is_blocked()
        assert block_all.pf.table("jailpf/web", "overload_http", "show") == ["192.0.2.66"]
        block_all.traffic(OUT, 80).reaches("web", 80)
        block_all.traffic("192.0.2.66", 25).reaches("two", 25)

    def test_six_is_reached_by_ip6_only(self, block_all: SimulatedHost) -> None:
        """443 of the IPv4 address belongs to another jail."""
        block_all.traffic(OUT6, 443).reaches("six", 443)
        block_all.traffic(OUT, 443).reaches("git", 443)
        assert not any(" inet " in rule for rule in block_all.pf.read("jailpf/six").rules)

    def test_two_is_published_by_its_first_address_and_monitored_by_both(self, block_all: SimulatedHost) -> None:
        """The office has a route; others who have one get nothing, and the office gets nothing else."""
        found = block_all.traffic(OUT, 25).reaches("two", 25)
        assert found.connection.address == "10.0.0.12"
        for address in ("10.0.0.12", "10.0.0.13"):
            block_all.traffic(OFFICE, 9100, to=address).reaches("two", 9100)
            block_all.traffic(OUT, 9100, to=address).is_blocked()
            block_all.traffic(OFFICE, 25, to=address).is_blocked()

    def test_vnet_is_reached_through_its_bridge(self, block_all: SimulatedHost) -> None:
        """The packet leaves again by bridge0, as OUT; the port inside is not published as such."""
        block_all.traffic(OUT, 8443).reaches("vnet", 443)
        block_all.traffic(OUT, 8443, to="10.0.1.14").is_blocked()
        block_all.traffic("jail:web", 443, to="10.0.1.14").is_blocked()

    def test_vnet_goes_out_to_the_web_only(self, block_all: SimulatedHost) -> None:
        """In by bridge0, out by em0 with the host's address."""
        found = block_all.traffic("jail:vnet", 443, to="198.51.100.1").reaches("198.51.100.1")
        assert found.connection.source == "203.0.113.1"
        block_all.traffic("jail:vnet", 22, to="198.51.100.1").is_blocked()
        block_all.traffic("jail:vnet", 53, to="198.51.100.1", proto="udp").is_blocked()

    def test_mailout_leaves_by_an_address_of_its_own(self, block_all: SimulatedHost) -> None:
        """Port 25 only, and not by the host's address as the others do."""
        found = block_all.traffic("jail:mailout", 25, to="198.51.100.1").reaches("198.51.100.1", 25)
        assert found.connection.source == "203.0.113.9"
        block_all.traffic("jail:mailout", 80, to="198.51.100.1").is_blocked()

    def test_gate_sends_its_port_to_another_jail(self, block_all: SimulatedHost) -> None:
        """The office reaches ssh of `two` by 2222; nobody else does, and `two` is not reached directly."""
        found = block_all.traffic(OFFICE, 2222).reaches("two", 22)
        assert found.connection.address == "10.0.0.12"
        block_all.traffic(OUT, 2222).is_blocked()
        block_all.traffic(OFFICE, 22, to="10.0.0.12").is_blocked()
        block_all.traffic(OFFICE, 22).reaches("host")

    def test_gate_s_states_are_its_own(self, block_all: SimulatedHost) -> None:
        """Labels are the declaring jail's, so its stop ends its connections."""
        block_all.traffic(OFFICE, 2222, source_port=5555).reaches("two", 22)
        assert any("jailpf/gate/ssh" in rule for rule in block_all.pf.read("jailpf/gate").rules)
        assert not any("22" in rule for rule in block_all.pf.read("jailpf/two").rules)

    def test_monitor_gets_replies_from_one_port(self, block_all: SimulatedHost) -> None:
        """From port 161 of the office to any port; from other ports and other networks nothing."""
        block_all.traffic(OFFICE, 50123, to="10.0.0.17", proto="udp", source_port=161).reaches("monitor", 50123)
        block_all.traffic(OFFICE, 50123, to="10.0.0.17", proto="udp", source_port=162).is_blocked()
        block_all.traffic(OUT, 50123, to="10.0.0.17", proto="udp", source_port=161).is_blocked()
        block_all.traffic(OFFICE, 50123, to="10.0.0.17", source_port=161).is_blocked()

    def test_git_is_reached_by_the_external_address_from_everywhere(self, block_all: SimulatedHost) -> None:
        """From outside, from another jail, from the jail itself and from the host; its own address is no way in."""
        for sender in (OUT, "jail:web", "jail:git", "host"):
            block_all.traffic(sender, 443, to="203.0.113.1").reaches("git", 443)
        block_all.traffic("jail:web", 443, to="10.0.0.18").is_blocked()
        block_all.traffic("jail:web", 25, to="203.0.113.1").is_blocked()

    def test_build_reaches_two_hosts(self, block_all: SimulatedHost) -> None:
        """And no third one, no other port, no other jail."""
        for address in ("198.51.100.80", "198.51.100.81"):
            for port in (80, 443):
                found = block_all.traffic("jail:build", port, to=address).reaches(address, port)
                assert found.connection.source == "203.0.113.1"
            block_all.traffic("jail:build", 22, to=address).is_blocked()
        block_all.traffic("jail:build", 443, to="198.51.100.82").is_blocked()
        block_all.traffic("jail:build", 80, to="10.0.0.10").is_blocked()

    def test_voip_has_an_address_of_its_own_both_ways(self, block_all: SimulatedHost) -> None:
        """In by the address of its binat, out with it."""
        for proto in ("tcp", "udp"):
            block_all.traffic(OUT, 5060, to="203.0.113.10", proto=proto).reaches("voip", 5060)
        block_all.traffic(OUT, 80, to="203.0.113.10").is_blocked()
        found = block_all.traffic("jail:voip", 5060, to="198.51.100.1", proto="udp").reaches("198.51.100.1")
        assert found.connection.source == "203.0.113.10"

    def test_a_jail_that_declares_no_out_stays_inside(self, block_all: SimulatedHost) -> None:
        """The host's policy is block, both ways."""
        for name in ("web", "two", "git", "six"):
            block_all.traffic(f"jail:{name}", 443, to="2001:db8:9::1" if name == "six" else "198.51.100.1").is_blocked()

    def test_a_stopped_jail_leaves_nothing(self, tmp_path: Path) -> None:
        """No rule, no table, no state of it, and its neighbours stay."""
        host = host_of("block-all", tmp_path)
        host.traffic(OUT, 8443).reaches("vnet")
        for name in list(host.known):
            if name != "git":
                assert SimulatedJail(host, name).stop() == []
        assert host.pf.anchors("jailpf") == ["jailpf/git"]
        assert host.pf.states() == []
        host.traffic(OUT, 443).reaches("git")


SEED_TABLES = "table <ext_ip4> { 203.0.113.1 }\ntable <ext_ip6> { 2001:db8::1 }\n"
SEED_MAIN = (
    SEED_TABLES + 'nat-anchor "nat/*"\nrdr-anchor "rdr/*"\nblock in on em0\npass inet6 proto icmp6\nanchor "allow/*"\n'
)
SEED_RDR = """\
table <insecure_mua> persist file "FILE"

rdr inet  proto tcp from any to <ext_ip4> port { 993 995 } -> 172.16.15.15
rdr inet6 proto tcp from any to <ext_ip6> port { 993 995 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f

rdr inet  proto tcp from <insecure_mua> to <ext_ip4> port { 110 143 } -> 172.16.15.15
rdr inet6 proto tcp from <insecure_mua> to <ext_ip6> port { 110 143 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f
"""
SEED_ALLOW = """\
mua_ports = "{ 110 143 993 995 }"
table <mua_servers> { 172.16.15.15, fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f }
pass in quick proto tcp from any to <mua_servers> port $mua_ports
"""
J4, J6 = "172.16.15.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"


class TestMailToaster:
    """examples/mail-toaster, and the wiki page that it comes from."""

    @pytest.fixture
    def files(self) -> dict[str, str]:
        return {"insecure_mua.table": "192.0.2.0/24\n2001:db8:192::/48\n"}

    def ours(self, folder: Path, files: dict[str, str]) -> SimulatedHost:
        """dovecot as the example has it, in the page's layout, redirected on every interface as the page does."""
        toml = (EXAMPLES / "mail-toaster/jails/dovecot.toml").read_text()
        toml = toml.replace("port = [993, 995]\n", "port = [993, 995]\nrdr = { on = [] }\n")
        toml = toml.replace('from = "<insecure_mua>"\n', 'from = "<insecure_mua>"\nrdr = { on = [] }\n')
        settings = 'layout = "split"\n' + (EXAMPLES / "mail-toaster/jailpf.toml").read_text()
        host = SimulatedHost(folder / "ours", settings=settings, pf_conf=SEED_MAIN)
        host.start(toml, "dovecot", files=files)
        return host

    def test_the_rdr_rules_are_the_seed_s(self, tmp_path: Path, files: dict[str, str]) -> None:
        """In the split layout with `direct`, what pf makes of rdr/dovecot is what it makes of the page's rdr.conf."""
        host = self.ours(tmp_path, files)
        seed = SEED_RDR.replace("FILE", str(host.etc / "jails/insecure_mua.table"))
        assert list(host.pf.read("rdr/dovecot").nat) == [
            line for line in host.pf.printed("rdr/dovecot", seed) if line.startswith("rdr")
        ]
        assert list(host.pf.read("rdr/dovecot").tables) == ["insecure_mua"]

    def test_the_same_clients_get_in(self, tmp_path: Path, files: dict[str, str]) -> None:
        """For all clients and ports both decide alike, but that 110 and 143 also require `from` at the jail's own address."""
        ours = self.ours(tmp_path, files).pf
        table = tmp_path / "ours/etc/jails/insecure_mua.table"
        seed = Simulated(main=SEED_MAIN)
        seed.topology.add_jail("dovecot", [J4, J6])
        seed.load("rdr/dovecot", SEED_RDR.replace("FILE", str(table)))
        seed.load("allow/dovecot", SEED_ALLOW)
        differ = set()
        for client in ("192.0.2.7", "198.51.100.7", "2001:db8:192::7", "2001:db8:198::7"):
            six = ":" in client
            for to in ("2001:db8::1", J6) if six else ("203.0.113.1", J4):
                for port in (22, 25, 80, 109, 110, 143, 144, 993, 994, 995):
                    for proto in ("tcp", "udp"):
                        here, there = (pf.connect(proto, client, to, port, keep=False) for pf in (ours, seed))
                        if (here.verdict, here.delivered_to, here.port) != (
                            there.verdict,
                            there.delivered_to,
                            there.port,
                        ):
                            differ.add((client, to, port, proto, here.verdict, there.verdict))
        assert differ == {
            (client, to, port, "tcp", "block", "pass")
            for client, to in (("198.51.100.7", J4), ("2001:db8:198::7", J6))
            for port in (110, 143)
        }

    def test_the_example_s_jails_are_reached(self, tmp_path: Path) -> None:
        """haproxy by both families, git by 8080, dovecot's POP3 for the clients in its table; dhcp is let in by nobody here."""
        host = host_of("mail-toaster", tmp_path)
        for client in (OUT, OUT6):
            host.traffic(client, 80).reaches("haproxy", 80)
            host.traffic(client, 443).reaches("haproxy", 443)
            host.traffic(client, 8080).reaches("git", 80)
            host.traffic(client, 993).reaches("dovecot", 993)
        host.traffic(OUT, 110).reaches("dovecot", 110)
        host.traffic(OFFICE, 110).is_blocked()
        host.traffic(OFFICE, 22).is_blocked()
        host.traffic(OUT, 67, proto="udp").is_blocked()
        assert len(host.pf.read("jailpf/dhcp").nat) == 2
