"""A pf in memory: FreeBSD 15.1's, for newcomers, tests and plugin authors. `Simulated` is the door."""

from __future__ import annotations

from jailpf.pf.simulated.default import DEFAULT_MAIN
from jailpf.pf.simulated.driver import Simulated
from jailpf.pf.simulated.host.topology import Jail, Topology
from jailpf.pf.simulated.kernel.connection import Connection, Match, Step

__all__ = ["DEFAULT_MAIN", "Connection", "Jail", "Match", "Simulated", "Step", "Topology"]
