"""The answer to `connect`: what became of a connection, and the way that its first packet went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.packet import Packet


class Match(NamedTuple):
    """A rule that matched: where it is loaded, its number there (from 0), its text, its line in the text that
    was loaded.
    """

    path: str
    section: str
    number: int
    text: str
    line: int
    labels: tuple[str, ...] = ()


class Step(NamedTuple):
    """One thing that pf did with the packet.

    phase: skip, state, nat, rdr, binat, filter, neighbour, limit or bridge. packet: first, or answer or later for a
    packet of the connection that ends it. `rules`: the rules that matched, in order;
    `deciding`: the one that counted, None for the default (pass, or no translation). `verdict`: pass, block,
    translate or unknown.
    """

    interface: str
    direction: str
    phase: str
    verdict: str
    rules: tuple[Match, ...] = ()
    deciding: Match | None = None
    note: str = ""
    packet: str = "first"


@dataclass
class Connection:
    """What `connect` found.

    verdict: "pass", "block" (a rule, or a limit, see `reason`), "unreachable" (no way there), "unanswered" (the first
    packet arrives, but what follows does not get through, see `reason`), or "unknown" (what decides cannot be known, see
    `reason`). delivered_to: a jail's name, "host", or a plain address that the topology does not know. address, port:
    where the packet arrived. source, source_port: what the receiver sees. sender_sees: "connection", "refusal" (an RST or
    port unreachable), "denial" (its own kernel says Permission denied) or "silence"; "" where that cannot be known.
    renamed: whether a nat, a binat or nat-to gave it that. states: the ids of the states that it made. blocked: the packet as the filter saw it, for `nearest`.
    """

    verdict: str
    delivered_to: str = ""
    address: str = ""
    port: int = 0
    source: str = ""
    source_port: int = 0
    steps: list[Step] = field(default_factory=list)
    reason: str = ""
    sender_sees: str = ""
    renamed: bool = field(default=False, repr=False)
    states: list[str] = field(default_factory=list)
    blocked: Packet | None = field(default=None, repr=False)
    doubts: list[Flat] = field(default_factory=list, repr=False)

    def __bool__(self) -> bool:
        """True when the first packet arrives and no limit cuts the connection."""
        return self.verdict == "pass"
