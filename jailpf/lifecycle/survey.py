"""What there is: running jails, records, anchors in pf. Gathered once, with as few programs as possible."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from jailpf.declare.layout import ABOVE
from jailpf.declare.settings import PROGRAMS
from jailpf.errors import PfUnavailableError
from jailpf.lifecycle import compare
from jailpf.state import records
from jailpf.system import running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpf.declare.settings import Settings
    from jailpf.lifecycle.session import Session
    from jailpf.pf import Everywhere, LabelCount
    from jailpf.state.records import Record

Condition = Literal["loaded", "missing", "stale", "unfinished"]


@dataclass(frozen=True)
class Survey:
    """alive: names as jls(8) has them; known: records by jail; broken: file names of records that cannot be read.

    listed: the anchors in pf; jids: of the running jails, by those names; roots: their roots, by those.
    """

    session: Session
    alive: frozenset[str]
    known: dict[str, Record]
    broken: tuple[str, ...]
    listed: frozenset[str]
    jids: dict[str, int]
    roots: dict[int, str] = field(default_factory=dict)

    @cached_property
    def counts(self) -> dict[str, list[LabelCount]]:
        """The counters of the rules of each label."""
        paths = sorted({anchor.path for record in self.known.values() for anchor in record.anchors} & self.listed)
        counts: dict[str, list[LabelCount]] = {}
        for count in self.session.pf.labels(paths) if paths else ():
            for label in count.labels:
                counts.setdefault(label, []).append(count)
        return counts

    @cached_property
    def seen(self) -> Everywhere:
        """What pf holds, read at once where there are several jails to look at, and pf can."""
        return self.session.pf.everywhere() if len(self.known) >= compare.WORTH else compare.UNSEEN

    def runs(self, name: str) -> bool:
        """Whether the jail runs, under its own name or the one its manager gives it, or renamed by `jail -m`."""
        record = self.known.get(name)
        renamed = record is not None and bool(record.path) and self.roots.get(record.jid) == record.path
        return bool(self.called(name) & self.alive) or renamed

    def called(self, name: str) -> set[str]:
        """What jls(8) may call the jail."""
        record = self.known.get(name)
        names = {name, record.running_name if record else name}
        return names | {adapter.running_name(name) for adapter in self.session.jails.adapters}

    def condition(self, wanted: Record, *, scratch: bool = False) -> Condition:
        """How what pf holds for a jail compares with what its declaration says, rule by rule and member by member.

        scratch: see compare.differences.
        """
        known = self.known.get(wanted.jail)
        if known is None:
            return "missing"
        _, unfinished, wrong = records.read(self.session.directory, wanted.jail)
        if unfinished or wrong:
            return "unfinished"
        if not all(anchor.path in self.listed for anchor in known.anchors):
            return "missing"
        if known.anchors != wanted.anchors:
            return "stale"
        different, self.known[wanted.jail] = compare.differences(
            self.session.pf, known, scratch=scratch, seen=self.seen
        )
        if not different:
            return "loaded"
        return "stale" if all(self.session.pf.read(path, members=False) for path in different) else "missing"

    def ask(self, wanted: Iterable[Record]) -> None:
        """Learn what pf prints of the rules of many records at once, where that is not known: `condition` compares with it."""
        same = [
            record.jail
            for record in wanted
            if record.jail in self.known and self.known[record.jail].anchors == record.anchors
        ]
        self.known.update(
            zip(same, compare.all_with_printed(self.session.pf, map(self.known.__getitem__, same)), strict=True)
        )

    def jid(self, record: Record) -> int:
        """The jid under which the jail runs now, else what is known of it."""
        return self.jids.get(record.running_name, record.jid)

    def orphans(self) -> list[str]:
        """The paths of anchors that only jailpf makes and that no record names, and those in which the older word
        for filter of the layout "split" left rules of a jail that is loaded. Leftovers without rules are none.
        """
        recorded = {anchor.path for record in self.known.values() for anchor in record.anchors}
        ours = tuple(start for start in self.session.settings.layout.starts if "jailpf" in start or ABOVE in start)
        twins = {
            self.session.settings.layout.twin(name) for name in {*self.known, *self.session.jails.declared()}
        } & self.listed - recorded
        return [
            path
            for path in sorted(self.listed - recorded)
            if ours and path.startswith(ours) and "/" not in path.removeprefix(next(start for start in ours if path.startswith(start)))
            and self.session.pf.read(path, members=False)
        ] + [path for path in (*sorted(twins), compare.SCRATCH) if path in self.listed and self.session.pf.read(path, members=False)]  # fmt: skip


def survey(session: Session) -> Survey:
    """Look around. Raises the errors of pf and jls(8)."""
    return _gather(session, alive(session, session.settings))


def look(session: Session) -> Survey:
    """The same for those who only look: without jls(8) what is loaded counts as running."""
    try:
        return survey(session)
    except PfUnavailableError:
        session.pf.anchors()  # it is pf itself that is missing?
        return _gather(session, _recorded(session))


def alive(session: Session, settings: Settings) -> Iterable[str]:
    """What jls(8) calls the running jails.

    With the simulated pf there are none: those that are loaded count, unless [programs] names a jls to ask.
    """
    if settings.pf == "simulated" and settings.programs["jls"] == PROGRAMS["jls"]:
        return _recorded(session)
    return running.running(settings)


def _recorded(session: Session) -> list[str]:
    return [record.running_name for record in records.everything(session.directory)]


def _gather(session: Session, alive: Iterable[str]) -> Survey:
    found = records.names(session.directory)
    read = {name: records.at(session.directory, name)[:2] for name in found}
    known = {record.jail: record for pair in read.values() for record in reversed(pair) if record}
    listed = session.pf.anchors()
    running = alive if isinstance(alive, dict) else {}
    jids = {name: jail.jid for name, jail in running.items()}
    return Survey(
        session, frozenset(alive), known, tuple(name for name, pair in read.items() if not any(pair)),
        frozenset(listed), jids, {jail.jid: jail.path for jail in running.values()},
    )  # fmt: skip
