"""Mail Toaster's pf.conf.d: nat, binat, rdr, filter (or allow) .conf and *.table of one jail (peers.md 1.3)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, PermissionDeniedError, Place, Problem, UsageError
from jailpf.managers.importing.assembly import Assembly, deduced
from jailpf.managers.importing.finish import finished, own_addresses
from jailpf.managers.importing.lexer import Line, LostError, Macros, lines
from jailpf.managers.importing.pfrules import PfRule, PfTable, statement
from jailpf.managers.importing.reading import text_of
from jailpf.managers.importing.tables import Tables
from jailpf.values import JailName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.settings import Settings
    from jailpf.managers.importing.imported import Imported

SECTIONS = {
    "nat": ("nat",),
    "binat": ("binat",),
    "rdr": ("rdr",),
    "filter": ("pass", "block"),
    "allow": ("pass", "block"),
}


def pfrule(settings: Settings, sources: Iterable[str]) -> list[Imported]:
    """One Imported for each folder of rules, such as /data/dovecot/etc/pf.conf.d. Nothing in it is run.

    Raises UsageError without a folder or for a name that is no jail's, ConfigError for what is no folder or no plain
    file, PermissionDeniedError.
    """
    folders = [os.path.abspath(source) for source in sources]
    if not folders:
        raise UsageError("import the rules of which folders?", None, "name them: /data/*/etc/pf.conf.d")
    return [_Folder(settings, folder).imported() for folder in folders]


def jail_of(folder: str) -> str:
    """The jail that a folder belongs to, by its path: DATA/JAIL/etc/pf.conf.d, ETC/JAIL/pf.conf.d, or DIR/JAIL.

    Raises UsageError for what is no name.
    """
    parts = folder.rstrip("/").split("/")
    if parts[-1:] == ["pf.conf.d"]:
        parts = parts[:-1]
        parts = parts[:-1] if parts[-1:] == ["etc"] else parts
    try:
        return JailName.parse(parts[-1] if parts else "")
    except ValueError as wrong:
        raise UsageError(f"{folder} does not tell which jail it is of: {wrong}") from None


class _Folder:
    def __init__(self, settings: Settings, folder: str) -> None:
        self.settings, self.folder, self.jail = settings, folder, jail_of(folder)
        own, self.warnings = own_addresses(settings, self.jail)
        self.known = bool(own)
        self.assembly = Assembly(settings.host, own)
        self.tables = Tables(self.assembly, folder, os.path.dirname(settings.jail_file(self.jail)))
        self.rules: list[tuple[PfRule, Line]] = []
        self.heading = [f"Imported from {folder} by `jailpf import pfrule`."]
        self.before: list[str] = []

    def imported(self) -> Imported:
        names = self._names()
        for name in names:
            if (
                name.endswith(".conf")
                and name[:-5] in SECTIONS
                and not (name == "allow.conf" and "filter.conf" in names)
            ):
                self._read(name)
        for name in names:
            if name.endswith(".table"):
                self._table_file(name)
            elif not name.endswith(".conf"):
                continue
            elif name == "allow.conf" and "filter.conf" in names:
                self._strange(name, "pfrule.sh loads filter.conf instead of it")
            elif name[:-5] not in SECTIONS:
                self._strange(
                    name, f"it is for an anchor {name[:-5]}/{self.jail}, which no section of a declaration is"
                )
        context = self.assembly.context
        if not self.known:
            context.own = deduced(rule for rule, _ in self.rules)
        context.tables = self.tables.members
        self.assembly.take(self.rules)
        for table in sorted(context.consumed):
            self.before.append(f"table {table} {{ {' '.join(self.tables.members[table])} }}\n")
        drafts = {name: one for name, one in self.tables.drafts.items() if self._wanted(name)}
        return finished(
            self.settings, self.jail, self.assembly,
            heading=self.heading, write_own=not self.known and any(context.own.values()), tables=drafts.values(),
            copies=[copy for name, copy in self.tables.copies.items() if name in drafts],
            before="".join(self.before), warnings=self.warnings,
        )  # fmt: skip

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self.folder))
        except PermissionError as wrong:
            raise PermissionDeniedError(
                f"cannot be read: {wrong.strerror}", Place(self.folder), "run as root"
            ) from None
        except OSError as wrong:
            raise ConfigError(f"is not a folder of rules: {wrong.strerror}", Place(self.folder)) from None

    def _read(self, name: str) -> None:
        file = f"{self.folder}/{name}"
        text = text_of(file)
        self.before.append(text if text.endswith("\n") else text + "\n")
        macros = Macros()
        for line in lines(text, file):
            if not line.text:
                self.heading += line.comments
                continue
            try:
                if macros.define(line):
                    self.heading += line.comments
                    continue
                one = statement(macros.words(line.text))
                if isinstance(one, PfTable):
                    self.tables.define(one, line)
                elif one.action not in SECTIONS[name[:-5]]:
                    raise LostError(f"a {one.action} rule in {name} is never loaded by pfrule.sh")
                else:
                    self.rules.append((one, line))
            except LostError as wrong:
                self.assembly.lose(line, str(wrong))

    def _table_file(self, name: str) -> None:
        file = f"{self.folder}/{name}"
        try:
            self.tables.from_file(name.removesuffix(".table"), file)
        except LostError as wrong:
            self.assembly.lose(Line("", Place(file)), str(wrong))

    def _strange(self, name: str, reason: str) -> None:
        file = f"{self.folder}/{name}"
        self.assembly.lost.append((Problem(f"is left out: {reason}", Place(file)), ""))
        for line in lines(text_of(file), file):
            if line.text:
                self.assembly.lost.append((Problem("is left out with its file", line.place), line.text))

    def _wanted(self, name: str) -> bool:
        """Not those whose members took their place as this jail's own addresses."""
        word = f"<{name}>"
        used = {
            peer
            for service in self.assembly.services
            for peer in (*service.source, *(service.allow or {}).get("from", ()))
        }
        return word in used or word not in self.assembly.context.consumed
