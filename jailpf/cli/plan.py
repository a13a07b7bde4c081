"""plan: what a change means in traffic, before it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output
from jailpf.errors import JailpfError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection

    from jailpf.insight.changes import Changes
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session


def plan(session: Session, options: Namespace) -> int:
    """0 when nobody gets in who did not before, nor the other way round, and every promise is kept; else 1."""
    from jailpf.insight.changes import changes
    from jailpf.insight.promises import broken, promises_of

    before, after = _worlds(session, options)
    found = changes(before, after, options.jails)
    promises = broken(promises_of(session), after, found.after)
    problems = [problem for wrong in after.problems for problem in wrong.problems]
    if options.json:
        output.as_json(
            "plan", new=[row._asdict() for row in found.new], gone=[row._asdict() for row in found.gone], unchanged=found.unchanged,
            promises=list(map(output.problem_json, promises)), problems=list(map(output.problem_json, problems)),
        )  # fmt: skip
    else:
        show(found)
        output.problems(promises)
        output.problems(output.aside(session, after.problems), level="yellow")
    return 1 if found or promises else 0


def show(found: Changes) -> None:
    """A line for each thing that changes, and how much stays."""
    for row in found.new:
        print(output.colour(f"new: {row}", "green"))
    for row in found.gone:
        print(output.colour(f"gone: {row}", "red"))
    print(f"unchanged: {found.unchanged} way{'s' if found.unchanged != 1 else ''} in")


def append(session: Session, jails: Collection[str]) -> None:
    """The end of `reload -n`, `sync -n` and `attach -n`: what would change in traffic; nothing where it cannot be told."""
    from jailpf.insight.changes import changes
    from jailpf.insight.world import build

    try:
        before = build(session)
        show(changes(before, build(session, declared=frozenset(jails), like=before), jails))
    except JailpfError as wrong:
        output.problems(wrong.problems, level="yellow")


def _worlds(session: Session, options: Namespace) -> tuple[World, World]:
    from jailpf.insight.world import build

    if bool(options.before) != bool(options.after):
        raise UsageError("--from and --to belong together", None, "jailpf plan --from DIR --to DIR")
    if options.before:
        main = options.main or ""
        return (
            build(_folder(session, options.before), main=main, declared=True),
            build(_folder(session, options.after), main=main, declared=True),
        )
    before = build(session, main=options.main or "")
    return before, build(session, main=options.main or "", declared=True, like=before)


def _folder(session: Session, folder: str) -> Session:
    """A folder with a jailpf.toml, without pf and without this host's run directory."""
    import os

    from jailpf.lifecycle.session import Session as Made
    from jailpf.pf.simulated import Simulated

    file = os.path.join(folder, "jailpf.toml")
    if not os.path.isfile(file):
        raise UsageError(f"{folder} has no jailpf.toml", None, "name folders as /usr/local/etc/jailpf is one")
    made = Made(file=os.path.abspath(file), run=session.run, pf_name="simulated", show=session.show)
    made.pf = Simulated(main=made.main() or None)
    return made
