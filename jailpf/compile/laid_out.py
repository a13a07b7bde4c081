"""Rules and tables, laid out in the anchors of a layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.compile.discovery import DISCOVERY
from jailpf.compile.pftext import rule_text, table_text
from jailpf.errors import Problem
from jailpf.model import SECTIONS, Anchor
from jailpf.values import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpf.declare.settings import Settings
    from jailpf.model import Jail, Rule, Table


def lay_out(
    jail: Jail, settings: Settings, rules: list[Rule], tables: list[Table], inline: Callable[[Table], Table]
) -> tuple[list[Anchor], list[Problem]]:
    """(anchors in the order of loading, what has no place). A table goes into each anchor that uses it.

    What is denied stands in an anchor above those of all jails, and once more with the jail's own rules, which are so one
    transaction with it. inline: a table as this release's pfctl can read it.
    """
    anchors, problems = [], []
    anywhere = _used_by(rules)
    first = [rule for rule in rules if rule.order == "first"]
    denied = [rule for rule in first if rule.action == "block" or rule.icmp_type == DISCOVERY]
    if denied and (path := settings.layout.above(jail.name)):
        used = _used_by(denied)
        lines = [table_text(inline(table)) for table in tables if table.name in used]
        lines += [rule_text(rule) for rule in denied]
        anchors.append(Anchor(path, "\n".join(lines) + "\n"))
    for path, sections in settings.layout.in_load_order(jail.name):
        inside = [rule for section in SECTIONS if section in sections for rule in rules if rule.section == section]
        used = _used_by(inside)
        if "filter" in sections:
            used |= {str(table.name) for table in tables} - anywhere
        lines = [table_text(inline(table)) for table in tables if table.name in used]
        lines += [rule_text(rule) for rule in inside]
        if lines:
            anchors.append(Anchor(path, "\n".join(lines) + "\n"))
    lost = {
        section: homeless
        for section in SECTIONS
        if not settings.layout.path(section, jail.name)
        and (homeless := next((one for one in rules if one.section == section), None))
    }
    whole = {section: f"jailpf-{section}/{{jail}}" for section in lost} | dict(settings.layout.paths)
    layout = ", ".join(f'{section} = "{whole[section]}"' for section in SECTIONS if section in whole)
    for section, homeless in lost.items():
        hosts = section == "nat" and not homeless.place
        problems.append(
            Problem(
                f"the layout {settings.layout.name!r} has no place for {section} rules",
                settings.place("host", "nat") if hosts else homeless.place,
                ("remove nat if pf.conf already translates the jails, or else " if hosts else "")
                + f"pf.conf needs {_anchor_line(section)}, and jailpf.toml layout = {{ {layout} }}",
            )
        )
    if not settings.layout.path("filter", jail.name):
        for table in tables:
            if table.name not in anywhere:
                sentence = f"no rule uses <{table.name}>, and the layout {settings.layout.name!r} has no filter anchor to keep it in"
                problems.append(Problem(sentence, table.place, "remove it"))
    return anchors, problems


def _anchor_line(section: str) -> str:
    return f'{"anchor" if section == "filter" else section + "-anchor"} "jailpf-{section}/*"'


def _used_by(rules: list[Rule]) -> set[str]:
    """The names of the tables that rules use."""
    named = {peer.table for rule in rules for peer in (*rule.source, *rule.to, *_behind(rule)) if peer.table}
    return named | {str(rule.state.overload) for rule in rules if rule.state and rule.state.overload}


def _behind(rule: Rule) -> list[Peer]:
    """The tables and the like that it deals out of: an empty one would take packets and deal out nothing."""
    return [one for one in (rule.target, *rule.more_targets) if isinstance(one, Peer)]
