"""In words: which rule blocked, which rules keep an answer unknown; and whether a block answers the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.courses import unsimulated
from jailpf.pf.simulated.kernel.matcher import unknowable
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Rule


def blocked(flat: Flat) -> str:
    """The rule that blocked, with its place."""
    return f"{rule_text(flat.rule)} ({_place(flat)})"


def doubtful(doubts: Iterable[Flat]) -> str:
    """Which rules keep pf's answer unknown, and why."""
    reasons = dict.fromkeys(f"{rule_text(flat.rule)} ({_place(flat)}): {why(flat.rule)}" for flat in doubts)
    return f"cannot say: {'; '.join(reasons)}"


def why(rule: Rule) -> str:
    """Why a rule cannot be judged."""
    if rule.action == "unknown":
        return "the simulated pf does not know it"
    if rule.rtable:
        return "another routing table"
    word = unsimulated(rule) or unknowable(rule)
    if word:
        return f"{word} is not simulated"
    named = next((host.name for host in (rule.source, rule.destination) if host.kind == "unknown"), "")
    return f"only the resolver of the host knows {named}" if named else "a table whose content is not known"


def refuses(rule: Rule, packet: Packet) -> bool:
    """Whether a block rule answers the sender: an RST for TCP, port unreachable for the rest (facts-2.md, section 4).

    An RST goes out only for a packet whose checksum pf finds right.
    """
    how = rule.block.split("(")[0]
    if packet.proto in {"icmp", "ipv6-icmp"} or "R" in packet.flags:
        return False
    if packet.proto == "tcp" and how in {"return", "return-rst"}:
        return packet.verified
    return how in {"return", "return-icmp", "return-icmp6"}


def twice(one: Flat, other: Flat) -> str:
    """Why pf drops what two rules would translate (pf.c of 15.1, pf_rule_apply_nat)."""
    return f"{blocked(other)} would translate what {blocked(one)} has translated, so pf drops it"


def _place(flat: Flat) -> str:
    return f"{flat.path or 'main ruleset'}, line {flat.rule.line}"
