"""Rules made of rules: other values in some fields, macros in labels and tags, names of anchors."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.language.lexing.problems import Stopped
from jailpf.pf.simulated.language.words import labels
from jailpf.pf.simulated.rules.rule import Rule

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.context import Context

ANCHOR_MAX, PATH_MAX = 63, 1024
_NAMES = [f.name for f in fields(Rule)]
_set = object.__setattr__


def derived(rule: Rule, changes: dict[str, Any]) -> Rule:
    """A rule with other values in some fields; much faster than dataclasses.replace."""
    new = object.__new__(Rule)
    for name in _NAMES:
        _set(new, name, getattr(rule, name))
    for name, value in changes.items():
        _set(new, name, value)
    return new


def with_texts(c: Context, rule: Rule, number: int) -> Rule:
    """The rule with the macros in its labels and tags expanded."""
    ends = rule.source, rule.source_port, rule.destination, rule.destination_port

    def filled(text: str) -> str:
        return labels.expanded(text, number, rule.interface, rule.proto, rule.family, ends)

    try:
        texts = {"labels": tuple(map(filled, rule.labels)), "tag": filled(rule.tag), "tagged": filled(rule.tagged)}
    except labels.TooLongError:
        c.too_long = True
        return rule
    return derived(rule, texts)


def check_name(anchor: str) -> None:
    """The name of an anchor without braces has its limit. Raises Stopped."""
    if len(last_part(anchor).encode()) > ANCHOR_MAX or len(anchor.encode()) >= PATH_MAX:
        raise Stopped("pfctl_append_rule: strlcpy")


def last_part(path: str) -> str:
    """What pfctl takes for the name of an anchor: all from the last slash on."""
    at = path.rfind("/")
    return path if at < 0 else path[at:]
