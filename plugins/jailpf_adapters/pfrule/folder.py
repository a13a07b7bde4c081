"""Mail Toaster's pf.conf.d: nat, binat, rdr, filter (or allow) .conf and *.table of one jail."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from jailpf.plugin import ConfigError, JailName, PermissionDeniedError, Place, Problem, UsageError
from jailpf.plugin import importing as rules

if TYPE_CHECKING:
    from jailpf.plugin import Adapter, Imported

BELOW = ("etc/pf.conf.d", "pf.conf.d")
OWN = {"inet": "int_ip4", "inet6": "int_ip6"}
SECTIONS = {  # in the order in which pfrule.sh loads them
    "binat": ("binat",),
    "nat": ("nat",),
    "rdr": ("rdr",),
    "filter": ("pass", "block"),
    "allow": ("pass", "block"),
}
_LOOSE = re.compile(r"(->\s*\S+)\s+(\d)")


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
        raise UsageError(f"{folder} does not show which jail it belongs to: {wrong}") from None


class Folder:
    """The rules of one jail. Nothing in its folder is run, and links are not followed: the jail may write there."""

    def __init__(self, adapter: Adapter, folder: str) -> None:
        settings = adapter.settings
        self.settings, self.folder, self.jail = settings, folder, jail_of(folder)
        own, self.warnings = rules.own_addresses(adapter, self.jail)
        self.known = bool(own)
        self.jails = rules.addresses_of_jails(adapter)
        self.assembly = rules.Assembly(settings.host, own, direct=settings.direct)
        self.assembly.context.neighbours = rules.all_addresses(self.jails)
        self.tables = rules.Tables(self.assembly, folder, os.path.dirname(settings.jail_file(self.jail)))
        self.rules: list[tuple[rules.PfRule, rules.Line]] = []
        self.heading = [f"Imported from {folder} by `jailpf import pfrule`."]
        self.before: list[str] = []
        self.named: dict[str, str] = {}

    def imported(self) -> Imported:
        """All of it as a declaration. Raises ConfigError for what is not a folder or no plain file, PermissionDeniedError."""
        names = self._names()
        for name in (f"{section}.conf" for section in SECTIONS):
            if name in names and not (name == "allow.conf" and "filter.conf" in names):
                self._read(name)
        if not any(name.endswith((".conf", ".table")) for name in names):
            files = ", ".join(f"{section}.conf" for section in SECTIONS)
            below = next((one for one in BELOW if os.path.isdir(os.path.join(self.folder, one))), "")
            remedy = f"name {os.path.join(self.folder, below)}" if below else f"its files would be {files}"
            raise ConfigError("has no rules, so nothing was written", Place(self.folder), remedy)
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
            context.own = rules.deduced(rule for rule, _ in self.rules)
        for family, address in self.named.items():
            context.own[family] = context.own.get(family) or [address]
        context.tables = self.tables.members
        self.assembly.take(self.rules)
        self.before.insert(0, "".join(
            f"table {table} persist {{ {' '.join(members)} }}\n" for table, members in self.tables.members.items()
        ))  # fmt: skip
        drafts = {name: one for name, one in self.tables.drafts.items() if self._wanted(name)}
        return rules.finished(
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
            what = "no such folder" if isinstance(wrong, FileNotFoundError) else f"cannot be read: {wrong.strerror}"
            raise ConfigError(what, Place(self.folder), "give the pf.conf.d of a jail") from None

    def _read(self, name: str) -> None:
        file = f"{self.folder}/{name}"
        text = rules.text_of(file)
        macros = rules.Macros()
        seen: set[str] = set()
        for line in rules.lines(text, file):
            if not line.text or line.text in seen:  # the same rule twice is that rule
                self.heading += line.comments
                continue
            seen.add(line.text)
            self.before.append(f"{line.text}\n")
            try:
                if macros.define(line):
                    self.heading += line.comments
                    continue
                if line.inside:
                    raise rules.LostError("it is within the braces of an anchor, which a declaration does not have")
                words = rules.with_addresses(plain := macros.words(line.text), self.jails)
                if words != plain:
                    self.before[-1] = " ".join(words) + "\n"
                one = rules.statement(words)
                if isinstance(one, rules.PfRule) and one.loose:
                    self.before[-1] = _LOOSE.sub(r"\1 port \2", self.before[-1])
                if isinstance(one, rules.PfTable):
                    self.before.pop()  # it stands above all, with the members of its files
                    self.tables.define(one, line)
                elif one.action not in SECTIONS[name[:-5]]:
                    raise rules.LostError(f"a {one.action} rule in {name} is never loaded by pfrule.sh")
                else:
                    self.rules.append((one, line))
            except rules.LostError as wrong:
                self.assembly.lose(line, str(wrong))
        self._own(macros)

    def _own(self, macros: rules.Macros) -> None:
        """Mail Toaster's macros for the jail itself: jail.conf has no ip6.addr before the host has IPv6."""
        for family, macro in OWN.items():
            if len(words := macros.known.get(macro, [])) == 1:
                self.named[family] = words[0]

    def _table_file(self, name: str) -> None:
        file = f"{self.folder}/{name}"
        try:
            self.tables.from_file(name.removesuffix(".table"), file)
        except rules.LostError as wrong:
            self.assembly.lose(rules.Line("", Place(file)), str(wrong))

    def _strange(self, name: str, reason: str) -> None:
        file = f"{self.folder}/{name}"
        self.assembly.lost.append((Problem(f"was left out: {reason}", Place(file)), ""))
        for line in rules.lines(rules.text_of(file), file):
            if line.text:
                self.assembly.lost.append((Problem("was left out with its file", line.place), line.text))

    def _wanted(self, name: str) -> bool:
        """Not those whose members took their place as this jail's own addresses."""
        return name in self.assembly.named() or f"<{name}>" not in self.assembly.context.consumed
