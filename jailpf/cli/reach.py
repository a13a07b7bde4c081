"""reach: who reaches which service, from where, on which addresses and ports; and what no declaration names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jailpf.cli import output
from jailpf.errors import NoJailError
from jailpf.values.anchors import service_label
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated.reach.intervals import IntervalSet
    from jailpf.pf.simulated.reach.reached import Reached

MANY = 6
ICMP = ("icmp", "ipv6-icmp")


class Row(NamedTuple):
    """One line: the ports that are reached alike. service is "" for what no declaration names."""

    jail: str
    service: str
    origin: str
    sources: tuple[str, ...]
    addresses: tuple[str, ...]
    proto: str
    ports: tuple[str, ...]
    arrives: tuple[str, ...]


def reach(session: Session, options: Namespace) -> int:
    """0 when of the jails only declared services are reached, ICMP apart; 1 when something else is, too."""
    from jailpf.insight.world import build
    from jailpf.pf.simulated.reach.reach import reach as engine

    world = build(session, main=options.main or "", declared=options.declared, interfaces=options.interfaces or "")
    known = world.pf.topology.jails
    for name in options.jails:
        if name not in known:
            raise NoJailError(f"no jail {name!r} is declared", None, did_you_mean(name, known))
    chosen = set(options.jails)
    rows = [row for row in _rows(world, engine(world.pf)) if not chosen or row.jail in chosen]
    declared = [row for row in rows if row.service]
    other = [row for row in rows if not row.service]
    if options.json:
        output.as_json(
            "reach", reached=[row._asdict() for row in declared], undeclared=[row._asdict() for row in other]
        )
    else:
        _print(declared, [row for row in other if row.jail in known])
        output.problems((problem for wrong in world.problems for problem in wrong.problems), level="yellow")
    return 1 if any(row.jail in known and row.proto not in ICMP for row in other) else 0


def _rows(world: World, found: Iterable[Reached]) -> list[Row]:
    """Merged: all ports that the same sources reach on the same addresses in one row."""
    services = _services(world)
    merged: dict[tuple[Any, ...], list[IntervalSet]] = {}
    for one in found:
        jail, service = next((services[label] for label in one.labels() if label in services), (one.delivered_to, ""))
        key = (
            jail,
            service,
            one.origin,
            _sources(world, one),
            _to(one),
            one.proto,
            (one.address,),
            one.port is None and not one.shift,
            one.delivered_to,
        )
        merged.setdefault(key, []).append(one.ports)
        if not key[7]:
            merged[key].append(one.delivered_ports())
    rows = []
    for (jail, service, origin, sources, to, proto, arrives, same, delivered), sets in merged.items():
        outside = _ports(sets if same else sets[::2])
        inside = () if same else _ports(sets[1::2])
        where = (
            arrives[0]
            + (f" port {','.join(inside)}" if inside else "")
            + ("" if delivered == jail else f" ({delivered})")
        )
        rows.append(Row(jail, service, origin, sources, to, proto, outside, (where,)))
    return sorted(rows)


def _services(world: World) -> dict[str, tuple[str, str]]:
    """label -> (jail, service)."""
    found = {}
    for name, prepared in world.jails.items():
        for rule in prepared.ruleset.rules:
            if rule.labels and rule.service:
                found[service_label(name, rule.service)] = (name, rule.service)
    return found


def _sources(world: World, one: Reached) -> tuple[str, ...]:
    from jailpf.pf.simulated.reach.reached import addresses, senders

    return tuple(addresses(one.sources, one.family) if one.origin == "outside" else senders(one, world.pf.topology))


def _to(one: Reached) -> tuple[str, ...]:
    from jailpf.pf.simulated.reach.reached import addresses

    return tuple(addresses(one.to, one.family))


def _ports(sets: Iterable[IntervalSet]) -> tuple[str, ...]:
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


def _print(declared: list[Row], other: list[Row]) -> None:
    head = ("JAIL", "SERVICE", "FROM", "SOURCE", "ADDRESS", "PROTO", "PORT", "ARRIVES AT")
    if declared:
        output.table([_cells(row) for row in declared], head)
    else:
        print("no declared service is reached by anybody")
    if other:
        print(output.colour("\nreached, and no declaration names it:", "yellow"))
        output.table([_cells(row) for row in other], head)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.jail,
        row.service or "-",
        row.origin,
        _few(row.sources),
        _few(row.addresses),
        row.proto,
        _few(row.ports) or "-",
        row.arrives[0],
    )


def _few(words: tuple[str, ...]) -> str:
    shown = ",".join(words[:MANY])
    return shown + (f" and {len(words) - MANY} more" if len(words) > MANY else "")
