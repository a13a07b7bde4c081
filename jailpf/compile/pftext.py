"""Rules and tables as pf.conf(5) text, and the last check before the text leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.errors import PluginError
from jailpf.values import Log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.model import Pool, Rule, StateOptions, Table

_WORD = r"[A-Za-z0-9_.:/<>()!*{}+=,-]+"
_QUOTED = r'"[A-Za-z0-9_.:@+/ -]*"'
_FILE = r'file "[^"\\$#\x00-\x1f\x7f]+"'
_LINE = re.compile(rf"(?:table|nat|binat|rdr|pass|block)(?: {{1,2}}(?:{_FILE}|{_WORD}|{_QUOTED}))+")


def rule_text(rule: Rule) -> str:
    """One line without its end. Option order is that of facts.md section 4. Raises PluginError for impossible rules."""
    words: list[str] = [rule.action, rule.answer, rule.direction]
    words += [str(Log() if rule.log is True else rule.log)] if rule.log else []
    words += ["quick"] * rule.quick
    if rule.on:
        words += ["on", _list(rule.on)]
    if rule.route:
        words += [rule.route.word, f"({rule.route.interface} {rule.route.gateway})"]
    words.append(_padded(rule))
    if rule.proto:
        words += ["proto", str(rule.proto)]
    words += _hosts(rule)
    if rule.icmp_type:
        words += ["icmp6-type" if rule.family == "inet6" else "icmp-type", _list(rule.icmp_type)]
    if rule.tagged:
        words += ["tagged", f'"{rule.tagged}"']
    if rule.tag:
        words += ["tag", f'"{rule.tag}"']
    if rule.target is not None:
        words += ["->", _list((rule.target, *rule.more_targets))]
        if rule.target_port:
            words += ["port", _target_port(rule)]
        words += _pool(rule.pool)
        words += ["static-port"] * rule.static_port
    if rule.state:
        words += _state(rule.state)
    for label in rule.labels:
        words += ["label", f'"{label}"']
    if rule.identifier:
        words += ["ridentifier", str(rule.identifier)]
    return checked(" ".join(word for word in words if word))


def table_text(table: Table) -> str:
    """One line without its end."""
    words = ["table", f"<{table.name}>"]
    words += ["persist"] * table.persist + ["const"] * table.const + ["counters"] * table.counters
    if table.file:
        words += ["file", f'"{table.file}"']
    if table.addresses is not None:
        inside = " ".join(map(str, table.addresses))
        words.append(f"{{ {inside} }}" if inside else "{ }")
    return checked(" ".join(words))


def table_names(text: str) -> list[str]:
    """The tables that the text of an anchor defines."""
    return re.findall(r"^table <([^>]+)>", text, re.MULTILINE)


def checked(line: str) -> str:
    """The line itself, if it can be nothing but one rule: no newline, `#`, `\\`, `$`, or quote inside a word."""
    if not _LINE.fullmatch(line) or line.count("{") != line.count("}"):
        raise PluginError(f"a rule type returned an invalid rule: {line!r}")
    return line


def _padded(rule: Rule) -> str:
    family = rule.family or ""
    return f"{family:<5}" if family and rule.proto else family


def _list(items: Iterable[object]) -> str:
    words = [str(item) for item in items]
    return words[0] if len(words) == 1 else "{ " + " ".join(words) + " }"


def _hosts(rule: Rule) -> list[str]:
    if not (rule.source or rule.to or rule.port or rule.source_port or rule.section != "filter"):
        return ["all"]
    words = ["from", _list(rule.source or ("any",))]
    words += ["port", _list(rule.source_port)] if rule.source_port else []
    words += ["to", _list(rule.to or ("any",))]
    return words + (["port", _list(rule.port)] if rule.port else [])


def _target_port(rule: Rule) -> str:
    port = rule.target_port
    return f"{port.first}:*" if port and port.width > 1 else str(port)


def _pool(pool: Pool | None) -> list[str]:
    if pool is None:
        return []
    return [pool.kind] + [f"0x{pool.key}"] * bool(pool.key) + ["sticky-address"] * pool.sticky


def _state(state: StateOptions) -> list[str]:
    options = [
        f"{name.replace('_', '-')} {value}"
        for name in ("max", "max_src_states", "max_src_conn", "max_src_conn_rate")
        if (value := getattr(state, name)) is not None
    ]
    if state.overload:
        options.append(f"overload <{state.overload}> flush")
    options += ["sloppy"] * (state.kind == "sloppy")
    words = {"modulate": ["modulate", "state"], "none": ["no", "state"]}.get(state.kind, ["keep", "state"])
    words[0] = "synproxy" if state.synproxy else words[0]
    return words + ["(" + ", ".join(options) + ")"] if options else words
