"""Whether pf holds what a record says: the rules as pf prints them, and the members of its tables."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from jailpf.declare import tablefile
from jailpf.errors import JailpfError, PfRefusedError, Place
from jailpf.pf import Everywhere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.model import Anchor
    from jailpf.pf import Pf
    from jailpf.state.records import Record

SCRATCH = "jailpf.print"  # an anchor that no line of pf.conf calls
MOST = 32768  # members of a table that are compared: more cannot be replaced either (facts-2.md section 12)
WORTH = 3  # jails from which on one pfctl for all is cheaper than one each
UNSEEN = Everywhere({}, {})
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


def _is_printed(record: Record) -> bool:
    return len(record.printed) == len(record.anchors) and all(record.printed)


def all_with_printed(pf: Pf, records: Iterable[Record]) -> list[Record]:
    """The same of many, at once where pf can; what it then does not tell is left for `with_printed`."""
    records = list(records)
    asked: dict[str, dict[str, str]] = {}
    for record in records:
        for anchor in () if _is_printed(record) else record.anchors:
            parent, _, name = anchor.path.rpartition("/")
            asked.setdefault(parent, {})[name] = anchor.text
    found: dict[str, str] = {}
    for parent, texts in asked.items():
        if parent and len(texts) >= WORTH:
            with suppress(JailpfError, OSError):  # one bad file keeps all out; one by one its own jail is told
                printed = pf.printed_children(parent, texts)
                found |= {f"{parent}/{name}": digest(lines) for name, lines in printed.items()}
    return [
        replace(record, printed=tuple(found[anchor.path] for anchor in record.anchors))
        if not _is_printed(record) and all(anchor.path in found for anchor in record.anchors)
        else record
        for record in records
    ]


def differences(
    pf: Pf, record: Record, *, scratch: bool = False, seen: Everywhere = UNSEEN, tables: bool = True
) -> tuple[list[str], Record]:
    """(the paths where pf holds something else, the record with what pf printed).

    scratch: whether an anchor may be loaded beside to see what pf prints of rules that it holds. `pfctl -n -v` prints the
    same as far as is known (tests/freebsd/test_freebsd_driver.py); where it does not, that decides.
    seen: what was read of all anchors at once. It is taken for agreement; where it does not agree, the anchor is read by itself.
    tables: whether they are looked at.
    """
    record = with_printed(pf, record)
    wrong, printed = [], list(record.printed)
    for number, anchor in enumerate(record.anchors):
        held = digest(_rules(pf, anchor.path, seen))
        if held != printed[number] and seen is not UNSEEN:
            held = digest(_rules(pf, anchor.path, UNSEEN))
        if held != printed[number] and scratch and held != digest(()) and held == _by_loading(pf, anchor):
            printed[number] = held
        if held != printed[number] or (tables and not _same(pf, anchor.path, _TABLE.finditer(anchor.text))):
            wrong.append(anchor.path)
    return wrong, replace(record, printed=tuple(printed))


def _rules(pf: Pf, path: str, seen: Everywhere) -> tuple[str, ...]:
    """What pf holds in an anchor; only what was not seen is read."""
    sections = [section for section, held in (("nat", seen.nat), ("rules", seen.rules)) if path not in held]
    loaded = pf.read(path, tables=False, sections=sections) if sections else None
    nat, rules = seen.nat.get(path, ()), seen.rules.get(path, ())
    return (*nat, *loaded.nat, *rules, *loaded.rules) if loaded else (*nat, *rules)


def _by_loading(pf: Pf, anchor: Anchor) -> str:
    try:
        pf.load(SCRATCH, anchor.text)
        loaded = pf.read(SCRATCH, tables=False)
        return digest([*loaded.nat, *loaded.rules]) if loaded else ""
    finally:
        pf.unload(SCRATCH)


def _same(pf: Pf, path: str, tables: Iterable[re.Match[str]]) -> bool:
    """Whether the tables are there, and hold what is written; one without members written holds what pf put there.

    One that is not `persist` is there only while a rule names it.
    """
    names: list[str] | None = None
    for table in tables:
        wanted = _wanted(table)
        if wanted is None or len(wanted) > MOST:
            if names is None:
                names = list(pf.read(path, members=False, sections=()).tables)
            there = table["name"] in names
        else:
            try:
                held = set(map(_plain, pf.table(path, table["name"], "show")))
                there = True
            except PfRefusedError as wrong:
                if "does not exist" not in str(wrong):
                    raise
                there = False
            if there and held != wanted:
                return False
        if not there and "persist" in table["flags"]:
            return False
    return True


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
