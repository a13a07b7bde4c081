"""A simulated host with four jails and a clock that tests set."""

from __future__ import annotations

import pytest

from jailpf.pf.simulated import Simulated


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pf(clock: Clock) -> Simulated:
    """The lines of `init`, ext_if em0; dovecot and web on lo1, mx an alias of em0, vn a vnet jail behind
    bridge0.
    """
    pf = Simulated(now=clock)
    pf.topology.add_jail("dovecot", ["172.16.15.15", "fd7a::f"])
    pf.topology.add_jail("web", ["172.16.15.16", "fd7a::10"])
    pf.topology.add_jail("mx", ["203.0.113.20"], interface="em0")
    pf.topology.add_interface("bridge0", "10.9.0.1/24", "fd09::1/64")
    pf.topology.add_jail("vn", ["10.9.0.5", "fd09::5"], interface="bridge0", vnet=True)
    return pf
