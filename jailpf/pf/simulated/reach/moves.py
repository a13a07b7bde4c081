"""Where a translation rule sends a flow: one flow for each way that its packets may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import pools
from jailpf.pf.simulated.reach.flow import by_destination, by_ports
from jailpf.pf.simulated.reach.intervals import EMPTY, IntervalSet
from jailpf.pf.simulated.rules.rule import BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.matcher import Matcher
    from jailpf.pf.simulated.reach.flow import Flow, Kind
    from jailpf.pf.simulated.rules.rule import Family, Pool

NAT_PORTS = IntervalSet((pools.NAT_PORTS,))


def moved(matcher: Matcher, flat: Flat, pool: Pool, flow: Flow, kind: Kind, source: bool) -> Iterator[Flow]:
    """The flow behind a nat, rdr or binat rule, nat-to or rdr-to, which change its source or its destination; nothing
    where its pool is empty.
    """
    rule = flat.rule
    flow = flow._replace(rules=(*flow.rules, flat))
    if rule.action == "binat":
        away = pool.hosts[0].low - rule.source.low
        if source:
            yield flow._replace(seen_away=flow.seen_away + away)
        else:
            yield flow._replace(away=flow.away - away)
        return
    addresses, sure = _addresses(matcher, flat, pool, kind.family)
    if not addresses:
        return
    doubts = flow.doubts if sure else tuple(dict.fromkeys((*flow.doubts, flat)))
    several = (*flow.pools, flat) if addresses.count() > 1 else flow.pools
    keeps = kind.proto == pools.KEEPS_PORTS
    if not source:
        for part in (flow,) if keeps else _with_port(flow, flat, pool):
            yield part._replace(target=addresses, doubts=doubts, pools=several)
    else:
        ports = flow.seen_ports
        if not pool.static_port and not keeps and flow.source_ports.spans != ((0, 0),):
            ports = IntervalSet(((pool.port, pool.port_end or pool.port),)) if pool.port else NAT_PORTS
        several = several if ports is None or ports.count() < 2 else (*flow.pools, flat)
        yield flow._replace(seen=addresses, seen_ports=ports, doubts=doubts, pools=several)


def unmoved(behind: Flow, before: Flow) -> tuple[Flow | None, list[Flow]]:
    """Of a flow behind an rdr what it leaves as it is, which is no translation to pf (pf_lb.c of 15.1, pf_get_transaddr),
    and the rest.
    """
    several = [one for one in (behind.target, before.target) if one is not None and one.count() > 1]
    if behind.target is None or several or (behind.port is None and behind.shift != before.shift):
        return None, [behind]
    same, other = by_destination(before._replace(ports=behind.ports), behind.target)
    rest = [other]
    if same is not None and behind.port is not None:
        same, other = by_ports(same, IntervalSet.single(behind.port))
        rest.append(other)
    return same, [behind._replace(to=one.to, ports=one.ports) for one in rest if one is not None]


def _addresses(matcher: Matcher, flat: Flat, pool: Pool, family: Family) -> tuple[IntervalSet, bool]:
    """All that the pool may give, and whether it may give each to each packet (not so for bitmask)."""
    found = EMPTY
    bits = BITS[family]
    for host in pools.members(matcher, pool, flat.path, family):
        wide = pool.type in {"random", "source-hash", "round-robin", "bitmask"}
        found = found | IntervalSet(((host.low, host.high if wide else host.low),))
    return found, pool.type != "bitmask" or all(low == high for low, high in found) or not bits


def _with_port(flow: Flow, flat: Flat, pool: Pool) -> Iterator[Flow]:
    """One port for all, or ports moved by a distance (facts.md: `port 6000:6010 -> J port 7000:*`), in turn where the
    range behind is the smaller one.
    """
    if not pool.port:
        yield flow
        return
    ports = flat.rule.destination_port
    first = ports.low if ports else 0
    width = (pool.port_end - pool.port + 1) if pool.port_end else 1
    if width <= 1:
        yield flow._replace(port=pool.port, shift=0)
        return
    if flow.port is not None:
        yield flow._replace(port=_wrapped(pool.port + (flow.port - first) % width))
        return
    now = flow.ports.shifted(flow.shift)
    for low in range(now.spans[0][0] - (now.spans[0][0] - first) % width, now.spans[-1][1] + 1, width):
        part = now & IntervalSet(((low, low + width - 1),))
        if part:
            yield flow._replace(ports=part.shifted(-flow.shift), shift=flow.shift + pool.port - low)


def _wrapped(port: int) -> int:
    return port - 65535 if port > 65535 else port
