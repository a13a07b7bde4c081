"""A declaration of what the hook lines of a jail load."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.errors import Place
from jailpf.managers.importing.assembly import Assembly
from jailpf.managers.importing.finish import finished, own_addresses
from jailpf.managers.importing.hook_lines import loads
from jailpf.managers.importing.language.lexer import Line, LostError, Macros, lines
from jailpf.managers.importing.language.pfrules import statement
from jailpf.managers.importing.language.rule_data import PfRule, PfTable
from jailpf.managers.importing.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.managers.adapter import Adapter
    from jailpf.managers.imported import Imported
    from jailpf.managers.importing.hook_lines import Loaded


def from_hooks(adapter: Adapter, jail: str, hooks: Iterable[str], file: str) -> Imported | None:
    """What these lines of the file load, None for nothing. Problems have the file for their place: jail(8) tells no line."""
    found = loads(hooks)
    if not found:
        return None
    own, warnings = own_addresses(adapter, jail)
    assembly = Assembly(adapter.settings.host, own, direct=adapter.settings.direct)
    tables = Tables(assembly, os.path.dirname(file), os.path.dirname(adapter.settings.jail_file(jail)))
    rules: list[tuple[PfRule, Line]] = []
    before: list[str] = []
    for one in found:
        if one.reason:
            assembly.lose(Line(one.line, Place(file)), one.reason)
            continue
        for line in _lines(one, file):
            before.append(f"{line.text}\n")
            try:
                known = statement(Macros().words(line.text))
                if isinstance(known, PfTable):
                    tables.define(known, line)
                else:
                    rules.append((known, line))
            except LostError as wrong:
                assembly.lose(line, str(wrong))
    assembly.context.tables = tables.members
    assembly.take(rules)
    anchors = ", ".join(dict.fromkeys(one.anchor for one in found if one.anchor and not one.reason))
    heading = [f"Imported from the hooks of {jail} in {file} by `jailpf import {adapter.name}`."]
    heading += (
        [
            f"They still load {anchors}: `jailpf attach {jail}` comments these lines out; edit those that do more by hand."
        ]
        if anchors
        else []
    )
    whole = finished(
        adapter.settings, jail, assembly, heading=heading, write_own=False, tables=tables.drafts.values(),
        copies=list(tables.copies.values()), before="".join(sorted(before, key=_order)) if own else "", warnings=warnings,
    )  # fmt: skip
    return replace(whole, unread=any(one.reason and not one.known for one in found))


def _order(text: str) -> int:
    """Tables, translation, filter rules: as pf wants them in one text."""
    return 0 if text.startswith("table") else 2 if text.startswith(("pass", "block")) else 1


def _lines(one: Loaded, file: str) -> Iterable[Line]:
    return (Line(line.text, Place(file), line.comments) for line in lines(one.text, file) if line.text)
