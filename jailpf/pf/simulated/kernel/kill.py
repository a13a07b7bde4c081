"""Which states `pfctl -k` kills. Source: facts.md section 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import PfRefusedError
from jailpf.pf.simulated.rules.addresses import parse_network

if TYPE_CHECKING:
    from jailpf.pf import KillBy
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.state import State


def kill(model: Model, by: KillBy, value: str) -> int:
    """Kill by label (exactly one of a rule's), by the source before NAT, or by id. Returns how many.

    Raises PfRefusedError for an address or an id that is none.
    """
    if by == "label":
        gone = [state for state in model.states.values() if value in state.labels]
    elif by == "nat":
        gone = _of_source(model, value)
    else:
        number = value.split("/")[0]
        try:
            wanted = f"{int(number, 16):016x}"
        except ValueError:
            raise PfRefusedError(f"cannot parse id {value}") from None
        gone = [state for state in model.states.values() if state.id == wanted]
    for state in gone:
        del model.states[state.id]
    return len(gone)


def _of_source(model: Model, value: str) -> list[State]:
    address, _, mask = value.partition("/")
    try:
        host = parse_network(address, mask)
    except ValueError:
        raise PfRefusedError(f"no IP address found for {value}") from None
    return [
        state
        for state in model.states.values()
        if state.family == host.family and host.low <= state.stack_source <= host.high
    ]
