"""Changing a table: its file and what is loaded together, so that a restart gives the same. Rules are not touched."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jailpf.declare import tableedit, tablefile
from jailpf.errors import DeclarationError, JailpfError, NoJailError, UsageError
from jailpf.lifecycle.prepare import prepare
from jailpf.state import records, writes
from jailpf.state.rundir import file_name
from jailpf.system import files
from jailpf.values.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.model import Table


@dataclass(frozen=True)
class Home:
    """Where a table of a jail lives: the anchors that hold it now, and the file that declares its members ("": none)."""

    jail: str
    name: str
    paths: tuple[str, ...]
    file: str
    in_toml: bool


def find(session: Session, jail: str, name: str) -> Home:
    """The table. Raises NoJailError when nothing is known of the jail, UsageError when it has no such table."""
    prepared = _prepared(session, jail)
    table: Table | None = next((one for one in prepared.ruleset.tables if one.name == name), None)
    if table is None:
        known = [one.name for one in prepared.ruleset.tables]
        raise UsageError(f"{jail} has no table {name!r}", None, did_you_mean(name, known) or "it has none at all")
    declared = any(one.name == name for one in prepared.services.of("table"))
    toml = prepared.services.document.file
    return Home(
        jail,
        name,
        _paths(session, jail, name),
        str(table.file or "") or (toml if declared else ""),
        declared and not table.file,
    )


def names(session: Session, jail: str) -> list[str]:
    """The tables of a jail, those that pf fills among them."""
    return [table.name for table in _prepared(session, jail).ruleset.tables]


def _prepared(session: Session, jail: str) -> Prepared:
    session.jails.services(jail)
    prepared = prepare(session, jail, created=True)
    if prepared is None:
        raise NoJailError(
            f"the addresses of {jail} are known only while it runs, and it is not running", None, f"start {jail}"
        )
    return prepared


def _paths(session: Session, jail: str, name: str) -> tuple[str, ...]:
    """The loaded anchors that hold the table. To be asked again with the lock held: the jail may have stopped."""
    record = records.read(session.directory, jail)[0]
    anchors = record.anchors if record else ()
    return tuple(anchor.path for anchor in anchors if f"table <{name}> " in anchor.text + " ")


def show(session: Session, home: Home) -> list[str]:
    """The loaded members, of all anchors that hold it; of a jail that is not loaded, the declared ones."""
    if home.paths:
        held = (session.pf.table(path, home.name, "show") for path in home.paths)
        return list(dict.fromkeys(member for members in held for member in members))
    return declared_members(session, home)


def declared_members(session: Session, home: Home) -> list[str]:
    """What the file or the declaration says."""
    if not home.file:
        return []
    if not home.in_toml:
        members, problems = tablefile.parse_table(tablefile.text_of(files.read(home.file)), home.file)
        if problems:
            raise DeclarationError(problems)
        return members
    table = next(one for one in session.jails.services(home.jail).of("table") if one.name == home.name)
    return list(map(str, getattr(table.type, "addresses", None) or ()))


def change(session: Session, home: Home, command: str, words: Iterable[str]) -> int:
    """add, delete or replace members, in the file and in pf. Returns how many of the file's members changed.

    The file is put back when pf refuses, or when the jail could not be loaded with these members. Raises UsageError for a
    word that is not an address or network.
    """
    members = parse_members(words)
    edit = _edit(
        session, home, command, members
    )  # of a million lines that takes a second, and others wait for the lock
    with session.lock():
        home = replace(home, paths=_paths(session, home.jail, home.name))
        if _content(home) != edit.before:
            edit = _edit(session, home, command, members)
        if changed := home.file and edit.new != edit.old:
            real = os.path.realpath(home.file)
            status = os.stat(real)
            mode, owner = status.st_mode & 0o777, (status.st_uid, status.st_gid)
            writes.replace(real, edit.after, mode, owner)
        try:
            prepared = _again(session, home)
            for path in home.paths:
                session.pf.table(path, home.name, command, members)
        except JailpfError:
            if changed:
                writes.replace(real, edit.before, mode, owner)
            raise
        remember(session, home, prepared)
    return len(set(edit.new) ^ set(edit.old))


@dataclass(frozen=True)
class _Edit:
    """What becomes of a table: its file and its members, before and after."""

    before: bytes
    after: bytes
    old: list[str]
    new: list[str]


def _content(home: Home) -> bytes:
    return files.read(home.file) if home.file else b""


def _edit(session: Session, home: Home, command: str, members: list[str]) -> _Edit:
    before, old = _content(home), declared_members(session, home)
    known, named = set(old), set(members)
    new = {
        "add": [*old, *(one for one in members if one not in known)],
        "delete": [one for one in old if one not in named],
        "replace": members,
    }[command]
    if not home.file or new == old:
        return _Edit(before, before, old, new)
    after = tableedit.edit_toml(before, home.name, new) if home.in_toml else tableedit.edit_file(before, new)
    return _Edit(before, after, old, new)


def reload(session: Session, home: Home) -> int:
    """Make the loaded table what the file says. Returns how many members it has."""
    before, members = _content(home), declared_members(session, home)
    with session.lock():
        home = replace(home, paths=_paths(session, home.jail, home.name))
        if _content(home) != before:
            members = declared_members(session, home)
        prepared = _again(session, home)
        for path in home.paths:
            session.pf.table(path, home.name, "replace", members)
        remember(session, home, prepared)
    return len(members)


def expire(session: Session, home: Home, seconds: int) -> list[str]:
    """Take out of the loaded table what was not seen for that long. Returns who that was."""
    gone: dict[str, None] = {}
    with session.lock():
        for path in _paths(session, home.jail, home.name):
            before = session.pf.table(path, home.name, "show")
            session.pf.table(path, home.name, "expire", (), seconds)
            left = set(session.pf.table(path, home.name, "show"))
            gone |= dict.fromkeys(one for one in before if one not in left)
    return list(gone)


def parse_members(words: Iterable[str]) -> list[str]:
    """Addresses and networks, "!" in front of one that is not in the table."""
    members: dict[str, None] = {}
    for one in words:
        if len(parts := [part for part in re.split(r"[,;\s]+", one) if part]) > 1:
            raise UsageError(f"{one!r} is several addresses", None, f"separate them by spaces: {' '.join(parts)}")
        try:
            members[tablefile.spelled(one)] = None
        except ValueError as wrong:
            message, _, remedy = str(wrong).partition("; ")
            raise UsageError(message, None, remedy) from None
    return list(members)


def _again(session: Session, home: Home) -> Prepared | None:
    """The jail with what its files say now. Raises the errors of `prepare`, before pf has members that no load would take."""
    session.__dict__.pop("jails", None)
    return prepare(session, home.jail, created=True)


def remember(session: Session, home: Home, prepared: Prepared | None = None) -> None:
    """How the table is declared is part of the loaded text: the record follows, unless more has changed.

    prepared: the jail as it is declared now, where that is known.
    """
    record = records.read(session.directory, home.jail)[0]
    if record is None:
        return
    prepared = prepared or _again(session, home)
    if prepared and _without(prepared.record, home.name) == _without(record, home.name):
        writes.replace(
            session.directory.record(file_name(home.jail)), replace(record, anchors=prepared.record.anchors).to_bytes()
        )


def _without(record: records.Record, table: str) -> list[tuple[str, list[str]]]:
    start = f"table <{table}> "
    return [
        (anchor.path, [line for line in anchor.text.splitlines() if not line.startswith(start)])
        for anchor in record.anchors
    ]
