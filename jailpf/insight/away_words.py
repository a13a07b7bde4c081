"""What leaves, in sentences: one for all protocols and ports that the same jails send to the same others."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from jailpf.insight.rows import few
from jailpf.pf.simulated.rules.words import WITH_PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpf.insight.away import Out

    Named = Mapping[str, frozenset[str]]

SOME = 4


def sentences(found: Iterable[Out], named: Named) -> list[str]:
    """ "web and db reach anyone outside tcp 443 as 203.0.113.1".

    named: family -> the protocols of which rules speak; "other" are all others.
    """
    groups: dict[Out, list[Out]] = defaultdict(list)
    for one in found:
        groups[one._replace(proto="", ports=(), own_port=False, sources=())].append(one)
    said = []
    for alike, parts in groups.items():
        own = sorted({one.own_port for one in parts if one.proto in WITH_PORTS}) or [False]
        for kept in own:  # what has no ports goes with the first of both
            mine = [one for one in parts if one.own_port == kept or (one.proto not in WITH_PORTS and kept == own[0])]
            said.append(_sentence(alike, mine, named, kept))
    return said


def sentence(one: Out) -> str:
    """One row alone."""
    return _sentence(one, [one], {}, one.own_port)


def _sentence(one: Out, parts: list[Out], named: Named, own_port: bool) -> str:
    reach = "may reach" if one.doubts else "reaches" if len(one.senders) == 1 else "reach"
    said = f"{' and '.join(few(one.senders))} {reach} {whom(one.to)}{what(one, parts, named)}"
    if one.instead:
        said += f", sent to {one.instead}"
    if one.routed:
        said += f" by {one.interface}"
    if one.seen:
        said += f" as {','.join(few(one.seen))}" + (" from its own port" if own_port else "")
    if one.families:
        said += f" ({one.families[0]} only)"
    why = ": nothing translates it" if one.untranslated else ""
    said = said.removesuffix(",")
    return said + ("" if one.answered else f", without an answer{why}")


def whom(to: tuple[str, ...]) -> str:
    """ "anyone outside but 198.51.100.0/24"."""
    but = [word[1:] for word in to if word.startswith("!")]
    found = [
        "anyone outside" if word == "outside" else f"anyone on {word[1:]}" if word.startswith("@") else word
        for word in to
        if not word.startswith("!")
    ]
    return " and ".join(few(tuple(found))) + (f" but {' and '.join(few(tuple(but)))}" if but else "")


def what(one: Out, parts: Iterable[Out], named: Named) -> str:
    """ " tcp 80,443 and udp 53", "" for everything, ", all but tcp 25," for nearly everything."""
    ports: dict[str, set[str]] = defaultdict(set)
    whole: set[str] = set()
    for part in parts:
        ports[part.proto] |= set(part.ports)
        whole |= {part.proto} if not part.ports else set()
    families = one.families or tuple(named)
    known = {"icmp" if name == "ipv6-icmp" else name for family in families for name in named[family]}
    but = {proto: left_out(tuple(words)) for proto, words in ports.items() if proto not in whole}
    if known and known <= ports.keys() and all(len(words) <= SOME for words in but.values()) and "other" in whole:
        missed = " and ".join(f"{proto} {','.join(words)}" for proto, words in sorted(but.items()))
        return f", all but {missed}," if missed else ""
    return " " + " and ".join(
        _protocol(proto, () if proto in whole else words) for proto, words in sorted(ports.items())
    )


def left_out(words: tuple[str, ...]) -> tuple[str, ...]:
    """The ports that are in none of these."""
    from jailpf.insight.rows import port_words
    from jailpf.pf.simulated.reach.intervals import PORTS, IntervalSet

    spans = ((int(word.partition(":")[0]), int(word.rpartition(":")[2])) for word in words)
    return port_words([PORTS - IntervalSet.of(spans)])


def _protocol(proto: str, words: Iterable[str]) -> str:
    if proto not in WITH_PORTS:
        return "other protocols" if proto == "other" else proto
    ports = tuple(sorted(words, key=lambda word: int(word.partition(":")[0])))
    if not ports:
        return f"{proto} any"
    but = left_out(ports)
    return f"{proto} {','.join(few(ports))}" if len(but) >= len(ports) else f"{proto} any but {','.join(but)}"
