"""doctor: findings, the worst first, each with why it matters and the command that mends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.cli import output

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from jailpf.doctor import Finding
    from jailpf.lifecycle.session import Session

SIGNS = {"error": ("error  ", "red"), "warning": ("warning", "yellow")}
FEW = 12


def doctor(session: Session, options: Namespace) -> int:
    """0 when all is fine, 1 with any warning or error."""
    from jailpf.doctor import examine

    found = list(examine(session))
    wrong = [one for level in SIGNS for one in found if one.level == level]
    fine = "; ".join(one.what for one in found if one.level == "fine")
    if options.json:
        output.as_json("doctor", findings=[one._asdict() for one in found])
    elif not wrong:
        print(f"{output.colour('all is well', 'green')}: {fine}")
    else:
        groups = grouped(wrong, _names(session))
        if first := next((_mend(group) for group in groups if group[0][0].mend), ""):
            print(f"first: {output.colour(first, 'bold')}\n")
        for group in groups:
            _print(group)
        if fine:
            print(f"{output.colour('fine   ', 'green')}  {fine}")
    return 1 if wrong else 0


def grouped(found: Iterable[Finding], names: Iterable[str]) -> list[list[tuple[Finding, str]]]:
    """Findings that differ in the name of a jail alone, together, each with that name ("": it names none)."""
    groups: dict[tuple[str, ...], list[tuple[Finding, str]]] = {}
    known = set(names)
    for one in found:
        name = next((word for word in re.findall(r"[\w.:+@-]*\w", one.what) if word in known), "")
        same = [_without(name, text) for text in (one.what, one.why, one.mend)]
        groups.setdefault((one.level, *same), []).append((one, name))
    return list(groups.values())


def _names(session: Session) -> list[str]:
    from jailpf.errors import JailpfError

    try:
        return session.jails.everybody()
    except JailpfError:
        return []


def _without(name: str, text: str) -> str:
    return re.sub(rf"(?<![\w.:+@-]){re.escape(name)}(?![\w+@-])", "\0", text) if name else text


def _mend(group: list[tuple[Finding, str]]) -> str:
    """The command for all of a group, where it ends with the jail's name."""
    mend, name = group[0][0].mend, group[0][1]
    names = [each for _, each in group]
    return f"{mend.removesuffix(name)}{' '.join(names)}" if name and mend.endswith(f" {name}") else mend


def _print(group: list[tuple[Finding, str]]) -> None:
    one, _ = group[0]
    word, colour = SIGNS[one.level]
    others = [name for _, name in group[1:]]
    print(f"{output.colour(word, colour)}  {one.what}")
    if others:
        more = f" and {len(others) - FEW} more" if len(others) > FEW else ""
        print(f"         the same for {', '.join(others[:FEW])}{more}")
    if one.why:
        print(f"         {one.why}")
    if one.mend:
        print(f"         fix: {output.colour(_mend(group), 'bold')}")
