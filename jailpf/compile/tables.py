"""The tables of a jail with the members that are written, read from their files."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jailpf.declare.tablefile import read_table, too_new_for_13
from jailpf.errors import Problem
from jailpf.system import files
from jailpf.system.release import release
from jailpf.values import Filename, Member

if TYPE_CHECKING:
    from collections.abc import Container

    from jailpf.compile.knows import KnowsJails
    from jailpf.declare.services import Services
    from jailpf.model import Jail, Table


class Tables:
    """members: of each table, by its name. What is wrong and what was read goes into `problems` and `inputs`."""

    def __init__(
        self, jail: Jail, services: Services, jails: KnowsJails, unwritten: Container[str], problems: list[Problem],
        inputs: list[str],
    ) -> None:  # fmt: skip
        self.jail, self.services, self.jails, self.unwritten = jail, services, jails, unwritten
        self.problems, self.inputs = problems, inputs
        self.members: dict[str, tuple[Member, ...]] = {}
        self._inlined: dict[str, tuple[Member, ...]] = {}

    def take(self, table: Table, path: tuple[str, ...]) -> Table:
        """The table with the whole path of its file, which is read. path: of its declaration."""
        if table.name in self.members:
            self.problems.append(
                Problem(f"two declarations define the table <{table.name}>", table.place, "rename one")
            )
        self.members[table.name] = table.addresses or ()
        if not table.file:
            return table
        place = self.services.place(*path, *([] if table.fetched else ["file"]))
        try:
            absolute = Filename.parse(os.path.join(os.path.dirname(self.services.document.file), table.file))
        except ValueError as wrong:
            message, _, remedy = str(wrong).partition("; ")
            self.problems.append(Problem(message, place, remedy))
            return table
        self.inputs.append(absolute)
        if table.fetched and files.absent(absolute):
            return replace(table, file=None, addresses=table.addresses or ())
        if absolute not in self.unwritten:
            self.jails.must_be_outside(absolute, self.jail.path)
            members, problems = read_table(absolute, place)
            self.problems += problems
            self.members[table.name] += tuple(map(Member.parse, members)) if not problems else ()
            if release() < 14 and not problems and too_new_for_13(absolute):
                self._inlined[table.name] = tuple(map(Member.parse, members))
        return replace(table, file=absolute)

    def inline(self, table: Table) -> Table:
        """The table as this release's pfctl can read it."""
        if table.name not in self._inlined:
            return table
        return replace(table, file=None, addresses=(*self._inlined[table.name], *(table.addresses or ())))
