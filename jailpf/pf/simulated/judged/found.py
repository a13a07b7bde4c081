"""What is found: a rule of the main ruleset, what is to be known of it, and a packet that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from jailpf.pf.simulated.rules.addresses import address_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family

Kind = Literal["never bans", "lets in", "opens", "unseen", "hides", "beats", "never asked", "overruled", "narrows"]
USUAL = {"inet": (198 << 24) + (51 << 16) + (100 << 8) + 7, "inet6": (0x20010DB8 << 96) + 7}
BEYOND = {"inet": (192 << 24) + (2 << 8) + 9, "inet6": (0x20010DB8 << 96) + 9}  # the same, where packets go


class Example(NamedTuple):
    """One packet, as `trace` takes it; port is 0 for a protocol without ports."""

    family: Family
    proto: str
    source: str
    to: str
    port: int

    def __str__(self) -> str:
        """ "tcp from 198.51.100.7 to 203.0.113.1 port 8080"."""
        return f"{self.proto} from {self.source} to {self.to}" + (f" port {self.port}" if self.port else "")


class Judged(NamedTuple):
    """A rule of the main ruleset and what is to be known of it.

    kind: "never bans" (a block below the anchor line, for packets that a quick rule of an anchor takes before), "lets in"
    (a pass that reaches a jail by itself), "opens" (a quick pass above the anchor line that lets through what a quick block of
    an anchor is for), "unseen" (`match` is that block: an interface of `set skip`, which `words` names, is one of its own),
    "hides" (a quick block above the anchor line that leaves a rule of an anchor
    nothing), "beats" (a translation rule that takes packets from one in an anchor), "never asked" and "overruled" (a pass or
    match below, or a pass without quick above, whose `words` do not happen to packets that a quick rule of an anchor
    passes), "narrows" (the conditions of a line that calls anchors, which keep packets from a rule in one). other: the rule of
    the anchor; None for "lets in". more: how many other rules of anchors it does the same to, at least.
    """

    kind: Kind
    match: Match
    other: Match | None
    example: Example
    words: tuple[str, ...] = ()
    more: int = 0


def text(family: Family, found: IntervalSet, usual: Mapping[str, int] = USUAL) -> str:
    """An address of a set, for an example: a usual one where it is among them."""
    return address_text(family, usual[family] if usual[family] in found else found.spans[0][0])


def row_example(row: Reached, sources: IntervalSet | None = None) -> Example:
    """A packet of a row of `reach`, from one of the sources."""
    ports = row.ports.spans[0][0]
    return Example(
        row.family, row.proto, text(row.family, sources or row.sources), text(row.family, row.to, BEYOND), ports
    )
