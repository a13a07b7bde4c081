"""The answer to a question, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.insight.question import Question
    from jailpf.pf.simulated import Connection

VERBS = {
    "pass": "reaches",
    "block": "is blocked",
    "unreachable": "finds no way",
    "unanswered": "gets no answer",
    "unknown": "cannot be told",
}


def sentence(question: Question, found: Connection, verb: str = "") -> str:
    """ "reaches web at 172.16.15.16 port 80, which sees 203.0.113.1", or what else became of the packet, and why.

    verb: the first words, where they are to be coloured.
    """
    said = verb or VERBS[found.verdict]
    if found.verdict == "pass":
        said += f" {found.delivered_to}{_at(found)}{_seen(question, found)}"
    return said + (f": {found.reason}" if found.reason else "")


def _at(found: Connection) -> str:
    at = f" at {found.address}" if found.address != found.delivered_to else ""
    return at + (f" port {found.port}" if found.port else "")


def _seen(question: Question, found: Connection) -> str:
    """The receiver's view of the sender, where a nat has changed it."""
    changed = any(step.verdict == "translate" and step.phase in ("nat", "binat") for step in found.steps)
    return f", which sees {found.source}" if changed and found.source not in ("", question.source) else ""
