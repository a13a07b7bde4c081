"""attach, detach, new: connecting jails, and first declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.cli import output, plan
from jailpf.errors import NoJailError, Problem, UsageError
from jailpf.lifecycle.jails import near_name
from jailpf.managers.adapter import ask

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence

    from jailpf.lifecycle.session import Session
    from jailpf.managers.adapter import Adapter
    from jailpf.managers.attach import Result

COLOURS = {"+": "green", "-": "red", "@": "blue"}
NOBODYS = "no jail manager knows {}, so nothing was attached"


def attach(session: Session, options: Namespace) -> int:
    """Write the hook lines of jails. With 1, a jail's next start is refused as it is declared."""
    from functools import partial

    from jailpf.managers.attach import attach as verb

    status = _change(session, options, partial(verb, keep=options.keep))
    output.problems(_other_pf(session), level="yellow")
    return status


def _other_pf(session: Session) -> list[Problem]:
    """A --pf that the hook lines will not have: they are for the pf that the settings name."""
    from jailpf.declare.settings import read

    if not session.pf_name:
        return []
    named = read(session.file, run=session.run, plans=session.plans).pf
    if named == session.pf_name:
        return []
    what = f"the hook lines use {named}, as jailpf.toml says, not --pf {session.pf_name}"
    return [Problem(what, None, f'if you mean it, write pf = "{session.pf_name}" in {session.file}')]


def detach(session: Session, options: Namespace) -> int:
    """Remove the hook lines of jails; with --all of every jail that any manager has."""
    from jailpf.managers.attach import detach as verb

    return _change(session, options, verb)


def _change(
    session: Session, options: Namespace, verb: Callable[[Sequence[Adapter], list[str], bool], list[Result]]
) -> int:
    if bool(options.jails) == options.all:
        what = "name jails or say --all, not both" if options.all else "no jail is named"
        raise UsageError(f"{options.command}: {what}", None, f"jailpf {options.command} NAME, or --all")
    names = options.jails
    strangers: list[str] = []
    if options.all:
        known = {name for adapter in session.jails.adapters for name in adapter.names()}
        names = session.jails.declared() if options.command == "attach" else sorted(known)
        # A manager may call a jail otherwise: rc.d/jail's my_web is my.web, too.
        strangers = [name for name in names if name not in known and ask(session.jails.adapters, name) is None]
        names = [name for name in names if name not in strangers]
    # Asked first: where no declaration can be looked for, nothing is written.
    nothing = [name for name in names if options.command == "attach" and not session.jails.declares(name)]
    results = verb(session.jails.adapters, names, options.dry_run)
    refused = _refused(session, names) if options.command == "attach" else []
    if options.json:
        told = [
            {
                "jail": one.jail, "manager": one.manager, "file": one.file, "changed": one.changed, "diff": one.diff,
                "done": list(one.done), "declared": one.jail not in nothing,
            }
            for one in results
        ]  # fmt: skip
        left = [output.problem_json(one) for one in (*(Problem(NOBODYS.format(name)) for name in strangers), *refused)]
        output.as_json(options.command, jails=told, problems=left)
        return NoJailError.status if strangers else 1 if refused else 0
    for result in results:
        if options.dry_run and result.diff:
            for line in result.diff.splitlines():
                print(output.colour(line, COLOURS[line[0]]) if line[:1] in COLOURS else line)
        for sentence in result.done:
            print(sentence)
    for name in nothing:
        print(f"nothing is declared for {name} yet, so its hooks do nothing; `jailpf new {name}` writes a declaration")
    if options.dry_run and options.command == "attach":
        plan.append(session, names)
    output.problems([Problem(NOBODYS.format(name), None, "`jailpf check` says more") for name in strangers])
    output.problems(refused)
    return NoJailError.status if strangers else 1 if refused else 0


def _refused(session: Session, names: list[str]) -> list[Problem]:
    from jailpf.lifecycle.checks import next_start

    return next_start.refused(session, names)


def new(session: Session, options: Namespace) -> int:
    """Write a commented declaration, where there is none."""
    from jailpf.managers.attach.new import write_new

    name = options.jail
    file = write_new(session.settings, session.jails.adapters, name)
    print(f"wrote {file}; edit it, then run `jailpf check {name}`")
    known = {one for adapter in session.jails.adapters for one in adapter.names()}
    stranger = name not in known and ask(session.jails.adapters, name) is None
    if near := near_name(name, known) if stranger else "":
        what = f"no jail manager knows {name}; did you mean {near}?"
        there = "it already has a file" if session.jails.declares(near) else f"`mv {file} {session.jails.file(near)}`"
        output.problems([Problem(what, None, there)], level="yellow")
    return 0
