"""What nat, rdr and binat do to a packet: addresses of pools, and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel.matcher import WHOLE
from jailpf.pf.simulated.rules.rule import BITS, Host, Pool

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.matcher import Matcher
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.rules.rule import Family

KEEPS_PORTS = "sctp"  # no translation changes its ports
NAT_PORTS = (50001, 65535)  # pf.conf(5): the ports that nat takes unless static-port or a port range is given


def members(matcher: Matcher, pool: Pool, path: str, family: Family) -> list[Host]:
    """The addresses and networks of a pool, tables and interfaces filled in, for one family."""
    found: list[Host] = []
    for host in pool.hosts:
        if host.kind == "table":
            table = matcher.model.table(path, host.name)
            entries = table.entries if table else ()
            found += sorted((entry for entry in entries if not entry.negated), key=lambda entry: entry.low)
        else:
            found += matcher.dynamic(host.name, host.prefix or WHOLE) if host.kind == "dynamic" else [host]
    return [host for host in found if host.family == family and host.kind == "net"]


def addresses(matcher: Matcher, pool: Pool, path: str, family: Family, original: int) -> list[int]:
    """The addresses that the pool may give, each once. A network without a type always gives its first one
    (facts-2.md, "Pools"); of random and source-hash only the ends are named here, for all between are alike to pf.
    """
    found: list[int] = []
    for host in members(matcher, pool, path, family):
        mask = (1 << (BITS[family] - host.prefix)) - 1
        if pool.type == "bitmask":
            found.append(host.low | (original & mask))
        elif pool.type in {"random", "source-hash", "round-robin"} and mask:
            found += [host.low, host.low + mask] if mask > 15 else range(host.low, host.low + mask + 1)
        else:
            found.append(host.low)
    return list(dict.fromkeys(found))


def rdr_port(flat: Flat, pool: Pool, packet: Packet) -> int:
    """Where `port a:b -> X port c:*` sends a port (facts.md: 6003 of 6000:6010 goes to 7003 of 7000:*); of SCTP nowhere
    (pf_lb.c of 15.1, pf_get_transaddr).
    """
    port, ports = packet.destination_port, flat.rule.destination_port
    if not pool.port or packet.proto == KEEPS_PORTS:
        return port
    width = (pool.port_end - pool.port + 1) if pool.port_end else 1
    offset = (port - (ports.low if ports else 0)) % width if width > 0 else 0
    moved = pool.port + offset
    return moved - 65535 if moved > 65535 else moved
