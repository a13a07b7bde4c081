"""What bounds the states of a rule: max, max-src-nodes, max-src-states, max-src-conn, max-src-conn-rate,
overload.

Source: pf.c of FreeBSD 15 (pf_create_state, pf_insert_src_node, pf_src_connlimit, pf_check_threshold),
pf.conf(5), and facts.md ("overload fills the anchor's own table only").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import network
from jailpf.pf.simulated.rules.rule import BITS, StateOptions

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat
    from jailpf.pf.simulated.kernel.model import Model
    from jailpf.pf.simulated.kernel.packet import Packet
    from jailpf.pf.simulated.kernel.state import State


def tracking(options: StateOptions | None, rule: str) -> str:
    """What counts as one: the rule, or all rules that track sources globally; "" for no tracking."""
    if options is None or not options.source_track:
        return ""
    return "global" if options.source_track == "global" else rule


def refusal(model: Model, flat: Flat, rule: str, packet: Packet) -> str:
    """The limit that forbids a new state of this rule, "" for none."""
    options = flat.rule.options
    if options is None:
        return ""
    if options.max and sum(state.rule == rule for state in model.states.values()) >= options.max:
        return f"max {options.max}"
    tracked = tracking(options, rule)
    if not tracked:
        return ""
    sources = [(state.family, state.source) for state in model.states.values() if state.tracked == tracked]
    mine = sources.count((packet.family, packet.source))
    if options.max_src_states and mine >= options.max_src_states:
        return f"max-src-states {options.max_src_states}"
    if not mine and options.max_src_nodes and len(set(sources)) >= options.max_src_nodes:
        return f"max-src-nodes {options.max_src_nodes}"
    return ""


def connected(model: Model, flat: Flat, state: State, now: float) -> str:
    """A TCP handshake is complete: count it. Returns the limit that it breaks, after its consequences, "" for
    none.
    """
    options = flat.rule.options
    if options is None or not state.tracked or state.proto != "tcp":
        return ""
    state.connected = True
    broken = ""
    same = (state.tracked, state.family, state.source)
    count = sum(s.connected and (s.tracked, s.family, s.source) == same for s in model.states.values())
    if options.max_src_conn and count > options.max_src_conn:
        broken = f"max-src-conn {options.max_src_conn}"
    if options.max_src_conn_rate and _rate(model, state, options.max_src_conn_rate, now):
        broken = broken or "max-src-conn-rate {}/{}".format(*options.max_src_conn_rate)
    if broken:
        _overload(model, flat.path, options, state, now)
        model.states.pop(state.id, None)
    return broken


def _rate(model: Model, state: State, rate: tuple[int, int], now: float) -> bool:
    """The moving average of pf_add_threshold(); whether it is above the limit now."""
    limit, seconds = rate
    key = f"{state.tracked} {state.family} {state.source}"
    count, last = model.rates.get(key, (0.0, now))
    past = now - last
    count = 0.0 if past >= seconds else count - count * past / seconds
    model.rates[key] = (count + 1, now)
    return count + 1 > limit


def _overload(model: Model, path: str, options: StateOptions, state: State, now: float) -> None:
    """Put the source into the rule's own table, and with flush kill its states."""
    if not options.overload:
        return
    table = model.rulesets[path].tables.get(options.overload)
    if table is not None:
        table.add([network(state.family, state.source, BITS[state.family])], now)
    if options.flush:
        for other in list(model.states.values()):
            same_source = (other.family, other.source) == (state.family, state.source)
            if same_source and (options.flush == "flush global" or other.rule == state.rule):
                del model.states[other.id]
