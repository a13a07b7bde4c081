"""plan: what a change means in traffic, before it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import JailpfError, NoJailError, UsageError
from jailpf.lifecycle.jails import near_name

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection

    from jailpf.insight.changes import Changes
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session


def plan(session: Session, options: Namespace) -> int:
    """0 when nobody gets in, and nothing leaves, that did not before, nor the other way round, and every promise is kept; else 1, or the status
    of a declaration that is broken. Raises NoJailError for a name that is neither declared nor loaded.
    """
    from jailpf.insight.changes import changes
    from jailpf.insight.notes import uncalled
    from jailpf.insight.promises import broken, promises_of
    from jailpf.insight.world import build

    sides = _sides(session, options)
    for name in options.jails:
        _must_be_sound(sides, name)
    before, after = _worlds(sides, options)
    found = changes(before, after, options.jails, alone=not options.before)
    promised = promises_of(sides[1])
    if promised and options.jails and not options.before:  # they speak of all that is declared
        whole = build(session, main=options.main or "", declared=True, like=before)
        promises = broken(promised, whole)
    else:
        promises = broken(promised, after, found.after)
    asked = (before, after) if options.before else (after,)  # a folder's mistakes are nowhere else to be seen
    problems = list(dict.fromkeys(one for world in asked for wrong in world.problems for one in wrong.problems))
    if options.json:
        output.as_json(
            "plan", new=[row._asdict() for row in found.new], gone=[row._asdict() for row in found.gone], unchanged=found.unchanged,
            leaving={
                "new": [row._asdict() for row in found.out_new.rows], "gone": [row._asdict() for row in found.out_gone.rows],
                "unchanged": found.out_unchanged,
            },
            promises=list(map(output.problem_json, promises)), problems=list(map(output.problem_json, problems)),
        )  # fmt: skip
    else:
        show(found)
        output.problems(promises)
        output.problems(uncalled(after), level="yellow")
        output.problems(problems if options.before else output.aside(session, after.problems), level="yellow")
    if not options.jails and (wrong := [one for world in asked for one in world.broken]):
        return wrong[0].status
    return 1 if found or promises else 0


def show(found: Changes) -> None:
    """A line for each thing that changes, in and out, and how much stays."""
    for said in dict.fromkeys((*map(str, found.new), *found.out_new.said)):
        print(output.colour(f"new: {said}", "green"))
    for said in dict.fromkeys((*map(str, found.gone), *found.out_gone.said)):
        print(output.colour(f"gone: {said}", "red"))
    same = found.unchanged + found.out_unchanged
    print(f"unchanged: {same} line{'s' if same != 1 else ''} of `jailpf reach`")


def append(session: Session, jails: Collection[str]) -> bool:
    """The end of `reload -n`, `sync -n` and `attach -n`: what would change in traffic, and whether anything does; nothing
    where it cannot be told.
    """
    from jailpf.insight.changes import changes
    from jailpf.insight.world import build

    try:
        before = build(session, left=True)
        after = build(session, declared=frozenset(jails), like=before, left=True)
        found = changes(before, after, jails, alone=True)
    except JailpfError as wrong:
        output.problems(wrong.problems, level="yellow")
        return False
    show(found)
    return bool(found)


def _sides(session: Session, options: Namespace) -> tuple[Session, Session]:
    if bool(options.before) != bool(options.after):
        raise UsageError("--from and --to need each other", None, "jailpf plan --from DIR --to DIR")
    if options.before:
        return _folder(session, options.before), _folder(session, options.after)
    return session, session


def _must_be_sound(sides: tuple[Session, Session], name: str) -> None:
    """Raise what is wrong with the declaration of a jail that is asked about, and NoJailError for one that nobody knows."""
    from jailpf.lifecycle.prepare import prepare
    from jailpf.state import records

    before, after = sides
    if after.jails.declares(name):
        prepare(after, name, created=True)
    elif not (before.jails.declares(name) or any(records.read(before.directory, name))):
        near = near_name(name, after.jails.declared())
        remedy = f"did you mean {near}?" if near else f"`jailpf new {name}` writes a declaration"
        raise NoJailError(f"{name} is neither declared nor loaded", None, remedy)


def _worlds(sides: tuple[Session, Session], options: Namespace) -> tuple[World, World]:
    from jailpf.insight.world import build

    main = options.main or ""
    if options.before:
        return build(sides[0], main=main, declared=True), build(sides[1], main=main, declared=True)
    before = build(sides[0], main=main, left=True)
    return before, build(sides[1], main=main, declared=frozenset(options.jails) or True, like=before, left=True)


def _folder(session: Session, folder: str) -> Session:
    """A folder with a jailpf.toml, without pf and without this host's run directory."""
    import os

    from jailpf.lifecycle.opening import laid_out
    from jailpf.lifecycle.session import Session as Made
    from jailpf.pf.simulated import Simulated

    file = os.path.join(folder, "jailpf.toml")
    if not os.path.isfile(file):
        raise UsageError(f"{folder} has no jailpf.toml", None, "name folders such as /usr/local/etc/jailpf")
    made = Made(file=os.path.abspath(file), run=session.run, pf_name="simulated", show=session.show)
    made.pf = Simulated(main=made.main() or laid_out(made.settings))
    return made
