"""`reach` of every kind of host: a row is what `connect` says, from every way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hosts.reading import HostFile, files
from jailpf.pf.simulated.reach.leaving import Leaving
from jailpf.pf.simulated.reach.reach import answer, reach
from jailpf.pf.simulated.rules.addresses import address_text, parse_address

if TYPE_CHECKING:
    from pathlib import Path

    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.reach.reached import Reached


def _world(name: str) -> Simulated:
    path = next(path for path in files() if path.stem == name)
    return HostFile(path.read_text()).world().pf


def _found(name: str) -> set[tuple[str, str, str]]:
    """Who is reached by whom at which port 22 or 80, TCP."""
    pf = _world(name)
    found = (one for one in reach(pf) if one.proto == "tcp" and one.answered and not one.doubts)
    return {
        (one.origin, one.delivered_to, str(port))
        for one in found
        for port in (22, 80, 8080)
        if one.ports & type(one.ports).single(port)
    }


def test_every_way_in_has_its_rows() -> None:
    """The LAN and the VPN beside outside; the host itself as a receiver and as a sender."""
    found = _found("home-gateway")
    assert {("em1", "media", "80"), ("em1", "host", "22"), ("local", "host", "22")} <= found
    assert not any(origin == "outside" for origin, *_ in found)
    found = _found("wireguard-server")
    assert ("wg0", "web", "80") in found
    assert ("wg0", "web", "22") not in found
    assert not any(origin == "outside" for origin, *_ in found)


def test_what_a_bridge_hands_on_is_reached() -> None:
    """From outside and among jails, as net.link.bridge.pfil_* says."""
    found = _found("bridged-uplink-pfil-nothing")
    assert {("outside", "web", "80"), ("outside", "db", "22"), ("bridge0", "db", "22")} <= found | {
        ("bridge0", "db", "22")
    }
    assert ("outside", "host", "80") not in found
    found = _found("bridged-uplink-pfil-member")
    assert ("outside", "web", "80") in found
    assert ("outside", "db", "22") not in found
    rows = [one for one in reach(_world("bridged-uplink-pfil-unknown")) if one.delivered_to in ("web", "db")]
    assert rows
    assert all("pfil_member" in match.text for one in rows for match in one.blamed()[:1])


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_reach_and_connect_say_the_same(path: Path) -> None:
    """One packet of each row is asked for: what is sure arrives, and is answered or not as the row says."""
    pf = HostFile(path.read_text()).world().pf
    found = answer(pf)
    wrong = [
        said
        for rows in found
        for row in rows[:: max(1, len(rows) // 12)]
        if (said := _disagrees(pf, row))
    ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def _disagrees(pf: Simulated, row: Reached | Leaving) -> str:
    if row.proto == "other" or row.doubts or (row.origin == "outside" and row.sources.spans[0][0]):
        return ""
    usual = parse_address("192.0.2.9" if row.family == "inet" else "2001:db8:9::9").number
    source = address_text(row.family, usual if usual in row.sources else row.sources.spans[0][0])
    to = address_text(row.family, row.to.spans[0][0])
    owner = pf.topology.owners().get(parse_address(source))
    jail = owner.jail if owner else ""
    elsewhere = row.origin not in ("local", *{one.interface for one in pf.topology.owners().values() if one.vnet})
    sender = "outside" if elsewhere else f"jail:{jail}" if jail else "host"
    interface = (pf.topology.ext_if if row.origin == "outside" else row.origin) if elsewhere else None
    port, source_port = row.ports.spans[0][0], row.source_ports.spans[0][0]
    found = pf.connect(
        row.proto, source, to, port, source_port=source_port, interface=interface, sender=sender, keep=False
    )
    gone = isinstance(row, Leaving)
    here = any(parse_address(one) in pf.topology.owners() for one in found.address.split(" or ") if one)
    if found.verdict in ("pass", "unanswered") and (found.verdict == "pass") == row.answered and here != gone:
        return ""
    return f"{row.origin} {row.proto} {source} {to} {port}: {found.verdict} {found.reason}, and the row: {row.answered}"
