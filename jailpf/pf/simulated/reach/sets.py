"""The hosts and ports of rules as sets, for one Model. Source: the same facts as packet.py, for sets."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from jailpf.pf.simulated.host.back import LINK, ways_back
from jailpf.pf.simulated.kernel.matcher import Matcher
from jailpf.pf.simulated.reach.intervals import EMPTY, EVERY, IntervalSet

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.language.tables import Table
    from jailpf.pf.simulated.rules.rule import Family, Host, Ports


class Sets:
    """Turns hosts into sets of addresses and remembers them."""

    def __init__(self, model: Model) -> None:
        self.model, self.matcher = model, Matcher(model)
        self._known: dict[tuple[Family, str, Host], tuple[IntervalSet, bool]] = {}

    def host(self, host: Host, path: str, family: Family, interface: str = "") -> tuple[IntervalSet, bool]:
        """The addresses of a family that a rule's from or to means on an interface, and whether that is sure: a table whose
        content is not known may mean any.
        """
        if host.kind in {"no-route", "urpf-failed"}:
            return self._unrouted(host, family, interface)
        key = (family, path if host.kind == "table" else "", host)
        found = self._known.get(key)
        if found is None:
            known = self._host(host, path, family)
            if known is None:
                found = EVERY[family], False
            else:
                found = (EVERY[family] - known if host.negated else known), True
            self._known[key] = found
        return found

    def _host(self, host: Host, path: str, family: Family) -> IntervalSet | None:
        if host.kind == "any":
            return EVERY[family]
        if host.kind in {"net", "range"}:
            return IntervalSet(((host.low, host.high),)) if host.family == family else EMPTY
        if host.kind == "unknown":
            return None
        if host.kind == "table":
            table = self.model.table(path, host.name)
            if table is None and self.model.is_doubtful(host.name):
                return None
            return table_set(table, family) if table else EMPTY
        if host.kind == "dynamic":
            hosts = self.matcher.dynamic(host.name, host.prefix)
            return IntervalSet.of((h.low, h.high) for h in hosts if h.family == family)
        return EMPTY

    def _unrouted(self, host: Host, family: Family, interface: str) -> tuple[IntervalSet, bool]:
        """What kernel/matcher.py asks of one address."""
        routed, sure = EMPTY, host.kind == "no-route" or bool(interface)
        for back in ways_back(self.model.topology, family):
            span = IntervalSet(((back.low, back.high),))
            if host.kind == "no-route" or back.interface == interface:
                routed = routed | span
            else:
                routed, sure = routed - span, sure and back.sure
        routed = routed | IntervalSet((LINK,)) if family == "inet6" else routed
        if not sure:
            return (EVERY[family] if host.negated else EVERY[family] - routed), False
        return (routed if host.negated else EVERY[family] - routed), True


def table_set(table: Table, family: Family) -> IntervalSet:
    """The addresses that a table matches: more specific entries decide over wider ones."""
    found = EMPTY
    hosts = [host for host in table.entries if host.family == family]
    for prefix in sorted({host.prefix for host in hosts}):
        level = [host for host in hosts if host.prefix == prefix]
        found = found | IntervalSet.of((h.low, h.high) for h in level if not h.negated)
        found = found - IntervalSet.of((h.low, h.high) for h in level if h.negated)
    return found


@lru_cache(maxsize=1 << 16)
def port_set(ports: Ports | None) -> IntervalSet | None:
    """The ports of a rule; None when it does not look at them."""
    return None if ports is None else IntervalSet.of(ports.intervals())
