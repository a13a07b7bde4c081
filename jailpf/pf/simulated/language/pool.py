"""What stands behind `->`: the pool of a nat, rdr or binat rule.

Source: parse.y of FreeBSD 15 (natrule, binatrule, remove_invalid_hosts) and facts.md section 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.language.hosts import RuleError, port_number, resolve_host, unknown
from jailpf.pf.simulated.rules.rule import Family, Host, Pool

if TYPE_CHECKING:
    from jailpf.pf.simulated.host.topology import Topology
    from jailpf.pf.simulated.language.draft import RuleDraft


def redirect_hosts(draft: RuleDraft, family: Family, topology: Topology) -> tuple[list[Host], Family]:
    """The pool's hosts that fit the family, and the family, deduced from them if there was none. Raises
    RuleError.
    """
    if draft.redirect is None:
        if draft.no:
            return [], family
        raise RuleError("translation rule requires '-> address'")
    if draft.no:
        raise RuleError("translation rule with 'no' does not need '->'")
    hosts: list[Host] = []
    for host in [h for spec in draft.redirect.hosts for h in resolve_host(spec, topology)]:
        if host.kind == "any" or host.negated or host.kind in {"no-route", "urpf-failed"}:
            raise RuleError("syntax error")
        if family and host.family and host.family != family:
            continue
        family = family or host.family
        hosts.append(host)
    if not hosts:
        raise RuleError("no translation address with matching address family found.")
    return hosts, family


def make_pool(draft: RuleDraft, hosts: list[Host]) -> Pool:
    """The pool without its last port, which depends on the rule's destination port. Raises RuleError."""
    words = draft.pool_options
    if "source-hash" in words:
        raise unknown("source-hash")
    kind = next((word for word in words if word in {"bitmask", "random", "round-robin"}), "")
    many = len(hosts) > 1 or any(h.kind == "table" or (h.kind == "dynamic" and ":0" not in h.name) for h in hosts)
    if not kind and many:
        kind = "round-robin"
    if many and kind != "round-robin":
        raise RuleError("r.route.opts must be PF_POOL_ROUNDROBIN")
    if draft.action == "rdr" and "static-port" in words:
        raise RuleError("the 'static-port' option is only valid with nat rules")
    port, end = _ports(draft)
    return Pool(tuple(hosts), port, end, kind, "static-port" in words, "sticky-address" in words)


def _ports(draft: RuleDraft) -> tuple[int, int]:
    """The port and its end: 0 for none, -1 for `*`."""
    low, colon, high = draft.redirect.port.partition(":") if draft.redirect else ("", "", "")
    if not low:
        return 0, 0
    start = port_number(low)
    if not colon:
        return start, start if draft.action == "nat" else 0
    if high == "*" and draft.action == "rdr":
        return start, -1
    end = port_number(high)
    if start > end and draft.action != "rdr":
        raise RuleError("invalid port range")
    return start, end


def check_binat(draft: RuleDraft, source: list[Host], hosts: list[Host]) -> None:
    """What pfctl demands of a binat rule: one source, one address, equal masks. Raises RuleError."""
    for what, found in (("source", source), ("redirect", hosts)):
        for host in found:
            if host.kind in {"table", "dynamic"}:
                name = f"table <{host.name}>" if host.kind == "table" else f"interface ({host.name})"
                raise RuleError(f"invalid use of {name} as the {what} address of a binat rule")
    if draft.source.ports or draft.destination.ports:
        raise RuleError("syntax error")
    if len(source) > 1:
        raise RuleError("multiple binat ip addresses")
    if len(hosts) > 1:
        raise RuleError("multiple binat redirection addresses")
    if hosts and (source[0].kind != "net" or source[0].prefix != hosts[0].prefix):
        raise RuleError("'binat' source mask and redirect mask must be the same")
