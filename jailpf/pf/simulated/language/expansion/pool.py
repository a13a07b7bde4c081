"""From a pool as written to the one of a rule: ports, type, and what does not go together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.words.resolve import several
from jailpf.pf.simulated.rules.rule import Pool

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.words.redirect import Redirect
    from jailpf.pf.simulated.rules.rule import Ports

NAT_LOW, NAT_HIGH = 50001, 65535


def nat_pool(c: Context, written: Redirect) -> tuple[Pool, int]:
    """The pool of nat, nat-to and af-to, and how much is wrong with it."""
    low, high = written.port.low, written.port.high
    errors = 0
    if not low and not high:
        low, high = NAT_LOW, NAT_HIGH
    high = high or low
    chosen = low != NAT_LOW and high != NAT_HIGH
    static = written.static_port
    if static and chosen:
        c.complain("the 'static-port' option can't be used when specifying a port range")
        return _pool(c, written, low, high, False, errors + 1)
    if static:
        low = high = 0
    if written.map_e:
        if static:
            c.complain("the 'map-e-portset' option can't be used 'static-port'")
            errors += 1
        elif chosen:
            c.complain("the 'map-e-portset' option can't be used when specifying a port range")
            errors += 1
    if (low, high) == (NAT_LOW, NAT_HIGH):
        low = high = 0
    return _pool(c, written, low, high, static, errors)


def rdr_pool(c: Context, written: Redirect, port: Ports | None) -> tuple[Pool, int]:
    """The pool of rdr and rdr-to for a destination port, and how much is wrong with it."""
    low, high = written.port.low, written.port.high
    errors = 0
    if written.port.star:
        width = port.high - port.low if port else 0
        high = (low + width) % 65536
        high = 0 if high == low else high
    elif written.port.several and low > high and not c.printed:
        c.complain("invalid rdr-to port range")
        return _pool(c, written, low, high, False, 1)
    if written.static_port or written.map_e:
        name = "static-port" if written.static_port else "map-e-portset"
        c.complain(f"the '{name}' option is only valid with nat rules")
        errors = 1
    return _pool(c, written, low, high, False, errors)


def route_pool(c: Context, written: Redirect) -> tuple[Pool, int]:
    """The pool of route-to, which has no ports, and how much is wrong with it."""
    return _pool(c, replace(written, map_e=None), 0, 0, False, 0)


def _pool(c: Context, written: Redirect, low: int, high: int, static: bool, errors: int) -> tuple[Pool, int]:
    hosts = tuple(node.host for node in written.nodes)
    kind = written.type
    if not kind and hosts and (len(hosts) > 1 or hosts[0].kind == "table" or several(hosts[0])):
        kind = "round-robin"
    before = errors
    if kind not in {"round-robin", "random", "source-hash"}:
        table = next((host for host in hosts if host.kind == "table"), None)
        dynamic = next((host for host in hosts if several(host)), None)
        if table:
            c.complain("tables are not supported by pool type")
            errors += 1
        elif dynamic:
            c.complain(f"interface ({dynamic.name.split(':')[0]}) is not supported by pool type")
            errors += 1
        elif len(hosts) > 1:
            c.complain("r.route.opts must be PF_POOL_ROUNDROBIN")
            errors += 1
    elif len(hosts) > 1 and kind != "round-robin":
        c.complain("r.route.opts must be PF_POOL_ROUNDROBIN")
        errors += 1
    if errors > before:
        hosts = ()
    found = Pool(
        hosts,
        low,
        high,
        kind,
        static,
        written.sticky,
        written.key,
        written.endpoint_independent,
        written.ipv6_nexthop,
        written.map_e,
    )
    return found, errors
