"""States: what pf remembers of a connection, and finds its packets by.

A state has a key on the wire side and one on the stack side of the interface. A key is (address 0, port 0,
address 1, port 1); an incoming packet's source is address 0, an outgoing one's is address 1 (pf.c,
pf_setup_pdesc, pf_find_state).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from jailpf.pf import State as StateLine
from jailpf.pf.simulated.rules.addresses import address_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Family


class Key(NamedTuple):
    """Two ends."""

    address0: int
    port0: int
    address1: int
    port1: int


@dataclass
class State:
    """One state. `rule` names the rule that made it: its load, its path and its index; `source` is the
    tracked one. `modulates`: it rewrites sequence numbers. `bound`: the interfaces on which it is found, none for a floating one. `route`: route-to or reply-to
    and the interface of it, as the rule said.
    """

    id: str
    family: Family
    proto: str
    direction: str
    interface: str
    wire: Key
    stack: Key
    rule: str = ""
    labels: tuple[str, ...] = ()
    tracked: str = ""
    tag: str = ""
    created: float = 0.0
    connected: bool = field(default=False)
    bound: tuple[str, ...] = ()
    modulates: bool = False
    route: tuple[str, str] = ("", "")

    @property
    def source(self) -> int:
        """The wire-side source, which `pfctl -k HOST` looks at."""
        return self.wire.address0 if self.direction == "in" else self.wire.address1

    @property
    def stack_source(self) -> int:
        """The source before NAT, which `pfctl -k nat` looks at (facts.md section 7)."""
        return self.stack.address0 if self.direction == "in" else self.stack.address1

    def line(self) -> StateLine:
        """As `pfctl -P -ss` prints it (facts.md section 6)."""
        if self.direction == "out":
            ends = [
                (self._end(self.wire, 1), self._end(self.stack, 1)),
                (self._end(self.wire, 0), self._end(self.stack, 0)),
            ]
            arrow = "->"
        else:
            ends = [
                (self._end(self.stack, 1), self._end(self.wire, 1)),
                (self._end(self.stack, 0), self._end(self.wire, 0)),
            ]
            arrow = "<-"
        (left, left_was), (right, right_was) = ends
        left_text = left + (f" ({left_was})" if left != left_was else "")
        right_text = right + (f" ({right_was})" if right != right_was else "")
        phase = (
            "ESTABLISHED:ESTABLISHED" if self.proto == "tcp" else "MULTIPLE:MULTIPLE" if self.proto == "udp" else "0:0"
        )
        where = self.bound[0] if self.bound else "all"
        text = f"{where} {self.proto} {left_text} {arrow} {right_text}       {phase}"
        numbers = {n for key in (self.wire, self.stack) for n in (key.address0, key.address1)}
        return StateLine(self.id, text, frozenset(address_text(self.family, n) for n in numbers))

    def _end(self, key: Key, which: int) -> str:
        address = address_text(self.family, key.address1 if which else key.address0)
        port = key.port1 if which else key.port0
        if not port:
            return address
        return f"{address}:{port}" if self.family == "inet" else f"{address}[{port}]"
