"""One question, asked of the real pf by a connection and of the simulated one: who gets it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from freebsd import peers
from freebsd.net import CLIENT, CLIENT4, CLIENT6, EXT4, EXT6, OTHER4, OTHER6

if TYPE_CHECKING:
    from collections.abc import Mapping

    from freebsd.jails import Jail
    from freebsd.net import Net
    from jailpf.pf.simulated import Simulated

OUTSIDE = {CLIENT4, CLIENT6, OTHER4, OTHER6}
YES, NO = 8.0, 2.5  # seconds to wait for an answer that should come, and for one that should not

compared = 0


class Answer(NamedTuple):
    """how: reached, refused (nobody listens), cut (after the handshake) or silent. who: a jail, "host" or "outside".

    port: where it arrived; peer: whom the receiver saw.
    """

    how: str
    who: str = ""
    port: int = 0
    peer: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Probe:
    """A connection. sender: "outside", "host" or a jail's name; source: "" for the sender's usual address."""

    to: str
    port: int
    sender: str = "outside"
    source: str = ""
    proto: str = "tcp"

    def __str__(self) -> str:
        whence = f"{self.sender} {self.source}".strip()
        return f"{self.proto} from {whence} to {self.to} port {self.port}"

    def real(self, expecting: bool) -> Answer:
        """Open it. An answer that is expected is asked for three times: a neighbour may have to be found first."""
        answer = Answer("silent")
        for _ in range(3 if expecting else 1):
            jail = {"outside": CLIENT, "host": ""}.get(self.sender, self.sender)
            found = peers.ask(jail, self.proto, self.whence(), self.to, self.port, YES if expecting else NO)
            said = found.get("said") or {}
            answer = Answer(
                found["how"], said.get("name", ""), said.get("port", 0), said.get("peer", ""), found.get("detail", "")
            )
            if answer.who or answer.how == "refused":
                break
        return answer

    def simulated(self, pf: Simulated) -> Answer:
        """The same of the simulated pf; nothing of it stays there."""
        sender = self.sender if self.sender in ("outside", "host") else f"jail:{self.sender}"
        found = pf.connect(self.proto, self.whence(), self.to, self.port, sender=sender, keep=False)
        if not found:
            return Answer("silent", detail=f"{found.verdict}: {found.reason}")
        who = "outside" if found.delivered_to in OUTSIDE else found.delivered_to
        return Answer("reached", who, found.port, found.source, "; ".join(map(_step, found.steps)))

    def whence(self) -> str:
        """The source address, "" where the system chooses it."""
        if self.sender != "outside" or self.source:
            return self.source
        return CLIENT6 if ":" in self.to else CLIENT4


def agree(real: Answer, simulated: Answer, sender: str) -> bool:
    """Whether both say the same. Refused: pf let it through, and nobody listened there."""
    if real.who and simulated.who:
        # Which of its addresses the host sends from is routing, not pf.
        same = sender == "host" or real.peer == simulated.peer
        return same and (real.who, real.port) == (simulated.who, simulated.port)
    if real.how == "refused":
        return bool(simulated.who)
    return not real.who and not simulated.who


def rebuild(net: Net, main: str, anchors: Mapping[str, str], jails: Mapping[str, Jail]) -> Simulated:
    """A simulated pf with the same main ruleset, anchors, interfaces and jails. Raises PfRefusedError."""
    from freebsd.net import BRIDGE4, BRIDGE6
    from jailpf.pf.simulated import Simulated, Topology

    topology = Topology.of(
        {
            net.ext: (f"{EXT4}/24", f"{EXT6}/64"),
            "lo0": ("::1/128", "fe80::1/64", "127.0.0.1/8"),
            net.lo: (),
            net.bridge: (f"{BRIDGE4}/24", f"{BRIDGE6}/64"),
        }
    )
    topology.set_external(net.ext)
    for jail in jails.values():
        topology.add_jail(jail.name, jail.addresses, jail.interface, jail.kind == "vnet")
    pf = Simulated(main=main, topology=topology)
    for path, text in anchors.items():
        pf.load(path, text)
    return pf


def _step(step: object) -> str:
    words = [str(getattr(step, name)) for name in ("interface", "direction", "phase", "verdict")]
    deciding = getattr(step, "deciding", None)
    return " ".join(words) + (f" by {deciding.text}" if deciding else "")
