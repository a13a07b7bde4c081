"""The states of a jail that is gone (facts.md section 7). Its rules are gone already, so that no new ones appear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, Problem

if TYPE_CHECKING:
    from jailpf.pf import Pf
    from jailpf.state.records import Record


def kill_states(pf: Pf, record: Record, others: set[str]) -> list[Problem]:
    """By label, by NAT source (15 and later), and by id for the rest. Every step is tried; what failed comes back.

    others: addresses of other jails. A shared address is the host's or somebody else's too: only labels are sure then.
    """
    problems: list[Problem] = []
    try:
        for label in record.killed_by():
            pf.kill("label", label)
    except JailpfError as wrong:
        problems += wrong.problems
    own = [] if record.shared else [address for address in record.addresses if address not in others]
    try:
        if pf.nat_kill():
            for address in record.nat:
                if address in own:
                    pf.kill("nat", address)
        for state in pf.states(own) if own else ():
            pf.kill("id", state.id)
    except JailpfError as wrong:
        problems += wrong.problems
    return problems
