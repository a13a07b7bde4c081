"""What is behind the words for addresses: what pf's tables hold, and what interfaces have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.values import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.lifecycle.session import Session
    from jailpf.values import Peer


def resolver(session: Session) -> Callable[[Peer], tuple[Network, ...] | None]:
    """The networks behind a peer, as far as pf and ifconfig(8) can tell; each is asked once in a command."""
    known = session.networks

    def resolve(peer: Peer) -> tuple[Network, ...] | None:
        if peer.network:
            return None if peer.negated else (peer.network,)
        if peer.word not in known:
            try:
                known[peer.word] = _ask(session, peer)
            except (JailpfError, ValueError) as wrong:
                known[peer.word] = None
                session.unknown[peer.word] = str(wrong.problems[0] if isinstance(wrong, JailpfError) else wrong)
        return known[peer.word]

    return resolve


def _ask(session: Session, peer: Peer) -> tuple[Network, ...] | None:
    if peer.table:
        return tuple(
            Network.parse(word) for word in session.pf.table("", peer.table, "show") if not word.startswith("!")
        )
    if not peer.interface:
        return None
    if session.settings.pf == "simulated":
        return _simulated(session, peer)
    from jailpf.system import programs

    text = programs.run(session.settings.programs["ifconfig"], peer.interface)
    found = [
        Network.parse(word)
        for word in re.findall(r"^\s+inet6? ([0-9a-f.:]+) ", text, re.M)
        if not word.startswith("fe80")
    ]
    if peer.word.endswith(":0)"):
        found = [next((one for one in found if one.family == family), None) for family in ("inet", "inet6")]  # type: ignore[misc]
    return tuple(filter(None, found))


def _simulated(session: Session, peer: Peer) -> tuple[Network, ...]:
    """What the interface has on the simulated host."""
    from jailpf.pf.simulated import Simulated
    from jailpf.pf.simulated.rules.addresses import host_text

    pf = session.pf
    found = pf.topology.resolve(peer.word[1:-1]) if isinstance(pf, Simulated) else None
    if found is None:
        raise ValueError(f"the simulated host has no interface {peer.interface}")
    return tuple(Network.parse(word) for word in map(host_text, found) if not word.startswith("fe80"))
