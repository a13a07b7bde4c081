"""A pf.conf divided by the jails' addresses: each rule that is about one jail goes to it, everything else stays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jailpf.plugin import ConfigError, NoJailError, Place, Problem
from jailpf.plugin import importing as rules
from jailpf_adapters.pf_conf.holding import place_of_calls, place_of_translation, reason_to_stay
from jailpf_adapters.pf_conf.owners import Owners, opens
from jailpf_adapters.pf_conf.statements import read, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from jailpf.plugin import Adapter, Imported
    from jailpf_adapters.pf_conf.statements import Known, Statement, Statements


def split(adapter: Adapter, file: str, without: Collection[str] = (), outside: Collection[str] = ()) -> list[Imported]:
    """The declarations of the jails that it has rules for, but for `without`; those of `outside` let in what comes in by the
    external interfaces only. Raises what PfConf.import_ does."""
    try:
        text = rules.text_of(file, "surrogateescape")  # what stays in it stays byte for byte
    except FileNotFoundError:
        raise ConfigError("no such file", Place(file)) from None
    known = rules.addresses_of_jails(adapter)
    if not known:
        raise NoJailError(
            "no jail manager knows a jail with an address", None, "`jailpf list` shows the jails they know"
        )
    parts = _Parts(
        adapter, read(_shown(text), file, known), known, text.count("\n") + (not text.endswith("\n")), outside
    )
    if not any(parts.owners.values()):
        raise NoJailError("no rule is about a jail's address only", Place(file), "`jailpf list` shows the known jails")
    below = parts.divide(without)
    gone = {number for one in parts.moving for number in range(one.number, one.line.last + 1)}
    above = place_of_translation(parts.statements.all, parts.end)
    new = rules.with_calls(text, gone, above, below, adapter.settings.layout) if gone else text
    whole = rules.Whole(
        file, text, new, bool(parts.told), parts.statements.named, lambda *names: split(adapter, file, *names)
    )
    found = [parts.imported(jail, whole) for jail in known if jail not in without and parts.concern(jail)]
    absent = parts.statements.absent
    return [replace(one, warnings=(*absent, *one.warnings)) for one in found[:1]] + found[1:]


def _shown(text: str) -> str:
    """Line by line the same, without bytes that are not UTF-8: a declaration is."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass
class _Parts:
    """owners: number of a statement -> {jail: its rule}; stays: number -> why; void: number -> the one before it that always
    comes first; assemblies: by jail, as the last division made them; end: the number of the last line."""

    adapter: Adapter
    statements: Statements
    known: Known
    end: int
    outside: Collection[str]
    owners: dict[int, dict[str, rules.PfRule]] = field(default_factory=dict)
    stays: dict[int, str] = field(default_factory=dict)
    void: dict[int, int] = field(default_factory=dict)
    assemblies: dict[str, rules.Assembly] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parents = [parent for _, parent in self.adapter.settings.layout.parents]
        self.statements.all = [one for one in self.statements.all if not one.calls_below(parents)]
        self.whose = Owners(self.statements, self.known)
        self.addresses = {jail: {one for found in own.values() for one in found} for jail, own in self.known.items()}
        first: dict[object, int] = {}
        for one in self.statements.all:
            self.owners[one.number] = self.whose.of(one.rule)
            if not self.owners[one.number]:
                self.stays[one.number] = one.lost
            elif one.first == "rdr" and (before := first.setdefault(one.same(), one.number)) != one.number:
                self.void[one.number] = before

    @property
    def moving(self) -> list[Statement]:
        """What leaves the file."""
        return [one for one in self.statements.all if one.number not in self.stays]

    @property
    def staying(self) -> list[Statement]:
        """What does not."""
        return [one for one in self.statements.all if one.number in self.stays]

    @property
    def told(self) -> list[Statement]:
        """What stays and is of a jail."""
        return [one for one in self.staying if self.stays[one.number] and self._about(one)]

    def divide(self, without: Collection[str]) -> int:
        """Let stay what must, and what that makes stay. The line below which the anchors are called."""
        for one in self.moving:
            if hold := [jail for jail in self.owners[one.number] if jail in without]:
                self.stays[one.number] = f"no declaration of {hold[0]} was written"
        while True:
            staying = self.staying
            found = {one.number: reason for one in self.moving if (reason := self._reason(one, staying))}
            below, blocks = place_of_calls(self.moving, self.staying, self.statements.tables, self.end)
            if not found:
                found = {one.number: "what passes with `quick` below it stays" for one in blocks}
            if not found:
                found = self._assemble()
            if not found:
                return below
            self.stays.update(found)

    def _reason(self, one: Statement, staying: Sequence[Statement]) -> str:
        if reason := reason_to_stay(one, staying, self.statements.tables):
            return reason
        if one.first == "pass" and one.rule and not self.adapter.settings.direct:
            for other in staying:
                ours = set(self.owners[other.number]) & set(self.owners[one.number])
                if other.rule and other.first == "rdr" and ours and opens(one.rule, other.rule):
                    return f"line {other.number} redirects what it lets in, and stays"
        return ""

    def _assemble(self) -> dict[int, str]:
        """What a declaration has no word for, after all."""
        found: dict[int, str] = {}
        for jail, own in self.known.items():
            made = self.assemblies[jail] = rules.Assembly(
                self.adapter.settings.host, own, direct=self.adapter.settings.direct
            )
            made.context.neighbours = rules.all_addresses(self.known)
            made.context.outside_only = jail in self.outside
            made.context.tables = {name: members for name, members in self.statements.tables.items() if members}
            made.take(
                [
                    (self.owners[one.number][jail], one.line)
                    for one in self.moving
                    if jail in self.owners[one.number] and one.number not in self.void
                ]
            )
            for one in self.moving:
                if one.number in self.void and jail in self.owners[one.number]:
                    made.context.line = one.line
                    made.context.warn(
                        f"line {self.void[one.number]} redirects the same first, so this one does nothing and is dropped"
                    )
            for problem, _ in made.lost:
                if problem.place:
                    found[problem.place.line] = (
                        f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
                    )
        return found

    def _about(self, one: Statement) -> set[str]:
        return {*self.owners[one.number], *self.whose.about(one.words)}

    def concern(self, jail: str) -> bool:
        """Whether a rule of the file is the jail's, or would be."""
        return any(
            jail in self.owners[one.number] or (one.lost and jail in self._about(one)) for one in self.statements.all
        )

    def imported(self, jail: str, whole: rules.Whole) -> Imported:
        """The declaration of a jail, with what is told of it."""
        assembly, tables = self.assemblies[jail], self.statements.tables
        named = [
            rules.OtherDraft(keyword="table", name=name, keys={"addresses": list(tables[f"<{name}>"])})
            for name in assembly.named()
            if tables.get(f"<{name}>") and name not in map(str, self.adapter.settings.host.tables)
        ]
        mine = [one for one in self.moving if jail in self.owners[one.number]]
        jails = set(self.whose.by_address)
        ordered = sorted(mine, key=lambda one: one.filters)
        before = (text_of(one, self.owners[one.number][jail], self.addresses[jail], jails, tables) for one in ordered)
        warnings = []
        for one in self.told:
            if jail in self._about(one):
                message, _, remedy = self.stays[one.number].partition("; ")
                warnings.append(Problem(f"stays in the file: {message}", one.line.at(message), remedy))
        file = next(iter(self.statements.all)).line.place.file
        return rules.finished(
            self.adapter.settings, jail, assembly, heading=[f"Imported from {file} by `jailpf import pf.conf`."],
            write_own=False, before="".join(f"{text}\n" for text in (*self.statements.definitions, *before)),
            warnings=warnings, tables=named, whole=whole,
        )  # fmt: skip
