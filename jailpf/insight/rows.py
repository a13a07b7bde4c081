"""The answer of `reach` in the words of the declarations: one row for all ports that are reached alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.pf.simulated.host.ways import cards
from jailpf.values.anchors import service_label

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from jailpf.insight.world import World
    from jailpf.pf.simulated.kernel.connection import Match
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.reached import Reached
    from jailpf.pf.simulated.rules.rule import Family


class Row(NamedTuple):
    """One line: the ports that are reached alike. service is "" for what no declaration names. answered: whether an answer
    comes back; doubts: the rules that only FreeBSD could judge and that decide whether this is reached at all.
    """

    jail: str
    service: str
    origin: str
    sources: tuple[str, ...]
    addresses: tuple[str, ...]
    proto: str
    ports: tuple[str, ...]
    arrives: tuple[str, ...]
    answered: bool = True
    doubts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """ "anyone outside reaches web on 203.0.113.1 tcp 8443, which is its port 80"."""
        who = " and ".join(few(self.sources))
        rest = _few_others(self.sources)
        if self.origin == "local" and self.sources == ("host", self.jail):  # which share an address
            who = f"the host (and {self.jail} itself)"
        elif rest:
            who = f"anyone {'outside' if self.origin == 'outside' else f'on {self.origin}'} but {' and '.join(rest)}"
        elif self.origin not in ("local",) and who in ("any", "outside", self.origin):
            who = "anyone outside" if self.origin == "outside" else f"anyone on {self.origin}"
        elif self.origin == "outside":
            who += " outside"
        port = f" {','.join(few(self.ports))}" if self.ports else ""
        moved = self.arrives[0].partition(" port ")[2]
        inside = f", which is its port {moved}" if moved and moved != ",".join(self.ports) else ""
        reach = "reach" if " and " in who and not rest else "reaches"
        reaches = "may reach" if self.doubts else reach if self.answered else f"{reach}, without an answer,"
        return f"{who} {reaches} {self.jail} on {','.join(few(self.addresses))} {self.proto}{port}{inside}"


MANY = 6


def few(words: tuple[str, ...]) -> list[str]:
    """The first of many, and how many more."""
    if len(words) <= MANY:
        return list(words)
    return [*words[: MANY - 1], f"{words[MANY - 1]} and {len(words) - MANY} more"]


def some(sources: tuple[str, ...]) -> str:
    """Senders for a table: the first of many, or "any but" those who are few."""
    rest = _few_others(sources)
    return "any but " + ",".join(rest) if rest else ",".join(few(sources))


def _few_others(sources: tuple[str, ...]) -> tuple[str, ...]:
    """All the others, where these are many and the others few; else ()."""
    rest = rest_of(sources) if len(sources) > MANY else ()
    return rest if len(rest) <= MANY else ()


def rest_of(sources: tuple[str, ...]) -> tuple[str, ...]:
    """All the other addresses, as networks; () where there are none, and for senders with names."""
    from ipaddress import ip_network

    from jailpf.pf.simulated.reach.intervals import EVERY, IntervalSet
    from jailpf.pf.simulated.reach.reached import addresses

    try:
        nets = [ip_network(one) for one in sources]
    except ValueError:
        return ()
    family: Family = "inet" if nets[0].version == 4 else "inet6"
    return tuple(addresses(EVERY[family] - IntervalSet.of((int(net[0]), int(net[-1])) for net in nets), family))


def rows(world: World, found: Iterable[Reached]) -> list[Row]:
    """Merged: all ports that the same sources reach on the same addresses in one row. Nobody is told to reach himself by a bridge."""
    services = owners(world)
    merged: dict[tuple[Any, ...], list[IntervalSet]] = {}
    elsewhere = {"outside", *cards(world.pf.topology)}
    for one in found:
        jail, service = next((services[label] for label in one.labels() if label in services), (one.delivered_to, ""))
        sources = _sources(world, one, elsewhere)
        # A vnet jail asks itself within its own network stack: nothing of that comes by its bridge.
        if not service and sources == (one.delivered_to,) and one.origin not in ("local", "outside"):
            continue
        key = (
            jail,
            service,
            one.origin,
            sources,
            tuple(one.asked()),
            one.proto,
            (one.address,),
            one.port is None and not one.shift,
            one.delivered_to,
            one.answered,
            tuple(map(rule_words, one.blamed())),
        )
        merged.setdefault(key, []).append(one.ports)
        if not key[7]:
            merged[key].append(one.delivered_ports())
    made = []
    for (jail, service, origin, sources, to, proto, arrives, same, delivered, *sure), sets in merged.items():
        outside = port_words(sets if same else sets[::2])
        inside = () if same else port_words(sets[1::2])
        where = (
            arrives[0]
            + (f" port {','.join(inside)}" if inside else "")
            + ("" if delivered == jail else f" ({delivered})")
        )
        made.append(Row(jail, service, origin, sources, to, proto, outside, (where,), *sure))
    return sorted(made)


def rule_words(match: Match) -> str:
    """A rule that is to blame: "jailpf/web:3: pass ..."; or what else is not known."""
    return f"{match.path or 'pf.conf'}:{match.line}: {match.text}" if match.line else match.text


def listed(row: Row, jails: Container[str]) -> bool:
    """Whether `reach` shows it: what is declared, or is a jail's, or the host's from elsewhere than itself."""
    return bool(row.service) or row.jail in jails or (row.jail == "host" and row.origin != "local")


def owners(world: World) -> dict[str, tuple[str, str]]:
    """label -> (jail, service)."""
    found = {}
    for name, prepared in world.jails.items():
        for rule in prepared.ruleset.rules:
            if rule.labels and rule.service:
                found[service_label(name, rule.service)] = (name, rule.service)
    return found


def _sources(world: World, one: Reached, elsewhere: set[str]) -> tuple[str, ...]:
    from jailpf.pf.simulated.reach.reached import addresses, senders

    return tuple(addresses(one.sources, one.family) if one.origin in elsewhere else senders(one, world.pf.topology))


def port_words(sets: Iterable[IntervalSet]) -> tuple[str, ...]:
    """Ports and ranges in order; () for protocols without ports."""
    spans = sorted({span for one in sets for span in one})
    if spans == [(0, 0)]:
        return ()
    merged: list[tuple[int, int]] = []
    for low, high in spans:
        if (
            merged
            and low <= merged[-1][1] + 1
            and (low < merged[-1][1] + 1 or merged[-1][0] != merged[-1][1] or high != low)
        ):
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(
        "any" if (low, high) == (0, 65535) else str(low) if low == high else f"{low}:{high}" for low, high in merged
    )
