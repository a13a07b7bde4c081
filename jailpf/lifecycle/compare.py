"""Whether pf holds what a record says: the rules as pf prints them, and the members of its tables."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from jailpf.declare import tablefile
from jailpf.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.model import Anchor
    from jailpf.pf import Loaded, Pf
    from jailpf.state.records import Record

SCRATCH = "jailpf.print"  # an anchor that no line of pf.conf calls
MOST = 32768  # members of a table that are compared: more cannot be replaced either (facts-2.md section 12)
_TABLE = re.compile(
    r"^table <(?P<name>[^>]+)>(?P<flags>[^{\"]*?)(?: file \"(?P<file>[^\"]+)\")?(?: \{(?P<members>[^}]*)\})?$", re.M
)
_SECTIONS = {"nat": 0, "binat": 1, "rdr": 2}


def ordered(lines: Iterable[str]) -> list[str]:
    """Rules by section, which is all that their order between sections means; the optimizer's table names folded."""
    folded = [re.sub(r"<__automatic_[0-9a-f_]+>", "<__automatic>", line.strip()) for line in lines]
    return sorted(folded, key=lambda line: _SECTIONS.get(line.split(" ", 1)[0], 3))


def digest(lines: Iterable[str]) -> str:
    """Of rules as pf prints them; those about tables do not count."""
    return f"{crc32(chr(10).join(ordered(line for line in lines if not line.startswith('table '))).encode()):08x}"


def with_printed(pf: Pf, record: Record) -> Record:
    """The record with what pf prints of its rules, asking pf where that is not known. Raises PfRefusedError."""
    known = record.printed if len(record.printed) == len(record.anchors) else ("",) * len(record.anchors)
    found = [
        was or digest(pf.printed(anchor.path, anchor.text)) for was, anchor in zip(known, record.anchors, strict=True)
    ]
    return replace(record, printed=tuple(found))


def differences(pf: Pf, record: Record, *, scratch: bool = False) -> tuple[list[str], Record]:
    """(the paths where pf holds something else, the record with what pf printed).

    scratch: whether an anchor may be loaded beside to see what pf prints of rules that it holds. `pfctl -n -v` prints the
    same as far as is known (tests/freebsd/test_freebsd_driver.py); where it does not, that decides.
    """
    record = with_printed(pf, record)
    wrong, printed = [], list(record.printed)
    for number, anchor in enumerate(record.anchors):
        tables = list(_TABLE.finditer(anchor.text))
        loaded = read(pf, anchor, tables=bool(tables))
        held = digest([*loaded.nat, *loaded.rules])
        if held != printed[number] and scratch and loaded and held == _by_loading(pf, anchor):
            printed[number] = held
        if held != printed[number] or not all(_same(pf, anchor.path, loaded, table) for table in tables):
            wrong.append(anchor.path)
    return wrong, replace(record, printed=tuple(printed))


def read(pf: Pf, anchor: Anchor, *, tables: bool) -> Loaded:
    """What pf holds; its tables only where the text makes some, which saves a pfctl."""
    return pf.read(anchor.path, members=False, tables=tables)


def _by_loading(pf: Pf, anchor: Anchor) -> str:
    try:
        pf.load(SCRATCH, anchor.text)
        loaded = pf.read(SCRATCH, tables=False)
        return digest([*loaded.nat, *loaded.rules]) if loaded else ""
    finally:
        pf.unload(SCRATCH)


def _same(pf: Pf, path: str, loaded: Loaded, table: re.Match[str]) -> bool:
    """Whether a table is there, and holds what is written; one without members written holds what pf put there."""
    if table["name"] not in loaded.tables:
        return "persist" not in table["flags"]  # it is there only while a rule names it
    wanted = _wanted(table)
    if wanted is None or len(wanted) > MOST:
        return True
    return wanted == set(map(_plain, pf.table(path, table["name"], "show")))


def _wanted(table: re.Match[str]) -> set[str] | None:
    if table["file"] is None and table["members"] is None:
        return None
    wanted = {_plain(word) for word in (table["members"] or "").split()}
    if table["file"] is not None:
        members, problems = tablefile.read_table(table["file"], Place(table["file"]))
        if problems:
            return None  # it cannot be loaded either, which preparing the jail has said
        wanted |= set(members)
    return wanted


def _plain(word: str) -> str:
    """A member in its one spelling."""
    with suppress(ValueError):
        return tablefile.spelled(word.replace(" ", ""))
    return word
