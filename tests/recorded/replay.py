"""Replay recorded traffic: what became of real connections on a running FreeBSD, asked of the simulated pf."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated import Simulated
from recorded import host

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jailpf.pf.simulated import Connection

LISTENS = {"tcp": {22, 25, 53, 80, 443, 993, 7777, 9000}, "udp": {53, 9000}}
OUTSIDE = {
    "wan": ("epair0a", ("198.51.100.2", "198.51.100.3", "2001:db8:1::2", "192.0.2.60", "2001:db8:f::60")),
    "wan2": ("epair2a", ("203.0.113.2", "2001:db8:2::2")),
}
ERRORS = {"silence": "TimeoutError", "refusal": "ECONNREFUSED", "denial": "EACCES"}


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
    pf = Simulated(main="", topology=host())
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
            if said.startswith("?") or probe[5] in either(said):
                tally.doubt.append((recorded["id"], *probe, said))
            elif said == probe[5]:
                tally.agree += 1
            elif " udp " in said and probe[5] == "- ECONNREFUSED":
                tally.down += 1
            else:
                tally.wrong.append((recorded["id"], *probe[:5], said, probe[5]))
    return tally


def either(said: str) -> list[str]:
    """The answers of "peer=A or B", where pf may take either address of a pool; none for one answer."""
    before, found, rest = said.partition(" or ")
    other, _, after = rest.partition(" ")
    head, _, one = before.rpartition("=")
    return [f"{head}={address} {after}".rstrip() for address in (one, other)] if found else []


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


def main() -> int:
    """`python -m recorded.replay FILE...`, with tests/ on the path: how many connections agree, and which do not."""
    lines = [line for file in sys.argv[1:] for line in Path(file).read_text().splitlines()]
    tally = replay(json.loads(line) for line in lines)
    print(f"{tally.all} connections: {tally.agree} agree, {tally.down} to a service that was down")
    print(f"{len(tally.wrong)} wrong, {len(tally.doubt)} in doubt")
    print(*(f"{count:5} {kind}" for kind, count in tally.kinds().most_common()), sep="\n")
    print(*tally.wrong, *tally.doubt, sep="\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
