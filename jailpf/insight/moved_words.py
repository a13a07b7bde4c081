"""What moving in changes, in words: a line for each group of senders, with all the ports that it gains or loses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from jailpf.insight import moved_out
from jailpf.insight.rows import few, port_words
from jailpf.pf.simulated.host.ways import cards
from jailpf.pf.simulated.reach.intervals import EVERY
from jailpf.pf.simulated.reach.reached import addresses, senders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpf.insight.moved import Moved
    from jailpf.pf.simulated import Topology
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.reached import Reached

OPEN = ", as pf.conf lets in what no rule blocks"
DIRECT = "direct = true, in jailpf.toml or as allow = { direct = true }, keeps that"
HAIRPIN = "rdr = { hairpin = true } keeps that"
HOST = "the old rules also let in to the host itself; write what it needs of that in pf.conf"
STRANGERS = 1 << 16
"""Fewer than so many missing are still anyone: the host's own addresses, those that pf.conf bans."""


def sentences(moved: Moved) -> list[str]:
    """ "lets in the same", or lines of "lets in more: ..." and "lets in less: ..."."""
    if not moved:
        return ["lets in the same"]
    found = [f"lets in more: {one}" for one in _groups(moved.more, moved)]
    found += [f"lets in less: {one}" for one in _groups(moved.less, moved, remedy=True)]
    if moved.banned:
        found.append("lets in less: those that pf.conf bans with `block quick`, which `rdr pass` ignored")
    found += [f"lets in more{OPEN}: {one}" for one in _groups(moved.open_more, moved)]
    found += [f"lets in less{OPEN}: {one}" for one in _groups(moved.open_less, moved)]
    found += moved_out.sentences(moved.out, moved.jail)
    return found + list(moved_out.sentences(moved.open_out, moved.jail, ", as pf.conf lets out what no rule blocks"))


def _groups(found: Iterable[Reached], moved: Moved, *, remedy: bool = False) -> Iterator[str]:
    """Senders that gain or lose the same are told together, and so are the addresses of both families."""
    ports: dict[tuple[str, ...], list[tuple[IntervalSet, IntervalSet]]] = defaultdict(list)
    for one in found:
        asked = one.asked()
        own = bool(moved.own) and set(asked) <= moved.own
        hint = (
            DIRECT * (not moved.direct)
            if own
            else HOST
            if one.delivered_to == "host"
            else HAIRPIN
            if one.origin == "local"
            else ""
        )
        may = " perhaps" if one.doubts else ""
        key = (one.delivered_to, "" if own else ", ".join(few(tuple(asked))), one.proto, hint, one.family)
        ports[(_who(one, moved.topology) + may, *key)].append((one.ports, one.delivered_ports()))
    told: dict[tuple[str, ...], tuple[dict[str, None], dict[str, None]]] = {}
    for (who, jail, where, proto, hint, _), sets in ports.items():
        outside, inside = (port_words(one[side] for one in sets) for side in (0, 1))
        moves = "" if outside == inside else f", which is its port {','.join(few(inside))}"
        what = proto + (f" {','.join(few(outside))}" if outside else "") + moves
        whose, asked_for = told.setdefault((jail, what, hint), ({}, {}))
        whose[who] = None
        asked_for[where] = None
    for (jail, what, hint), (whose, asked_for) in told.items():
        where = "by its own address" if list(asked_for) == [""] else "on " + " and ".join(filter(None, asked_for))
        yield f"{' and '.join(whose)}: {jail} {where} {what}" + (f"; {hint}" if hint and remedy else "")


def _who(one: Reached, topology: Topology) -> str:
    if one.origin == "outside" or one.origin in cards(topology):
        where = "outside" if one.origin == "outside" else f"on {one.origin}"
        if sum(high - low + 1 for low, high in EVERY[one.family] - one.sources) < STRANGERS:
            return f"anyone {where}"
        return f"{', '.join(few(tuple(addresses(one.sources, one.family))))} {where}"
    if one.origin == "local":
        return "the host and its jails" if len(senders(one, topology)) > 1 else senders(one, topology)[0]
    return f"jails on {one.origin}"
