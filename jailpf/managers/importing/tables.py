"""Tables: what pf.conf defines, and `NAME.table` files, as [table.NAME] with a file beside the declaration."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jailpf.declare.tablefile import split_comment
from jailpf.errors import Place, Problem
from jailpf.managers.imported import Copy
from jailpf.managers.importing.drafts import OtherDraft
from jailpf.managers.importing.language.lexer import Line, LostError
from jailpf.managers.importing.language.reading import text_of
from jailpf.managers.importing.language.words import network
from jailpf.values import Network, TableName

if TYPE_CHECKING:
    from jailpf.managers.importing.assembly import Assembly
    from jailpf.managers.importing.language.rule_data import PfTable


@dataclass
class Tables:
    """members: of every table that is known, by "<name>"; drafts and copies: what is to be written."""

    assembly: Assembly
    folder: str
    beside: str
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    drafts: dict[str, OtherDraft] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)

    def define(self, table: PfTable, line: Line) -> None:
        """Take up `table <name> ...`. Raises LostError."""
        self.assembly.context.line = line
        keys: dict[str, Any] = {}
        found = []
        if table.addresses:
            found = [self._member(word) for word in table.addresses]
            keys["addresses"] = found
        if len(table.files) > 1:
            raise LostError("a table has one file; put all addresses into it")
        members = list(found)
        if table.files:
            keys["file"], more = self._file(
                table.name, os.path.join(self.folder, table.files[0]), f'file "{table.files[0]}"'
            )
            members += more
        keys.update({flag: True for flag in ("const", "counters") if getattr(table, flag)})
        self._add(table.name, keys, members, line.comments)

    def from_file(self, name: str, file: str) -> None:
        """Take up NAME.table, the members of a table of pf.conf. Raises LostError."""
        self.assembly.context.line = Line("", Place(file))
        if name in self.copies:
            return
        target, members = self._file(name, file)
        earlier = self.drafts.get(name)
        keys = {**(earlier.keys if earlier else {}), "file": target}
        members += self.members.get(f"<{name}>", ())
        self._add(name, keys, members, earlier.comments if earlier else ())

    def _add(self, name: str, keys: dict[str, Any], members: list[str], comments: tuple[str, ...]) -> None:
        try:
            TableName.parse(name)
        except ValueError as wrong:
            raise LostError(str(wrong)) from None
        self.members[f"<{name}>"] = tuple(members)
        self.drafts[name] = OtherDraft(keyword="table", name=name, keys=keys, comments=comments)

    def _file(self, name: str, file: str, written: str = "") -> tuple[str, list[str]]:
        """(its name beside the declaration, its members). A missing file becomes an empty one, with a warning. written:
        how the statement names it."""
        target, source = f"{name}.table", file
        try:
            text = text_of(file)
        except FileNotFoundError:
            context = self.assembly.context
            remedy = f"put its addresses into {os.path.join(self.beside, target)}, or create it and import again"
            context.warn(f"{file} does not exist, so the table starts empty", written, remedy)
            context.absent[f"<{name}>"] = Problem(file, context.line.of(written) if context.line else None)
            text, source = "", ""
        content, members = self._content(text, file)
        self.copies[name] = Copy(source, os.path.join(self.beside, target), content)
        return target, members

    def _content(self, text: str, file: str) -> tuple[str, list[str]]:
        lines, members = [], []
        for number, raw in enumerate(text.splitlines(), 1):
            code, comment = split_comment(raw)
            words = []
            self.assembly.context.line = Line(raw, Place(file, number))
            for word in code.replace(",", " ").split():
                try:
                    words.append(self._member(word))
                except LostError as wrong:
                    self.assembly.lose(Line(word, Place(file, number)), str(wrong))
                    comment = f"# not imported: {word} {comment.lstrip('#;')}"
            members += words
            lines.append(" ".join(filter(None, (" ".join(words), comment))).rstrip() + "\n")
        return "".join(lines), members

    def _member(self, word: str) -> str:
        negated, bare = word.startswith("!"), word.lstrip("! ")
        try:
            plain = str(Network.parse(bare))
        except ValueError as wrong:
            plain = network(bare, self.assembly.context.warn)
            if not plain:
                raise LostError(str(wrong).partition(";")[0]) from None
        return ("!" if negated else "") + plain
