"""Operating systems by their fingerprints: what `os` of pf.conf(5) may name, and how pfctl prints it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
NOMATCH, UNKNOWN = "nomatch", "unknown"
_RANGE = re.compile(r"(?:(\d)\.)?(\d{1,2})-(?:(\d)\.)?(\d{1,3})")

# class -> version -> subtypes, all as they are written in /etc/pf.os
Systems = dict[str, dict[str, list[str]]]


@cache
def stock() -> Systems:
    """The systems of FreeBSD's /etc/pf.os."""
    found: Systems = {}
    for line in (Path(__file__).parent / "fingerprints.txt").read_text().splitlines():
        add(found, *line.split(":"))
    return found


def read(text: str) -> Systems:
    """The systems of a file in the format of pf.os(5); lines that are not are passed over, as pfctl does."""
    found: Systems = {}
    for line in text.splitlines():
        fields = line.split("#")[0].strip().split(":")
        if len(fields) == 9 and all(fields[:6]) and len(fields[8]) > 1:
            add(found, fields[5].lstrip("@*"), fields[6], fields[7])
    return found


def add(systems: Systems, system: str, version: str, subtype: str) -> None:
    """Add one system; `2-4` as version or subtype is three of them."""
    versions = _entry(systems, system, {})
    for one in _expanded(version):
        if one:
            subtypes = _entry(versions, one, [])
            subtypes += [s for s in _expanded(subtype) if s and s not in subtypes]


def text(systems: Systems, name: str) -> str:
    """How pfctl prints `os "name"`: its own spelling, "unknown", or "nomatch" for a name that it does not know."""
    if name.lower() == UNKNOWN:
        return UNKNOWN
    if found := _spelled(systems, name):
        return found
    system, blank, rest = name.partition(" ")
    found = _spelled(systems, system)
    if not blank or not found:
        return NOMATCH
    if version := _spelled(systems[found], rest):
        return f"{found} {version}"
    for version, subtypes in systems[found].items():
        head, tail = rest[: len(version)], rest[len(version) :]
        if head.lower() == version.lower() and tail[:1] in {".", " ", "\t", "-"}:
            for subtype in subtypes:
                if subtype.lower() == tail[1:].lower() and subtype:
                    dot = " " not in version and "." in version and subtype[0].isdigit()
                    return f"{found} {version}{'.' if dot else ' '}{subtype}"
    return NOMATCH


def _spelled(names: dict[str, dict[str, list[str]]] | dict[str, list[str]], name: str) -> str:
    return next((known for known in names if known.lower() == name.lower()), "")


def _entry(names: dict[str, _T], name: str, fresh: _T) -> _T:
    return names.setdefault(next((known for known in names if known.lower() == name.lower()), name), fresh)


def _expanded(name: str) -> list[str]:
    found = _RANGE.fullmatch(name)
    if not found or (found[1] is not None and found[3] is not None and found[1] != found[3]):
        return [name]
    if found[3] is not None and found[1] is None:
        return [name]
    dot = f"{found[1]}." if found[1] else ""
    return [f"{dot}{number}" for number in range(int(found[2]), int(found[4]) + 1)]
