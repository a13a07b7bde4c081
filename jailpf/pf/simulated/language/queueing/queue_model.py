"""Queues of ALTQ: what is written of them, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.queueing.curves import Segments, Service

DEFAULT_QLIMIT, DEFAULT_PRIORITY = 50, 1


@dataclass
class Bandwidth:
    """Bits in a second, or percent of what is above."""

    absolute: int = 0
    percent: int = 0

    def of(self, whole: int) -> int:
        """Bits in a second of a whole."""
        if self.absolute > 0:
            return min(self.absolute, whole)
        return whole // 100 * self.percent


@dataclass
class Curve:
    """A service curve as written."""

    m1: Bandwidth = field(default_factory=Bandwidth)
    d: int = 0
    m2: Bandwidth = field(default_factory=Bandwidth)


@dataclass
class QueueOptions:
    """What the options say."""

    bandwidth: Bandwidth = field(default_factory=lambda: Bandwidth(percent=100))
    priority: int = DEFAULT_PRIORITY
    qlimit: int = DEFAULT_QLIMIT
    tbrsize: int = 0
    scheduler: str = ""
    flags: set[str] = field(default_factory=set)
    curves: dict[str, Curve] = field(default_factory=dict)
    target: int = 0
    interval: int = 0
    seen: set[str] = field(default_factory=set)


@dataclass
class Child:
    """A queue that a line names: its parent, its interface and the scheduler there."""

    name: str
    parent: str
    interface: str
    scheduler: str


@dataclass
class Queue(Child):
    """A queue, or with an empty name an interface with altq."""

    priority: int = 1
    qlimit: int = 50
    tbrsize: int = 0
    options: QueueOptions | None = None
    bandwidth: int = 0
    ifbandwidth: int = 0
    curves: dict[str, Service] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    children: int = 0
    children_bandwidth: int = 0
    sums: dict[str, Segments] = field(default_factory=dict)
    roots: int = 0
    defaults: int = 0
    priorities: set[int] = field(default_factory=set)


@dataclass
class Queues:
    """What is known of queues: children by mention, interfaces with altq, and the queues on them."""

    children: list[Child] = field(default_factory=list)
    interfaces: dict[str, Queue] = field(default_factory=dict)
    queues: dict[tuple[str, str], Queue] = field(default_factory=dict)
    last: Queue | None = None  # the one that pfctl prints, whichever was to be added


def rate(value: float) -> str:
    """Bits in a second, as 10Mb."""
    unit = 0
    value = float(value)
    while value >= 1000 and unit <= 3:
        value /= 1000
        unit += 1
    text = f"{value:.2f}" if int(value * 100) % 100 else str(int(value))
    return f"{text}{' KMG'[unit : unit + 1]}b"
