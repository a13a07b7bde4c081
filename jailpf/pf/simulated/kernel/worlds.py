"""The worlds that doubts leave open: a connection is tried in each, and known where all come to the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.kernel import tell
from jailpf.pf.simulated.kernel.choices import Choices
from jailpf.pf.simulated.kernel.connection import Connection
from jailpf.pf.simulated.kernel.decide import Kernel
from jailpf.pf.simulated.kernel.hop import Hopper
from jailpf.pf.simulated.kernel.journey import Journey, Place
from jailpf.pf.simulated.kernel.talk import Talk

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet

WORLDS_MAX = 256


class Worlds:
    """One question, asked in every world; `tried` counts these."""

    def __init__(
        self, model: Model, packet: Packet, sender: Place, now: float, by: str = "", listens: bool = True
    ) -> None:
        self.model, self.packet, self.sender, self.now = model, packet, sender, now
        self.by, self.listens = by, listens
        self.tried = 0

    def connect(self, keep: bool) -> Connection:
        """What all worlds come to; "unknown" where they differ, with the rules to blame. keep: make lasting states."""
        choices = Choices()
        found = [self._run(choices, False)]
        while choices.advance() and len(found) < WORLDS_MAX:
            found.append(self._run(choices, False))
            if found[-1].doubts and _result(found[-1]) != _result(found[0]):
                return _unknown(found)
        if len(found) == WORLDS_MAX or len({_seen(one) for one in found}) > 1:
            return _unknown(found)
        if keep and found[0].verdict != "unknown":
            return self._run(Choices(), True)
        return _either(found)

    def _run(self, choices: Choices, keep: bool) -> Connection:
        self.tried += 1
        connection = Connection("pass")
        hopper = Hopper(Kernel(self.model, keep), connection, self.now, keep, choices)
        Talk(hopper, Journey(hopper), replace(self.packet), self.sender, self.by, self.listens).run()
        return connection


def _seen(one: Connection) -> tuple[str, ...]:
    return one.verdict, one.sender_sees


def _result(one: Connection) -> tuple[object, ...]:
    return _seen(one), one.delivered_to, one.address, one.port, one.source


def _unknown(found: list[Connection]) -> Connection:
    """The doubt between worlds: the way until the first rule that only FreeBSD could judge."""
    first = found[0]
    doubts = list(dict.fromkeys(flat for one in found for flat in one.doubts))
    end = next((at + 1 for at, step in enumerate(first.steps) if step.verdict == "unknown"), len(first.steps))
    reason = tell.doubtful(doubts) if doubts else "cannot say: it depends on which address of a pool is taken"
    return Connection("unknown", steps=first.steps[:end], reason=reason, doubts=doubts)


def _either(found: list[Connection]) -> Connection:
    """One answer of several that come to the same, but for an address of a pool or the rule that blocks; each is named."""
    first = found[0]
    for name in ("delivered_to", "address", "source", "reason"):
        setattr(first, name, " or ".join(dict.fromkeys(getattr(one, name) for one in found)))
    return first
