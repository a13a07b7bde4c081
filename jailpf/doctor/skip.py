"""`set skip` in pf.conf: what it keeps from the jails' rules, and from the answers to their packets."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from jailpf.declare.layout import OWN_LOOPBACK
from jailpf.doctor.world import declared, texts
from jailpf.errors import JailpfError
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session

SSH = 22  # any port that the host listens on


def hairpin(session: Session) -> Iterator[Finding]:
    """Whether `set skip` breaks hairpin."""
    jails = [jail for jail, text in texts(session) if re.search(r"^rdr on \{[^}]*\blo0\b", text, re.M)]
    for interface in session.pf.skipped() if jails else ():
        if interface in ("lo0", "lo1", "lo"):
            yield Finding(
                "error",
                f"`set skip on {interface}`, and hairpin in {', '.join(dict.fromkeys(jails))}",
                "the host and its jails cannot reach the published ports",
                f"remove {interface} from `set skip` in pf.conf",
            )


def half(session: Session) -> Iterator[Finding]:
    """Whether one loopback is skipped and another is not: a jail's packets are on both (facts.md, "Which loopback")."""
    skipped = [one for one in session.pf.skipped() if re.fullmatch(r"lo\d*", one)]
    if not skipped:
        return
    with suppress(JailpfError):  # told by the check whose trouble it is
        world = declared(session)
        for name, one in world.jails.items():
            if not one.jail.vnet and (outside := _unanswered(world, name)):
                yield Finding(
                    "warning",
                    f"`set skip on {' '.join(skipped)}` lets the packets of {name} to {outside} through, but the replies are blocked",
                    "replies come back on another loopback, so a jail gets no answer from the host, or from another jail at its external address",
                    f"remove it from pf.conf, and write below the block, for the host itself: {OWN_LOOPBACK}",
                )


def _unanswered(world: World, name: str) -> str:
    """The address of the host that does not answer the jail, "" where that is no fault of a skip."""
    topology = world.pf.topology
    card = topology.interfaces.get(topology.ext_if)
    own = next((str(one.address) for one in card.own if one.family == "inet"), "") if card else ""
    source = next((str(one) for one in world.jails[name].jail.of("inet")), "")
    if not own or not source:
        return ""
    found = world.pf.connect("tcp", source, own, SSH, sender=f"jail:{name}", keep=False)
    return own if found.verdict == "unanswered" and any(step.phase == "skip" for step in found.steps) else ""


CHECKS = (hairpin, half)
