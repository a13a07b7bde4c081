"""import: declarations from what another tool has kept, each compared in traffic with what it was made of."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jailpf.cli import output
from jailpf.declare import toml
from jailpf.errors import JailpfError, NoJailError, Problem, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from jailpf.insight.moved import Moved
    from jailpf.lifecycle.prepare import Prepared
    from jailpf.lifecycle.session import Session
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.imported import Whole
    from jailpf.managers.importing import Imported
    from jailpf.pf import Loaded
    from jailpf.registry import Registry
    from jailpf.state.records import Record


@dataclass
class Move:
    """One jail on its way. refused: why its declaration is not written; moved: what it changes, None where that cannot be
    told, for the reason in `untold`; beaten: nat rules that one of pf.conf beats; said: what `write` answered."""

    one: Imported
    refused: list[Problem] = field(default_factory=list)
    moved: Moved | None = None
    untold: list[Problem] = field(default_factory=list)
    beaten: list[Problem] = field(default_factory=list)
    prepared: Prepared | None = None
    empty: bool = False
    said: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether it lets in nothing that was not let in, and nothing was lost."""
        wider = self.moved is not None and self.moved.wider
        return not (self.one.problems or self.refused or self.empty or self.untold or self.beaten or wider)


def import_rules(session: Session, options: Namespace) -> int:
    """0 when nothing was lost and nobody gets in who did not before; 1 otherwise."""
    from jailpf.lifecycle.checks import next_start

    found = list(_adapter(session, options.kind).import_(options.sources))
    if not found:
        remedy = (
            "it has no jails here, or they publish nothing; if its jails are elsewhere, set [managers] in jailpf.toml"
        )
        raise NoJailError(f"there is nothing to import from {options.kind}", None, remedy)
    # What is read out of pf.conf itself leaves it; no line of that counts.
    main = None if options.kind == "pf.conf" else next_start.main_ruleset(session)
    moves, whole = _all(session, found, main)
    for move in moves:
        if not (move.refused or move.empty or options.dry_run):
            move.said = move.one.write()
        if not options.json:
            # On stdout the new pf.conf stands alone, to be saved as it is.
            with redirect_stdout(sys.stderr) if whole and not options.dry_run else nullcontext():
                _show(move, dry=options.dry_run)
    if options.json:
        output.as_json(
            "import",
            jails=[_json(move) for move in moves],
            left=_bytes(whole.new if whole else "").decode("utf-8", "replace"),
        )
    elif whole:
        stays = (
            "it still has rules of the jails above, as reported"
            if whole.theirs
            else "the rules of the jails above are no longer in it"
        )
        changed = "the new pf.conf, with the lines of `jailpf init`" if whole.new != whole.old else "pf.conf as it is"
        print(f"# {changed}; {stays}")
        _print(whole.new + "\n" * (not whole.new.endswith("\n")))
    return 0 if all(move.good for move in moves) else 1


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _print(text: str) -> None:
    """As print() does, with bytes that are not UTF-8 as they were in the file."""
    if text.isascii() or _bytes(text).decode("utf-8", "replace") == text:
        print(text, end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(_bytes(text))


def _all(session: Session, found: Sequence[Imported], main: Loaded | None) -> tuple[list[Move], Whole | None]:
    """Each tried. Of a pf.conf that they leave, the rules of those that are refused stay in it, and the others are tried anew."""
    order = [str(one.jail) for one in found]
    refused: dict[str, Move] = {}
    outside: set[str] = set()
    whole = next((one.whole for one in found if one.whole), None)
    while True:
        records: list[Record] = []
        names = session.progress("importing", [str(one.jail) for one in found])
        moves = [_tried(session, one, records, main) for _, one in zip(names, found, strict=True)]
        if whole and not any(move.refused or move.empty for move in moves):
            _compare(session, moves, whole)
        bad = {str(move.one.jail): move for move in moves if move.refused or move.empty}
        if whole is None or not bad:
            break
        # An old `pass in` alone lets in none of the host's own, which had to get out first: then only from outside.
        wider = {jail for jail, move in bad.items() if move.moved and move.moved.wider} - outside
        refused |= {} if wider else bad
        outside |= wider
        found = whole.again(refused, outside)
        whole = found[0].whole if found else replace(whole, new=whole.old, theirs=True)
    return sorted([*moves, *refused.values()], key=lambda move: order.index(str(move.one.jail))), whole


def _compare(session: Session, moves: Sequence[Move], whole: Whole) -> None:
    """What the new file and the declarations together let in, beside the old file."""
    from jailpf.insight.moved_whole import moved_whole
    from jailpf.insight.moved_words import sentences

    going = {str(move.one.jail): move for move in moves if move.prepared}
    files = {copy.target: copy.content for move in going.values() for copy in move.one.copies}
    try:
        prepared = [move.prepared for move in going.values() if move.prepared]
        found = moved_whole(session, prepared, whole, files)
    except JailpfError as wrong:
        for move in going.values():
            move.one = replace(move.one, unread=True)
        for move in list(going.values())[:1]:
            move.untold = [
                Problem(
                    f"pf refuses the file, so nothing can be compared: {one.message}",
                    one.place and one.place._replace(file=whole.file),
                )
                for one in wrong.problems
            ]
        return
    others = found.pop("")
    for jail, move in going.items():
        move.moved = found[jail]
        if move.moved.wider or others.wider:
            said = next(line for one in (move.moved, others) for line in sentences(one) if " more" in line)
            move.refused = [
                Problem(f"with its rules out of the file, it {said}", None, "they stay there; declare it by hand")
            ]


def _tried(session: Session, one: Imported, records: list[Record], main: Loaded | None) -> Move:
    """What becomes of it. records: those of the jails before it, whose ports are taken."""
    from jailpf.insight.moved import moved
    from jailpf.lifecycle.checks import conflicts, next_start
    from jailpf.lifecycle.prepare import prepare_text

    move = Move(one, refused=list(one.refused))
    if not set(toml.parse(one.text, one.file).data) - {"jail"}:
        move.empty = True
    if move.empty or move.refused:
        return move
    try:
        prepared = prepare_text(session, one.jail, one.file, one.text, [copy.target for copy in one.copies])
        taken = conflicts.check_all(session, [*records, prepared.record], [one.jail], [one.jail])
    except NoJailError as wrong:
        move.untold = wrong.problems
        return move
    except JailpfError as wrong:
        move.refused = wrong.problems
        return move
    if taken:
        move.refused = taken
        return move
    records.append(prepared.record)
    move.beaten = next_start.beaten(session, prepared, main)
    try:
        move.prepared = prepared
        if one.before and not one.unread and one.whole is None:
            move.moved = moved(session, prepared, one.before, {copy.target: copy.content for copy in one.copies})
    except JailpfError as wrong:
        move.untold = [
            Problem(f"pf refuses the old rules of {one.jail}, so they let nobody in: {problem.message}")
            for problem in wrong.problems
        ]
    if move.moved is not None and (more := _more(move.moved, main)):
        remedy = "move what kept them out from the old file into pf.conf, above the anchor lines; then import again"
        move.refused = [Problem(f"the declaration {more[0]}", None, remedy)]
    return move


def _more(moved: Moved, main: Loaded | None) -> list[str]:
    """What is let in more; under a pf.conf that blocks the rest, without what only an open one would let in."""
    from jailpf.insight.moved_words import sentences

    blocks = main is None or any(re.match(r"block (drop |return )?(in )?(log )?all", line) for line in main.rules)
    looked_at = replace(moved, open_more=[], open_out=[]) if blocks else moved
    return [line for line in sentences(looked_at) if line.startswith(("lets in more", "lets out more"))]


def _show(move: Move, *, dry: bool) -> None:
    """On stderr what was lost or written otherwise, with its place; on stdout what is written, and what it changes."""
    one = move.one
    # What could not be expressed stands in the file as a comment, and here with its place.
    output.problems(one.problems, level="yellow")
    output.problems(one.warnings, level="yellow")
    if move.empty:
        print(f"{one.jail}: none of it can be declared, so no file was written")
        return
    if dry or move.refused:
        print(f"# {one.file}\n{one.text}")
        for copy in one.copies:
            print(f"# {copy.target}\n{copy.content}")
    for sentence in move.said:
        print(sentence)
    output.problems(move.refused)
    output.problems(move.untold, level="yellow")
    output.problems(move.beaten, level="yellow")
    for sentence in _sentences(move):
        print(f"{one.jail}: {sentence}")


def _sentences(move: Move) -> list[str]:
    from jailpf.insight.moved_words import sentences

    if move.one.refused:
        return ["no file was written"]
    if move.refused and move.moved:
        return [*sentences(move.moved), "no file was written"]
    if move.refused:
        return ["`jailpf check` would refuse this, so no file was written"]
    if move.untold or move.one.unread:
        return ["could not be compared with the original rules"]
    return sentences(move.moved) if move.moved is not None else ["there are no rules to compare with"]


def _json(move: Move) -> dict[str, Any]:
    one = move.one
    return {
        "jail": one.jail, "file": one.file, "text": one.text, "written": move.said,
        "tables": [{"file": copy.target, "source": copy.source, "text": copy.content} for copy in one.copies],
        "problems": list(map(output.problem_json, [*one.problems, *move.beaten])), "warnings": list(map(output.problem_json, one.warnings)),
        "refused": list(map(output.problem_json, move.refused)), "untold": list(map(output.problem_json, move.untold)),
        "wider": move.moved.wider if move.moved else None, "changes": [] if move.empty else _sentences(move),
    }  # fmt: skip


def importers(registry: Registry) -> list[str]:
    """The adapters that can import, in use or not."""
    return [name for name in registry.adapter_names() if registry.adapter_type(name).offers("import_")]


def _adapter(session: Session, name: str) -> Adapter:
    """The adapter of that name: the one in use, else one made for this. Raises UsageError."""
    from jailpf.values.suggest import did_you_mean

    known = importers(session.registry)
    if name not in known:
        remedy = did_you_mean(name, known) or "one of " + ", ".join(known)
        what = "cannot import" if name in session.registry.adapter_names() else "is not an adapter"
        raise UsageError(f"{name} {what}", None, remedy)
    used = session.jails.adapters
    if found := next((adapter for adapter in used if adapter.name == name), None):
        return found
    return session.registry.make(session.settings, [name], used)[0]
