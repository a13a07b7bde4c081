"""A pf in memory: FreeBSD 15.1's, for newcomers, tests and plugin authors. `Simulated` is the door."""

from __future__ import annotations

from jailpf.pf.simulated.connection import Connection, Match, Step
from jailpf.pf.simulated.driver import DEFAULT_MAIN, Simulated
from jailpf.pf.simulated.topology import Jail, Topology

__all__ = ["DEFAULT_MAIN", "Connection", "Jail", "Match", "Simulated", "Step", "Topology"]
