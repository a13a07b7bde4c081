"""`$if`, `$proto`, `$dstport` ... inside labels and tags (facts.md: they are expanded, other `$` words
stay).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.pf.simulated.rules.addresses import host_text

if TYPE_CHECKING:
    from jailpf.pf.simulated.rules.rule import Host, Ports, Rule

_MACRO = re.compile(r"\$(if|proto|srcaddr|dstaddr|srcport|dstport)")


def expand_labels(rule: Rule) -> Rule:
    """The rule with the macros in its labels and its tags expanded."""
    if not any("$" in text for text in (*rule.labels, rule.tag, rule.tagged)):
        return rule
    values = {
        "if": rule.interface or "any",
        "proto": rule.proto,
        "srcaddr": _host(rule.source),
        "dstaddr": _host(rule.destination),
        "srcport": _ports(rule.source_port),
        "dstport": _ports(rule.destination_port),
    }

    def filled(text: str) -> str:
        return _MACRO.sub(lambda match: values[match.group(1)], text)

    return replace(
        rule,
        labels=tuple(filled(label) for label in rule.labels),
        tag=filled(rule.tag),
        tagged=filled(rule.tagged),
    )


def _host(host: Host) -> str:
    return ("! " if host.negated else "") + host_text(host)


def _ports(ports: Ports | None) -> str:
    if ports is None:
        return ""
    if ports.op == "=":
        return str(ports.low)
    if ports.op in {":", "><", "<>"}:
        return f"{ports.low}{ports.op}{ports.high}"
    return f"{ports.op}{ports.low}"
