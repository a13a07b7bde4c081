"""A flow on one interface in one direction: hop.py for sets, without states."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf.simulated.kernel.decide import Kernel
from jailpf.pf.simulated.kernel.matcher import Matcher
from jailpf.pf.simulated.kernel.neighbours import solicitations
from jailpf.pf.simulated.kernel.packet import Packet
from jailpf.pf.simulated.reach.flow import CannotSayError, Flow
from jailpf.pf.simulated.reach.index import RuleIndex
from jailpf.pf.simulated.reach.sets import Sets
from jailpf.pf.simulated.reach.symbolic import filtered, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.rules.rule import Family


class Kind(NamedTuple):
    """What packets have in common that are looked at together."""

    family: Family
    proto: str


class Crossing:
    """Lets flows cross interfaces of a Model, and remembers the rules that matter on each."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sets, self.matcher = Sets(model), Matcher(model)
        self._indexes: dict[tuple[str, str, str, Kind], RuleIndex] = {}
        self._reachable: dict[str, bool] = {}

    def cross(self, kind: Kind, interface: str, direction: str, flow: Flow) -> Iterator[Flow]:
        """The parts of a flow that pf translates and passes there."""
        for part in self.translate(kind, interface, direction, flow):
            yield from self.filter(kind, interface, direction, part)

    def translate(self, kind: Kind, interface: str, direction: str, flow: Flow) -> Iterator[Flow]:
        """The flow behind nat, rdr and binat: binat before nat, rdr before binat (pf_lb.c,
        pf_get_translation).
        """
        if self._skipped(interface):
            yield flow
            return
        first, second = ("binat", "nat") if direction == "out" else ("rdr", "binat")
        for part, done in translated(self.model, self._index(first, interface, direction, kind), flow):
            if done:
                yield part
                continue
            index = self._index(second, interface, direction, kind)
            yield from (rest for rest, _ in translated(self.model, index, part))

    def filter(self, kind: Kind, interface: str, direction: str, flow: Flow) -> Iterator[Flow]:
        """The parts of the flow that pass; for IPv6 only where neighbours find each other."""
        if self._skipped(interface):
            yield flow
        elif kind.family == "inet" or self._neighbours(interface):
            yield from filtered(self._index("filter", interface, direction, kind), flow)

    def _skipped(self, interface: str) -> bool:
        return not self.model.enabled or any(self.matcher.interface(n, interface) for n in self.model.skips)

    def _index(self, section: str, interface: str, direction: str, kind: Kind) -> RuleIndex:
        key = (section, interface, direction, kind)
        if key not in self._indexes:
            sample = Packet(kind.family, kind.proto, 0, 0, 0, 0, interface, direction)
            self._indexes[key] = RuleIndex(self.model, self.sets, self.matcher, section, sample)
        return self._indexes[key]

    def _neighbours(self, interface: str) -> bool:
        if interface not in self._reachable:
            kernel = Kernel(self.model)
            asked = solicitations(self.model.topology, interface)
            verdicts = {decision.verdict for packet in asked for decision in kernel.filter(packet)}
            if len(verdicts) > 1 or "unknown" in verdicts:
                raise CannotSayError(f"cannot say whether neighbour discovery passes on {interface}")
            self._reachable[interface] = verdicts <= {"pass"}
        return self._reachable[interface]
