"""Where a translation rule sends a flow. What has no single answer is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.reach.flow import CannotSayError, Flow
from jailpf.pf.simulated.rules.rule import BITS, Host
from jailpf.pf.simulated.rules.show import rule_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Pool


def moved(model: Model, flat: Flat, flow: Flow, direction: str) -> Flow:
    """The flow behind a nat, rdr or binat rule. Raises CannotSayError for pools and networks."""
    rule = flat.rule
    if rule.pool is None:
        return flow
    rules = (*flow.rules, flat)
    address = _one_address(model, flat, rule.pool)
    if rule.action == "rdr":
        return replace(_with_port(flow, flat, rule.pool), target=address, rules=rules)
    if rule.action == "binat" and direction == "in":
        return replace(flow, target=_single(flat, rule.source), rules=rules)
    if rule.action == "binat":
        return replace(flow, seen=address, rules=rules)
    return replace(flow, seen=address, port_seen=rule.pool.static_port, rules=rules)


def _one_address(model: Model, flat: Flat, pool: Pool) -> int:
    hosts: list[Host] = []
    for host in pool.hosts:
        if host.kind == "table":
            table = model.table(flat.path, host.name)
            hosts += [entry for entry in (table.entries if table else ()) if not entry.negated]
        else:
            hosts += (model.topology.resolve(host.name) or []) if host.kind == "dynamic" else [host]
    family = flat.rule.family
    hosts = [host for host in hosts if not family or host.family == family]
    if len(hosts) != 1:
        raise CannotSayError(f"cannot say: {rule_text(flat.rule)} has a pool of {len(hosts)} addresses")
    return _single(flat, hosts[0])


def _single(flat: Flat, host: Host) -> int:
    if host.kind != "net" or host.prefix != BITS[host.family]:
        raise CannotSayError(f"cannot say: {rule_text(flat.rule)} translates a network")
    return host.low


def _with_port(flow: Flow, flat: Flat, pool: Pool) -> Flow:
    """One port for all, or ports moved by a distance (facts.md: `port 6000:6010 -> J port 7000:*`)."""
    ports = flat.rule.destination_port
    if not pool.port:
        return flow
    if ports is None or ports.op != ":":
        if ports is None and pool.port_end:
            raise CannotSayError(f"cannot say: {rule_text(flat.rule)} has a range of ports without one to map")
        return replace(flow, port=pool.port, shift=0)
    if not pool.port_end:
        return replace(flow, port=pool.port, shift=0)
    if pool.port_end - pool.port != ports.high - ports.low:
        raise CannotSayError(f"cannot say: {rule_text(flat.rule)} maps ranges of different widths")
    if flow.port is not None:
        return replace(flow, port=flow.port + pool.port - ports.low)
    return replace(flow, shift=flow.shift + pool.port - ports.low)
