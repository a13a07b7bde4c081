"""Pools as pfctl prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import host_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Host, Pool


def pool_text(pool: Pool, use: str, readable: bool = False) -> str:
    """A pool for `nat`, `rdr`, `binat` or `route`; `readable` where pfctl prints what it cannot read."""
    hosts = [_hop(host, readable) if use == "route" else host_text(host, host.family) for host in pool.hosts]
    words = [f"{{ {', '.join(hosts)} }}" if len(hosts) > 1 else "".join(hosts)]
    if use == "nat" and (pool.port or pool.port_end):
        words.append(f"port {pool.port}" if pool.port == pool.port_end else f"port {pool.port}:{pool.port_end}")
    if use == "rdr" and pool.port:
        several = pool.port_end and pool.port_end != pool.port
        end = "*" if readable and pool.port_end < pool.port else pool.port_end
        words.append(f"port {pool.port}:{end}" if several else f"port {pool.port}")
    map_e = "map-e-portset {}/{}/{}".format(*(pool.map_e or (0, 0, 0)))
    if readable and pool.map_e:
        words.append(map_e)
    if pool.type:
        words.append(pool.type)
    if pool.type == "source-hash" and pool.key:
        words.append(f"0x{pool.key}")
    said = (
        ("sticky-address", pool.sticky),
        ("endpoint-independent", pool.endpoint_independent),
        ("static-port", pool.static_port and use == "nat"),
        (map_e, pool.map_e is not None and not readable),
        ("prefer-ipv6-nexthop", pool.ipv6_nexthop),
    )
    return " ".join([*words, *(word for word, true in said if true)])


def _hop(host: Host, readable: bool) -> str:
    """An interface, or (interface address)."""
    if host.kind == "interface":
        return host.interface if readable else f"({host.interface} ?)"
    if host.kind in {"net", "range"} and host.low == 0:
        return host.interface
    return f"({host.interface} {host_text(host, host.family)})"
