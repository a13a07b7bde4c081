"""urpf-failed and no-route ask by which interface the host would answer (pf.c, pf_routable; in_fib.c, check_urpf_nhop)."""

from __future__ import annotations

import pytest

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.host.described import described
from jailpf.pf.simulated.reach.reach import reach

HOST = """\
em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	inet 203.0.113.5 netmask 0xffffff00 broadcast 203.0.113.255
em1: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	inet 198.18.0.5 netmask 0xffffff00 broadcast 198.18.0.255
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
	inet 127.0.0.1 netmask 0xff000000
	groups: lo
"""
ROUTES = """\
Internet:
Destination        Gateway            Flags     Netif Expire
default            203.0.113.1        UGS         em0
198.51.100.0/24    198.18.0.1         UGS         em1
"""


def _host(main: str, routes: str = ROUTES) -> Simulated:
    return Simulated(main=main, topology=described(HOST, routes))


@pytest.mark.parametrize(
    ("source", "card", "verdict"),
    [
        ("192.0.2.9", "em0", "pass"),  # by the default route
        ("192.0.2.9", "em1", "block"),
        ("198.51.100.9", "em1", "pass"),  # by a route of its own
        ("198.51.100.9", "em0", "block"),
        ("198.18.0.9", "em1", "pass"),  # a neighbour
        ("198.18.0.9", "em0", "block"),
    ],
)
def test_urpf_failed_by_the_routes(source: str, card: str, verdict: str) -> None:
    """A sender that the host would answer by another interface; reach says the same."""
    pf = _host("block in quick from urpf-failed\npass\n")
    found = pf.connect("tcp", source, "203.0.113.5", 22, interface=card, keep=False)
    assert found.verdict == verdict
    number = int.from_bytes(bytes(map(int, source.split("."))))
    rows = [row for row in reach(pf) if row.origin == ("outside" if card == "em0" else card) and not row.doubts]
    assert any(row.includes(number, 40000, 0xCB007105, 22) for row in rows) == (verdict == "pass")


def test_no_route() -> None:
    """Nothing with a default route; without one, who is in no network."""
    main = "block in quick from no-route\npass\n"
    assert _host(main).connect("tcp", "192.0.2.9", "203.0.113.5", 22, keep=False).verdict == "pass"
    without = ROUTES.replace("default            203.0.113.1        UGS         em0\n", "")
    assert _host(main, without).connect("tcp", "192.0.2.9", "203.0.113.5", 22, interface="em0").verdict == "block"
    assert _host(main, without).connect("tcp", "198.51.100.9", "203.0.113.5", 22, interface="em1").verdict == "pass"


def test_without_routes_only_neighbours_are_sure() -> None:
    """A described host of which no routes are known: others come by the uplink, or by another card as well."""
    pf = _host("block in quick from urpf-failed\npass\n", "")
    assert pf.connect("tcp", "192.0.2.9", "203.0.113.5", 22, keep=False).verdict == "pass"
    assert pf.connect("tcp", "198.18.0.9", "203.0.113.5", 22, interface="em1", keep=False).verdict == "pass"
    assert pf.connect("tcp", "192.0.2.9", "203.0.113.5", 22, interface="em1", keep=False).verdict == "unknown"
