"""The options of `keep state` as pfctl prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import StateOptions


def state_text(options: StateOptions) -> str:
    """What stands in the parentheses, "" for nothing."""
    rate = options.max_src_conn_rate
    texts = [
        f"max {options.max}" if options.max else "",
        "no-sync" if options.no_sync else "",
        f"source-track {options.source_track}" if options.source_track else "",
        f"max-src-states {options.max_src_states}" if options.max_src_states else "",
        f"max-src-conn {options.max_src_conn}" if options.max_src_conn else "",
        f"max-src-conn-rate {rate[0]}/{rate[1]}" if rate else "",
        f"max-src-nodes {options.max_src_nodes}" if options.max_src_nodes else "",
        f"overload <{options.overload}> {options.flush}".rstrip() if options.overload else "",
        "if-bound" if options.if_bound else "",
        "sloppy" if options.sloppy else "",
        "pflow" if options.pflow else "",
        *(f"{name} {value}" for name, value in options.timeouts),
    ]
    return ", ".join(text for text in texts if text)
