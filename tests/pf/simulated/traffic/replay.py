"""Replay recorded traffic: what became of real connections on a running FreeBSD, asked of the simulated pf."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated import Simulated, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.pf.simulated import Connection

LISTENS = {"tcp": {22, 25, 53, 80, 443, 993, 7777, 9000}, "udp": {53, 9000}}
OUTSIDE = {
    "wan": ("epair0a", ("198.51.100.2", "198.51.100.3", "2001:db8:1::2", "192.0.2.60", "2001:db8:f::60")),
    "wan2": ("epair2a", ("203.0.113.2", "2001:db8:2::2")),
}
ERRORS = {"silence": "TimeoutError", "refusal": "ECONNREFUSED", "denial": "EACCES"}


def topology() -> Topology:
    """The host of the recordings."""
    found = Topology.of({})
    found.add_interface("vtnet0", "10.0.2.15/24")
    found.add_interface("lo0", "127.0.0.1/8", "::1/128", "fe80::1/64")
    found.add_interface("epair0a", "198.51.100.1/24", "2001:db8:1::1/64")
    found.add_interface("epair2a", "203.0.113.1/24", "2001:db8:2::1/64")
    found.add_interface("lo1")
    found.add_interface("bridge0", "172.16.20.1/24", "fd20::1/64")
    found.add_interface("bridge1", "172.16.21.1/24", "fd21::1/64")
    found.set_external("epair0a")
    found.add_jail("dovecot", ["172.16.15.15", "fd7a::15"], "lo1")
    found.add_jail("web", ["172.16.15.16", "fd7a::16"], "lo1")
    found.add_jail("al", ["198.51.100.9", "2001:db8:1::9"], "epair0a")
    found.add_jail("vn", ["172.16.20.10", "fd20::10"], "bridge0", True)
    found.add_jail("vn2", ["172.16.20.11", "fd20::11"], "bridge0", True)
    found.add_jail("vb", ["172.16.21.10", "fd21::10"], "bridge1", True)
    return found


@dataclass
class Tally:
    """How many of the connections agreed, were answered wrongly, or were in doubt; and the last two by kind.

    down: UDP to a service that the host refused though pf passed it. The services of the recordings ended when pf
    denied them an answer (EACCES), and came back only when they were started again; so it was in these rulesets.
    """

    agree: int = 0
    down: int = 0
    wrong: list[tuple[Any, ...]] = field(default_factory=list)
    doubt: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def all(self) -> int:
        return self.agree + self.down + len(self.wrong) + len(self.doubt)

    def kinds(self) -> Counter[str]:
        """What was said and what was seen, counted."""
        return Counter(f"{what[-2].split(' ')[0]} said, {what[-1][:14]} seen" for what in self.wrong)


def load(recorded: dict[str, Any]) -> Simulated:
    """The simulated pf with the rulesets of one recording."""
    pf = Simulated(main="", topology=topology())
    pf.set_main(recorded["main"])
    for path, text in recorded["anchors"].items():
        pf.load(path, text)
    return pf


def replay(recordings: Iterable[dict[str, Any]]) -> Tally:
    """Ask all of them."""
    tally = Tally()
    for recorded in recordings:
        probes = [p for at, p in enumerate(recorded["probes"]) if at not in recorded["flaky"]]
        try:
            pf = load(recorded)
        except Exception as wrong:
            tally.doubt += [(recorded["id"], *probe, f"unread {wrong}"[:150]) for probe in probes]
            continue
        for probe in probes:
            said = ask(pf, probe)
            if said.startswith("?"):
                tally.doubt.append((recorded["id"], *probe, said))
            elif said == probe[5]:
                tally.agree += 1
            elif " udp " in said and probe[5] == "- ECONNREFUSED":
                tally.down += 1
            else:
                tally.wrong.append((recorded["id"], *probe[:5], said, probe[5]))
    return tally


def ask(pf: Simulated, probe: Sequence[Any]) -> str:
    """What the simulated pf says of a connection, in the words of the recording; "?..." where it is in doubt."""
    sender, source, proto, to, port, _ = probe
    options: dict[str, Any] = {"sender": "host" if sender == "host" else f"jail:{sender}", "keep": False}
    if sender in OUTSIDE:
        interface, own = OUTSIDE[sender]
        source = source or next(address for address in own if (":" in address) == (":" in to))
        options = {"sender": "outside", "interface": interface, "keep": False}
    found = pf.connect(proto, source, to, port, **options)
    if found.verdict == "pass" and found.port not in LISTENS[proto]:
        found = pf.connect(proto, source, to, port, listens=False, **options)
    return said(found, proto)


def said(found: Connection, proto: str) -> str:
    """The answer in the words of the recording."""
    if found.verdict == "unknown":
        return f"? {found.reason}"
    if found.sender_sees != "connection":
        return f"- {ERRORS[found.sender_sees]}"
    who = next((name for name, (_, own) in OUTSIDE.items() if found.address in own), found.delivered_to)
    if proto == "udp":
        return f"{who} udp peer={found.source}"
    return f"{who} peer={found.source} local={found.address}:{found.port}"
