"""What pf cannot keep: packets that a bridge switches are not seen by it (net.link.bridge.pfil_member, pfil_bridge)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem
from jailpf.insight.surroundings import surroundings
from jailpf.pf.simulated.host.ways import PFIL, card_of
from jailpf.pf.simulated.rules.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Topology

REMEDY = f"set {PFIL[0]}=1 in sysctl.conf(5) with rules for what may pass, or use a bridge for this jail alone"


def unkept(session: Session, prepared: Prepared) -> list[Problem]:
    """A warning for each `from` and each deny that a vnet jail's neighbours on its bridge go past, and for a jail on the uplink's
    bridge; none where the host cannot be asked.
    """
    if not prepared.jail.vnet:
        return []
    try:
        topology = surroundings(session, [prepared.jail]).topology
    except JailpfError:
        return []
    if any(topology.sysctls.get(name) for name in PFIL):
        return []
    return list(dict.fromkeys(_unkept(topology, prepared)))


def _unkept(topology: Topology, prepared: Prepared) -> Iterator[Problem]:
    jail = topology.jail(prepared.jail.name)
    bridges = {topology.side(jail, parse_address(address)) for address in jail.addresses}
    for bridge in sorted(one for one in bridges if one in topology.interfaces and topology.interfaces[one].bridge):
        card = card_of(topology, bridge)
        if card:
            yield Problem(
                f"{bridge} has {card} as a member, so pf never sees what is switched from there to {jail.name}",
                prepared.services.place(),
                REMEDY,
            )
        elif _others(topology, bridge, jail.interfaces):
            for rule in prepared.ruleset.rules:
                denies = rule.action == "block" and rule.order == "first"
                lets_in = rule.action == "pass" and not rule.order
                if (denies or lets_in) and rule.source and rule.to:
                    what = "it" if denies else "its `from`"
                    said = f"{what} has no effect between the jails on {bridge}, because pf never sees their traffic"
                    yield Problem(said, rule.place, REMEDY)


def _others(topology: Topology, bridge: str, own: tuple[str, ...]) -> bool:
    """Whether somebody else is, or may be, on the bridge: it is there with other members."""
    members = topology.interfaces[bridge].members
    others = [name for name in members if name not in own]
    return len(others) > (0 if len(others) < len(members) else 1)
