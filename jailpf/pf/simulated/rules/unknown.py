"""Rules of the main ruleset that the simulated pf cannot parse: what can be told from their first words.

Being wrong here would be an answer where there is none, so everything is taken to match unless its plain
beginning (action, direction, quick, `on IF`, family, `proto P`) excludes the packet.
"""

from __future__ import annotations

import re

from jailpf.pf.simulated.rules.rule import SECTIONS

_HARMLESS = {"set", "scrub", "altq", "queue", "table"}
_BEGIN = re.compile(
    r"(?P<action>pass|block|match|anchor|antispoof|(?:no\s+)?(?:nat|rdr|binat)(?:-anchor)?)\b"
    r"(?:\s+\"[^\"]*\")?(?:\s+(?:drop|return|return-rst|return-icmp6?)(?:\([^)]*\))?)?"
    r"(?:\s+(?P<direction>in|out)\b)?(?:\s+log(?:\s*\([^)]*\))?)?(?:\s+(?P<quick>quick)\b)?(?:\s+log(?:\s*\([^)]*\))?)?"
    r"(?:\s+on\s+(?P<on>[A-Za-z0-9_.]*[0-9])(?=\s|$))?(?:\s+(?P<family>inet6?)\b)?"
    r"(?:\s+proto\s+(?P<proto>tcp|udp|sctp|icmp|ipv6-icmp|icmp6|esp|gre)\b)?"
)
_EFFECTS = re.compile(r"\b(rdr-to|nat-to|binat-to|af-to|route-to|dup-to|divert-to|rtable|probability)\b")


def sections(text: str) -> tuple[str, ...]:
    """The sections in which the unknown line might count, none when it decides nothing (options, scrub,
    queues).
    """
    words = text.split()
    first = words[1] if words[:1] == ["no"] and len(words) > 1 else (words or [""])[0]
    if first in _HARMLESS:
        return ()
    word = first.removesuffix("-anchor")
    if word in SECTIONS:
        return (word,)
    return ("filter",) if first in {"pass", "block", "match", "anchor", "antispoof"} else SECTIONS


def may_match(text: str, interface: str, direction: str, family: str, proto: str) -> bool:
    """Whether the unknown rule might match a packet."""
    found = _BEGIN.match(text)
    if not found:
        return True
    given = found.groupdict()
    if found["action"] == "antispoof":
        return direction == "in"
    proto_name = "ipv6-icmp" if given["proto"] == "icmp6" else given["proto"]
    pairs = (
        (given["direction"], direction),
        (given["on"], interface),
        (given["family"], family),
        (proto_name, proto),
    )
    return all(not want or want == have for want, have in pairs)


def stays(text: str) -> bool:
    """Whether no later rule undoes what the unknown rule does: it is quick, or no plain pass or block."""
    found = _BEGIN.match(text)
    return not found or bool(found["quick"]) or found["action"] not in {"pass", "block"}


def verdict(text: str) -> str:
    """What the unknown rule decides when it matches: pass, block, match, or unknown."""
    found = _BEGIN.match(text)
    if not found or found["action"] not in {"pass", "block", "match", "antispoof"} or _EFFECTS.search(text):
        return "unknown"
    return "block" if found["action"] == "antispoof" else found["action"]


def sets_tag(text: str) -> bool:
    """Whether the unknown rule may tag the packet."""
    return bool(re.search(r"\btag\b", text)) or not _BEGIN.match(text)
