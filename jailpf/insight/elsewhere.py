"""A host that is described and not asked: any pf.conf, on a laptop or in CI, without a jail and without jailpf.toml."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jailpf.pf.simulated import Topology

LOOPBACK = ("::1/128", "fe80::1/64", "127.0.0.1/8")


def described_host(file: str = "", given: Sequence[str] = ()) -> Topology:
    """The host of a file (`ifconfig -a` and so on), or with `given` of "em0=203.0.113.1/24,2001:db8::1/64" each; both add
    up. With neither, this host where it is FreeBSD, else one with nothing but lo0.

    Raises ConfigError for a file that cannot be read or says nothing, UsageError for what is no interface.
    """
    topology = _of(file) if file else _of_this_host() if not given else _bare()
    add_interfaces(topology, given)
    if not file and given:
        topology.ext_if = topology.uplink() or topology.ext_if
    return topology


def add_interfaces(topology: Topology, given: Sequence[str]) -> None:
    """Add or replace interfaces, each "em0=203.0.113.1/24,2001:db8::1/64". Raises UsageError."""
    for one in given:
        name, _, addresses = one.partition("=")
        if not name or len(name) > 15 or not name[0].isalpha():
            raise UsageError(f"{one!r} is not an interface", None, "--interface em0=203.0.113.1/24")
        topology.add_interface(name, *filter(None, addresses.split(",")))


def text_of(file: str) -> str:
    """What is in a pf.conf; "-" is standard input. Raises ConfigError."""
    from jailpf.pf.simulated.language.files import read

    try:
        if file == "-":
            return sys.stdin.read()
        return read(file)
    except OSError as wrong:
        raise ConfigError(f"cannot be read: {wrong.strerror}", Place(file)) from None


def _of(file: str) -> Topology:
    from jailpf.pf.simulated.host.described import described

    text = text_of(file)
    topology = described(text, text, text)
    if not topology.interfaces:
        raise ConfigError("there is no interface in it", Place(file), "create it with: ifconfig -a > FILE")
    return topology


def _of_this_host() -> Topology:
    if not sys.platform.startswith("freebsd"):
        return _bare()
    from jailpf.errors import JailpfError
    from jailpf.pf.simulated.host.described import described
    from jailpf.system import programs

    try:
        return described(programs.run("/sbin/ifconfig", "-a"))
    except JailpfError:
        return _bare()


def _bare() -> Topology:
    from jailpf.pf.simulated import Topology

    topology = Topology.of({"lo0": LOOPBACK})
    topology.ext_if = ""
    return topology
