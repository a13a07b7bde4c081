"""The options of a rule: flags, state, labels, tags. Source: parse.y of FreeBSD 15 (filter_opts, keep)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jailpf.pf.simulated.language.hosts import RuleError, unknown
from jailpf.pf.simulated.rules.rule import Rule, StateOptions
from jailpf.pf.simulated.rules.words import ICMP6_TYPES, ICMP_TYPES, TIMEOUTS

if TYPE_CHECKING:
    from jailpf.pf.simulated.language.draft import RuleDraft

LABELS_MAX = 5
NAME_MAX = 63


def base_rule(draft: RuleDraft) -> Rule:
    """The rule with everything that its expansion does not change. Raises RuleError."""
    rule = Rule(
        action=draft.action,
        line=draft.line,
        no=draft.no,
        passes=draft.passes,
        direction=draft.direction,
        log=draft.log,
        quick=draft.quick,
        anchor=draft.anchor,
        block=(draft.block or "drop") if draft.action == "block" else "",
    )
    for name, value in draft.options:
        rule = _with_option(rule, name, value)
    return rule


def finish(rule: Rule) -> Rule:
    """The defaults of a pass rule: `flags S/SA keep state`. Raises RuleError."""
    if rule.action != "pass":
        if rule.state and rule.state != "no state":
            raise RuleError(f"keep state on {rule.action} rules doesn't make sense")
        return _without_any(rule)
    if not rule.state:
        rule = replace(rule, state="keep state")
    if not rule.flags and rule.state != "no state" and rule.proto in {"", "tcp"}:
        rule = replace(rule, flags="S/SA")
    return rule if rule.state != "no state" and rule.proto in {"", "tcp"} else _without_any(rule)


def _without_any(rule: Rule) -> Rule:
    """`flags any` says something only where `flags S/SA` is the default; pfctl does not print it
    elsewhere.
    """
    return replace(rule, flags="") if rule.flags == "any" else rule


def icmp_items(draft: RuleDraft) -> list[tuple[int | None, int | None]]:
    """The ICMP types and codes that the rule names, [(None, None)] for none. Raises RuleError."""
    items: list[tuple[int | None, int | None]] = []
    for name, value in draft.options:
        if name == "icmp":
            word, written = value
            names = ICMP_TYPES if word == "icmp-type" else ICMP6_TYPES
            for type_, code in written:
                number = names.get(type_, int(type_) if type_.isdigit() else -1)
                if not 0 <= number <= 255 or (code and not code.isdigit()):
                    raise RuleError(f"unknown icmp-type {type_}" if number < 0 else f"unknown icmp-code {code}")
                items.append((number, int(code) if code else None))
    return items or [(None, None)]


def _with_option(rule: Rule, name: str, value: Any) -> Rule:
    if name == "label":
        if len(value.encode()) > NAME_MAX:
            raise RuleError(f"rule label too long (max {NAME_MAX} chars)")
        if len(rule.labels) == LABELS_MAX:
            raise RuleError(f"label can only be used {LABELS_MAX} times")
        return replace(rule, labels=(*rule.labels, value))
    if name == "tag":
        return replace(rule, tag=_tag(value))
    if name == "tagged":
        return replace(rule, tagged=_tag(value[0]), not_tagged=value[1])
    if name == "rtable":
        return replace(rule, rtable=int(value))
    if name == "flags":
        if set(value) - set("FSRPAUEWe/any"):
            raise RuleError(f"unknown flag {value}")
        return replace(rule, flags=value)
    if name == "state":
        words, options = value
        return replace(rule, state=words, options=_state_options(options) if options else None)
    return replace(rule, allow_opts=True) if name == "allow-opts" else rule


def _tag(value: str) -> str:
    if len(value.encode()) > NAME_MAX:
        raise RuleError(f"tag too long, max {NAME_MAX} chars")
    return value


def _state_options(written: tuple[tuple[str, ...], ...]) -> StateOptions:
    found: dict[str, Any] = {}
    timeouts: dict[str, int] = {}
    for name, *values in written:
        if name == "max-src-conn-rate":
            limit, seconds = int(values[0]), int(values[2])
            if not limit or not seconds:
                raise RuleError("max-src-conn-rate must be greater than 0")
            found["max_src_conn_rate"] = (limit, seconds)
        elif name == "overload":
            found["overload"], found["flush"] = values[1], " ".join(values[3:])
        elif name == "source-track":
            found["source_track"] = values[0] if values else "global"
        elif name in {"no-sync", "sloppy"}:
            found[name.replace("-", "_")] = True
        elif name.startswith("max"):
            if int(values[0]) < 1:
                raise RuleError(f"'{name}' must be greater than 0")
            found[name.replace("-", "_")] = int(values[0])
        elif name in TIMEOUTS:
            timeouts[name] = int(values[0])
        else:
            raise RuleError(f"illegal state timeout name {name}") if "." in name else unknown(f"'{name}'")
    if any(name.startswith("max_src") for name in found):
        found.setdefault("source_track", "rule")
    if "max" in found and not {"adaptive.start", "adaptive.end"} & set(timeouts):
        timeouts |= {"adaptive.start": found["max"] * 6 // 10, "adaptive.end": found["max"] * 12 // 10}
    if "max_src_conn_rate" in found:
        timeouts.setdefault("src.track", found["max_src_conn_rate"][1])
    ordered = tuple((name, timeouts[name]) for name in TIMEOUTS if name in timeouts)
    return StateOptions(timeouts=ordered, **found)
