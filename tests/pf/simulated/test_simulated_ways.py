"""On which interfaces a packet appears. The facts are those of facts.md, "What a running 15.1 showed"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import NoJailError, UsageError

if TYPE_CHECKING:
    from jailpf.pf.simulated import Connection, Simulated

OUT_8080 = "pass out quick on lo0 inet proto tcp from any to (em0:0) port 8080\n"


def _way(connection: Connection) -> list[tuple[str, str]]:
    first = (step for step in connection.steps if step.packet == "first")
    return [(step.interface, step.direction) for step in first if step.phase in {"filter", "skip", "state"}]


def _rdr(on: str, target: str) -> str:
    rdr = f'rdr on {on} inet proto tcp from any to (em0:0) port 8080 tag "x" -> {target} port 80\n'
    return rdr + f'pass quick inet proto tcp from any to {target} port 80 tagged "x"\n'


def test_a_vnet_jails_packets_leave_again_through_the_bridge(pf: Simulated) -> None:
    """facts.md, "vnet jails behind a bridge": rdr + `pass in` is not enough; a rule without direction
    works.
    """
    pf.load("jailpf/vn", _rdr("em0", "10.9.0.5").replace("pass quick", "pass in quick"))
    connection = pf.connect("tcp", "198.51.100.7", "203.0.113.1", 8080)
    assert connection.verdict == "block"
    assert _way(connection) == [("em0", "in"), ("bridge0", "out")]
    pf.load("jailpf/vn", _rdr("em0", "10.9.0.5"))
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 8080, source_port=4).delivered_to == "vn"


def test_a_local_jails_packets_are_filtered_once(pf: Simulated) -> None:
    """facts.md: a pass rule without a direction works for lo1 jails and vnet jails alike."""
    pf.load("jailpf/dovecot", _rdr("em0", "172.16.15.15"))
    assert _way(pf.connect("tcp", "198.51.100.7", "203.0.113.1", 8080)) == [("em0", "in")]


def test_a_vnet_jail_also_needs_pass_in_on_its_interface(pf: Simulated) -> None:
    """facts.md: a vnet jail also needs `pass in quick on bridge0 from J`."""
    nat = 'nat on em0 inet from 10.9.0.5 to any tag "y" -> (em0:0)\npass out quick on em0 inet all tagged "y"\n'
    pf.load("jailpf/vn", nat)
    assert not pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:vn")
    pf.load("jailpf/vn", nat + "pass in quick on bridge0 from 10.9.0.5\n")
    connection = pf.connect("tcp", "", "9.9.9.9", 25, sender="jail:vn")
    assert (connection.delivered_to, connection.source) == ("9.9.9.9", "203.0.113.1")
    assert _way(connection) == [("bridge0", "in"), ("em0", "out")]


@pytest.mark.parametrize("sender", ["jail:web", "jail:dovecot", "host"])
def test_hairpin_is_on_lo0_only(pf: Simulated, sender: str) -> None:
    """facts.md, Hairpin: such packets appear on lo0 only, from another jail, the jail itself and the host."""
    pf.load("jailpf/dovecot", _rdr("{ em0 lo0 }", "172.16.15.15") + OUT_8080)
    connection = pf.connect("tcp", "", "203.0.113.1", 8080, sender=sender)
    assert connection.delivered_to == "dovecot"
    assert _way(connection) == [("lo0", "out"), ("lo0", "in")]


def test_hairpin_needs_lo0_in_the_rdr_and_the_pass_out(pf: Simulated) -> None:
    """facts.md, Hairpin: `rdr on { em0 lo0 }` and `pass out quick on lo0` under `block all`."""
    pf.load("jailpf/dovecot", _rdr("{ em0 lo0 }", "172.16.15.15"))
    assert not pf.connect("tcp", "", "203.0.113.1", 8080, sender="host")
    pf.load("jailpf/dovecot", _rdr("em0", "172.16.15.15") + OUT_8080)
    assert not pf.connect("tcp", "", "203.0.113.1", 8080, sender="host")


def test_hairpin_to_a_vnet_jail_leaves_by_the_bridge(pf: Simulated) -> None:
    """facts.md: the same from another jail to a vnet jail; the packet goes on as OUT on the bridge. The answer comes
    from the jail itself, so the sender drops it.
    """
    pf.load("jailpf/vn", _rdr("{ em0 lo0 bridge0 }", "10.9.0.5") + OUT_8080)
    connection = pf.connect("tcp", "", "203.0.113.1", 8080, sender="jail:web")
    assert connection.delivered_to == "vn"
    assert _way(connection) == [("lo0", "out"), ("lo0", "in"), ("bridge0", "out")]
    assert (connection.verdict, connection.sender_sees) == ("unanswered", "silence")
    assert "the reply comes from 10.9.0.5 port 80, not from 203.0.113.1 port 8080" in connection.reason


def test_set_skip_on_lo0_breaks_hairpin(pf: Simulated) -> None:
    """facts.md, Hairpin: `set skip on lo0` breaks it: the host itself gets the connection."""
    pf.set_main("set skip on lo0\n" + pf.main())
    pf.load("jailpf/dovecot", _rdr("{ em0 lo0 }", "172.16.15.15") + OUT_8080)
    assert pf.connect("tcp", "", "203.0.113.1", 8080, sender="jail:web").delivered_to == "host"
    assert pf.skipped() == ["lo0"]


def test_set_skip_by_group(pf: Simulated) -> None:
    """pf.conf(5), set skip; facts.md section 4: groups work as interfaces."""
    pf.set_main("set skip on lo\nblock all\n")
    assert _way(pf.connect("tcp", "", "172.16.15.16", 80, sender="jail:dovecot")) == [
        ("lo1", "out"),
        ("lo1", "in"),
    ]
    assert pf.connect("tcp", "", "172.16.15.16", 80, sender="jail:dovecot")


def test_between_jails_on_lo1(pf: Simulated) -> None:
    """What a lo1 jail sends to another appears on lo1, OUT and IN."""
    pf.load("jailpf/web", "pass quick on lo1 inet proto tcp from any to 172.16.15.16 port 80\n")
    connection = pf.connect("tcp", "", "172.16.15.16", 80, sender="jail:dovecot")
    assert connection.delivered_to == "web"
    assert _way(connection) == [("lo1", "out"), ("lo1", "in")]


def test_from_a_local_jail_to_a_vnet_jail(pf: Simulated) -> None:
    """It leaves by the bridge, once."""
    pf.set_main("pass\n")
    connection = pf.connect("tcp", "", "10.9.0.5", 80, sender="jail:dovecot")
    assert (connection.delivered_to, _way(connection)) == ("vn", [("bridge0", "out")])


def test_between_vnet_jails_of_one_bridge_pf_sees_nothing(pf: Simulated) -> None:
    """Two vnet jails of one bridge talk past the host's pf; the step says so."""
    pf.topology.add_jail("vm", ["10.9.0.6"], interface="bridge0", vnet=True)
    connection = pf.connect("tcp", "", "10.9.0.6", 80, sender="jail:vn")
    assert connection.delivered_to == "vm"
    assert [step.phase for step in connection.steps] == ["bridge"]


def test_a_target_that_nobody_has_is_not_reached(pf: Simulated) -> None:
    """A redirection to an address of no interface and no jail leads nowhere, private or not."""
    pf.load("jailpf/new", _rdr("em0", "172.16.99.1"))
    connection = pf.connect("tcp", "198.51.100.7", "203.0.113.1", 8080)
    assert connection.verdict == "unreachable"
    assert "172.16.99.1 is not an address of this host" in connection.reason


def test_a_private_address_is_reached_where_it_is(pf: Simulated) -> None:
    """A jail's packet to the private address of a LAN leaves by that card, and is filtered there."""
    pf.topology.add_interface("em1", "192.168.1.1/24")
    pf.set_main("pass\nblock out on em1 proto tcp to port 25\n")
    connection = pf.connect("tcp", "", "192.168.1.7", 80, sender="jail:vn")
    assert _way(connection) == [("bridge0", "in"), ("em1", "out")]
    assert connection.delivered_to == "192.168.1.7"
    assert pf.connect("tcp", "", "192.168.1.7", 25, sender="jail:vn").verdict == "block"


def test_somebody_elses_address_is_unreachable(pf: Simulated) -> None:
    """A packet from outside for an address that is neither ours nor private goes nowhere."""
    pf.set_main("pass\n")
    assert pf.connect("tcp", "198.51.100.7", "192.0.2.1", 80).verdict == "unreachable"


def test_an_interface_can_be_given(pf: Simulated) -> None:
    """A packet may arrive elsewhere than where its sender's network is."""
    pf.topology.add_interface("em1", "192.0.2.1/24")
    pf.load("jailpf/a", "pass in quick on em1 all\n")
    assert pf.connect("tcp", "192.0.2.9", "203.0.113.1", 22, keep=False)
    assert not pf.connect("tcp", "192.0.2.9", "203.0.113.1", 22, interface="em0")


def test_nothing_is_filtered_when_pf_is_disabled(pf: Simulated) -> None:
    """facts.md section 5: pf disabled: loading works, nothing is filtered."""
    pf.enable(False)
    assert pf.enabled() is False
    assert pf.connect("tcp", "198.51.100.7", "203.0.113.1", 22).delivered_to == "host"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("tcp", "198.51.100.7", "nowhere", 80), UsageError),
        (("tcp", "198.51.100.7", "2001:db8::1", 80), UsageError),
        (("tcp", "", "203.0.113.1", 80), UsageError),
        (("tpc", "198.51.100.7", "203.0.113.1", 80), UsageError),
        (("icmp", "198.51.100.7", "203.0.113.1", 80), UsageError),
        (("tcp", "198.51.100.7", "203.0.113.1", 70000), UsageError),
    ],
)
def test_questions_that_make_no_sense(
    pf: Simulated, arguments: tuple[str, str, str, int], error: type[Exception]
) -> None:
    """Bad input is one clear error."""
    with pytest.raises(error):
        pf.connect(*arguments)


def test_unknown_jails_and_interfaces(pf: Simulated) -> None:
    """A jail that is not declared, an interface that is not there, a sender that is none: one clear error
    each.
    """
    with pytest.raises(NoJailError, match="nosuch"):
        pf.connect("tcp", "", "203.0.113.1", 80, sender="jail:nosuch")
    with pytest.raises(UsageError, match="em7"):
        pf.connect("tcp", "198.51.100.7", "203.0.113.1", 80, interface="em7")
    with pytest.raises(UsageError, match="sender"):
        pf.connect("tcp", "198.51.100.7", "203.0.113.1", 80, sender="inside")
