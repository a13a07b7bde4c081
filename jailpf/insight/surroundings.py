"""The host around pf: its interfaces, routes and settings as its own programs show them, and its jails.

Nothing is made up: where a real host is asked about, no address of the simulated one ever stands for its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jailpf.errors import ConfigError, JailpfError, PfUnavailableError, Place
from jailpf.insight.elsewhere import text_of
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.lifecycle.session import Session
    from jailpf.model import Jail
    from jailpf.pf.simulated import Topology

ASK = "(ifconfig -a; netstat -rn; sysctl net.inet.ip.forwarding net.inet6.ip6.forwarding net.link.bridge) > FILE"
ELSEWHERE = f"on a machine that is not the host: --pf simulated, or with trace and reach --interfaces FILE, made on the host by: {ASK}"


class Surroundings(NamedTuple):
    """The host, and what is odd about what the settings say of it."""

    topology: Topology
    problems: tuple[JailpfError, ...] = ()


def surroundings(session: Session, jails: Iterable[Jail], file: str = "") -> Surroundings:
    """The host that pf is on. file: what `ifconfig -a`, and if need be `netstat -rn` and sysctl(8), printed elsewhere.

    Raises ConfigError for a file that cannot be read or says nothing, PfUnavailableError where ifconfig(8) does not
    answer.
    """
    from jailpf.pf.simulated import Simulated, Topology

    topology = Topology()
    real = bool(file) or session.settings.pf == "pfctl"
    if real:
        topology = _described(session, file)
    elif isinstance(session.pf, Simulated):
        topology.update(session.pf.topology.to_json())
    problems = [*_uplink(session, topology, real)]
    for jail in jails:
        if not jail.shared:
            add(topology, jail)
            problems += _unconnected(topology, jail)
    return Surroundings(topology, tuple(problems))


def _unconnected(topology: Topology, jail: Jail) -> Iterable[JailpfError]:
    from jailpf.pf.simulated.rules.addresses import parse_address

    there = topology.jails[jail.name]
    sides = {topology.side(there, parse_address(address)) for address in there.addresses if there.vnet}
    if not sides <= topology.interfaces.keys():
        named = f"no interface {jail.interface}" if jail.interface else "no interface that leads to it"
        yield ConfigError(
            f"jailpf does not know how the vnet jail {jail.name} is connected: this host has {named}",
            None,
            f'start {jail.name} if its start creates one, or write interface = "bridge0" in its [jail]; pf sees nothing of netgraph',
        )


def _described(session: Session, file: str) -> Topology:
    from jailpf.pf.simulated.host.described import described

    if file:
        text = text_of(file)
        topology = described(text, text, text)
        if not topology.interfaces:
            raise ConfigError("there is no interface in it", Place(file), f"create it with: {ASK}")
        return topology
    topology = described(*_asked(session))
    if not topology.interfaces:
        raise PfUnavailableError(
            "ifconfig -a lists no interface, so nothing is known of this host",
            None,
            ELSEWHERE,
        )
    return topology


def _asked(session: Session) -> tuple[str, str, str]:
    """What ifconfig, netstat and sysctl print; "" for the last two where they do not answer."""
    from jailpf.pf.simulated.host.described import ASKED
    from jailpf.system import programs

    known = session.settings.programs
    try:
        interfaces = programs.run(known["ifconfig"], "-a", error=PfUnavailableError)
    except JailpfError as wrong:
        remedy = ELSEWHERE
        raise PfUnavailableError([*wrong.problems[:-1], wrong.problems[-1]._replace(remedy=remedy)]) from None
    return (
        interfaces,
        _said(known["netstat"], "-rnW", "--libxo=json"),
        _said(known["sysctl"], "-i", *ASKED),
    )


def _said(program: str, *words: str) -> str:
    from jailpf.system import programs

    try:
        return programs.run(program, *words)
    except JailpfError:
        return ""


def _uplink(session: Session, topology: Topology, real: bool) -> Iterable[JailpfError]:
    """Outside is behind the first of ext_if: an interface, or the member of a group that the default route uses."""
    for name in reversed(session.settings.host.ext_if):
        members = topology.meant(name)
        if not members and not real:  # the simulated host has the card that the settings name
            topology.rename(topology.ext_if, name)
            members = [name]
        if members:
            topology.ext_if = topology.uplink() if topology.uplink() in members else members[0]
            continue
        yield ConfigError(
            f"ext_if: this host has no interface and no group {name!r}; jailpf assumes that outside is behind {topology.ext_if!r}",
            Place(session.settings.file),
            did_you_mean(name, topology.interfaces) or f"it has {', '.join(topology.interfaces)}",
        )


def add(topology: Topology, jail: Jail) -> None:
    """A jail, on the interface that holds its address; a vnet jail behind the one that its manager names."""
    from jailpf.pf.simulated.rules.addresses import parse_address

    addresses = [str(address) for address in jail.addresses]
    found = [topology.network_of(parse_address(address)) for address in addresses]
    loopbacks = [name for name, one in topology.interfaces.items() if one.loopback and name != topology.lo0]
    local = loopbacks[0] if loopbacks else topology.lo0
    likely = [name for name in found if name and (not jail.vnet or not topology.described or _inside(topology, name))]
    interface = jail.interface or next(
        iter(likely), local if not jail.vnet else "" if topology.described else "bridge0"
    )
    # A bridge whose network holds one of its addresses is a side of it, said or not.
    bridges = [name for name in found if jail.vnet and name and topology.interfaces[name].bridge]
    sides = dict.fromkeys((*(jail.sides or (interface,)), *bridges))
    topology.add_jail(jail.name, addresses, tuple(map(str, sides)), jail.vnet)


def _inside(topology: Topology, name: str) -> bool:
    """Whether a vnet jail may well be behind that interface: a bridge, a member of one, or the host's end of its epair."""
    one = topology.interfaces[name]
    return one.bridge or bool(topology.bridge_of(name)) or bool({"epair", "tap"} & set(one.groups))
