"""A statement becomes the rules that pf keeps: one for each combination of the members of its lists.

Source: facts.md section 4 on lists, families and ports; the recorded verdicts. The order, from the slowest to the fastest:
interface, protocol, icmp-type, source, destination, source port, destination port, os, user, group.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

from jailpf.pf.simulated.language.clauses.pools import bad_mask, of_family
from jailpf.pf.simulated.language.expansion.consistent import faults
from jailpf.pf.simulated.language.expansion.derive import check_name, derived, with_texts
from jailpf.pf.simulated.language.expansion.pool import nat_pool, rdr_pool, route_pool
from jailpf.pf.simulated.language.lexing.problems import NO_COMBINATION, SKIPPING
from jailpf.pf.simulated.language.words.interfaces import Node
from jailpf.pf.simulated.language.words.ports import protocol_text
from jailpf.pf.simulated.language.words.redirect import Redirect
from jailpf.pf.simulated.language.words.written import ANYWHERE, Interface, Lists
from jailpf.pf.simulated.rules.names import systems

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context
    from jailpf.pf.simulated.language.words.icmp import Icmp
    from jailpf.pf.simulated.rules.rule import Family, Ids, Ports, Rule


def expand(c: Context, base: Rule, lists: Lists) -> None:
    """Append all rules that a statement means to the current ruleset; complain about those that cannot be."""
    _Expansion(c, base, lists).run()


_T = TypeVar("_T")
_Combination = tuple[
    Interface, int, "Icmp | None", Node, Node, "Ports | None", "Ports | None", "str | None", "Ids | None", "Ids | None"
]


class _Expansion:
    def __init__(self, c: Context, base: Rule, lists: Lists) -> None:
        self.c, self.base, self.lists = c, base, lists
        self.errors = 0
        self.direction = base.direction
        self.stale = False
        self.textual = any("$" in text for text in (*base.labels, base.tag, base.tagged))

    def run(self) -> None:
        added = 0
        for combination in product(*self.lists.axes()):
            added += self._one(combination)
        if not added:
            self.c.complain(NO_COMBINATION)

    def _one(self, combination: _Combination) -> int:
        """How many rules one combination became: 0 or 1, or 2 with the other way of binat-to."""
        interface, proto, icmp, source, destination, source_port, destination_port, system, user, group = combination
        c, base, lists = self.c, self.base, self.lists
        if not _together(base.family, interface, source, destination):
            return 0
        family = base.family or source.family or destination.family
        name = interface.name or (source.scope or destination.scope if c.interfaces_read else "")
        ends = of_family(source.host, family), of_family(destination.host, family)
        for host in ends:
            if problem := bad_mask(host, family):
                c.complain(problem, placed=False)
                self.errors += 1
        changes: dict[str, Any] = {
            "interface": name,
            "not_interface": interface.negated,
            "family": family,
            "proto": protocol_text(proto) if proto else "",
            "source": ends[0],
            "source_port": source_port,
            "destination": ends[1],
            "destination_port": destination_port,
        }
        if proto and proto != 6:
            if base.state in {"modulate state", "synproxy state"}:
                changes["state"] = "keep state"
            changes["flags"] = ""
        elif not base.flags and base.action == "pass" and base.state != "no state" and not base.fragment:
            changes["flags"] = "any"
        if icmp:
            changes["icmp_type"], changes["icmp_code"] = icmp.type, icmp.code
            if proto != icmp.protocol:
                c.complain("icmp-type mismatch")
                self.errors += 1
        if system is not None:
            changes["os"] = systems.text(c.systems, system)
        if user:
            changes["user"] = user
        if group:
            changes["group"] = group
        if lists.received_on:
            changes["received_on"], changes["not_received_on"] = lists.received_on
        changes |= self._pools(destination_port)
        if lists.nat and lists.nat.binat:
            self._check_binat(lists.nat, source, changes)
            changes["direction"] = self.direction
        rule = derived(base, changes)
        added = self._keep(rule)
        if lists.nat and lists.nat.binat and not self.errors:
            self._other_way(rule, lists.nat, combination)
        return added

    def _pools(self, port: Ports | None) -> dict[str, Any]:
        c, lists, action = self.c, self.lists, self.base.action
        found: dict[str, Any] = {}
        errors = 0
        if action == "rdr" and lists.rdr:
            found["pool"], errors = rdr_pool(c, lists.rdr, port)
        elif action == "nat" and lists.rdr:
            found["pool"], errors = nat_pool(c, lists.rdr)
        else:
            if lists.route:
                found["route_pool"], errors = route_pool(c, lists.route)
            if lists.nat:
                found["nat_to"], more = nat_pool(c, lists.nat)
                errors += more
            if lists.rdr:
                found["rdr_to"], more = rdr_pool(c, lists.rdr, port)
                errors += more
        self.errors += errors
        return found

    def _keep(self, rule: Rule) -> int:
        """Append the rule when nothing is wrong with it. Returns how many rules were added."""
        c = self.c
        problems = list(faults(rule))
        for problem in problems:
            c.complain(problem)
        if rule.state == "synproxy state" and rule.direction != "in" and rule.section == "filter":
            c.warn("warning: synproxy used for inbound rules only, ignored for outbound")
        if rule.route_pool and rule.route_pool.sticky and rule.state in {"", "no state"}:
            c.complain("'sticky-address' requires 'keep state'")
        if problems or self.errors:
            c.complain(SKIPPING)
            self.stale = True
            return 0
        self.stale = False
        frame = c.frames[-1]
        if rule.body is None:
            check_name(rule.anchor)
        if c.tolerated:
            rule = derived(rule, {"text": c.source})
        if self.textual:
            rule = with_texts(c, rule, frame.count)
        frame.count += 1
        frame.rules.append(rule)
        return 1

    def _check_binat(self, nat: Redirect, source: Node, changes: dict[str, Any]) -> None:
        from jailpf.pf.simulated.language.expansion.binat_to import faults_of

        for problem in faults_of(
            self.lists.sources, source, changes["source"], nat.nodes, self.base.family, self.direction, self.stale
        ):
            self.c.complain(problem)
            self.errors += 1
        self.direction = "out"

    def _other_way(self, rule: Rule, nat: Redirect, combination: _Combination) -> None:
        """The rdr-to rule that belongs to a binat-to: inbound, from destination to source."""
        interface, proto, icmp, _, destination, source_port, destination_port, system, user, group = combination
        lists = self.lists
        others = Lists(
            interfaces=_rest(lists.interfaces, interface),
            protocols=_rest(lists.protocols, proto),
            icmp=_rest(lists.icmp, icmp),
            sources=_rest(lists.destinations, destination),
            source_ports=_rest(lists.destination_ports, destination_port),
            destinations=[Node(nat.nodes[0].host)],
            destination_ports=_rest(lists.source_ports, source_port),
            systems=_rest(lists.systems, system),
            users=_rest(lists.users, user),
            groups=_rest(lists.groups, group),
            received_on=lists.received_on,
            rdr=Redirect(
                [lists.sources[0] if lists.sources else ANYWHERE],
                nat.port,
                nat.type,
                nat.key,
                False,
                nat.sticky,
                nat.endpoint_independent,
                nat.ipv6_nexthop,
                nat.map_e,
            ),
        )
        base = derived(rule, {"direction": "in", "nat_to": None, "rdr_to": None})
        _Expansion(self.c, base, others).run()


def _rest(written: list[_T], member: object) -> list[_T]:
    """A list from one of its members on: pfctl hands on the list where it is."""
    at = next((number for number, one in enumerate(written) if one is member), None)
    return [] if at is None else written[at:]


def _together(family: Family, interface: Interface, source: Node, destination: Node) -> bool:
    """Whether a combination has one family, and its link-local addresses one interface."""
    families = {f for f in (family, source.family, destination.family) if f}
    if len(families) > 1:
        return False
    scopes = {scope for scope in (source.scope, destination.scope) if scope}
    if len(scopes) > 1:
        return False
    return not scopes or not interface.name or interface.name in scopes
