"""prestart, created, poststop: what jail(8) calls. One line for each event goes to syslog."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jailpf import warm
from jailpf.cli import output
from jailpf.errors import JailpfError, PfRefusedError, Problem, UsageError, first_of, problems_of
from jailpf.system import spawn

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from jailpf.lifecycle.session import Session


def prestart(session: Session, options: Namespace) -> int:
    """Check the jail and compile its rules."""
    from jailpf.lifecycle import prestart as verb

    def checked() -> bool:
        prepared = verb.prestart(session, options.jail, lambda: _keeps_promises(session, options.jail))
        if prepared is not None and prepared.jail.vnet:
            from jailpf.insight.kept import unkept

            session.notes += unkept(session, prepared)
        return prepared is not None

    with _timed(session, options):
        return _hook(session, options, checked, "checked")


def created(session: Session, options: Namespace) -> int:
    """Load the jail's rules."""
    from jailpf.lifecycle import load

    def loaded() -> bool:
        return load.created(session, options.jail, lambda: _keeps_promises(session, options.jail)) is not None

    with _timed(session, options):
        return _hook(session, options, loaded, "loaded")


@contextmanager
def _timed(session: Session, options: Namespace) -> Iterator[None]:
    """Keep how long it took, however it ends."""
    begun = time.monotonic()
    try:
        yield
    finally:
        if options.jail:
            warm.took(session.directory, options.command, options.jail, begun)


def _keeps_promises(session: Session, name: str) -> None:
    """Raises DeclarationError for a jail that would break one, and the errors of looking."""
    from jailpf.declare.promises import there

    if there(session.settings.file):
        from jailpf.insight.promises import guard

        guard(session, name)


def poststop(session: Session, options: Namespace) -> int:
    """Take the jail's rules away. Always 0: jail(8) has nothing left to decide."""
    from jailpf.declare.there import valid
    from jailpf.lifecycle import poststop as verb

    options.jail = options.jail or ""
    if options.jail and not valid(options.jail):
        found = [Problem(f"{options.jail!r} cannot be a jail's name, so nothing was loaded for it")]
    else:
        spawn.limit(warm.SECONDS if options.jail else 0)  # a purge is about as many jails as there are
        try:
            with _timed(session, options):
                found = verb.poststop(session, options.jail) if options.jail else verb.purge(session)
        except Exception as wrong:  # a bug of ours, which jail(8) cannot help
            import traceback

            traceback.print_exc()
            found = [Problem(f"a bug of jailpf: {wrong!r}", None, "`jailpf sync` does the rest")]
        finally:
            spawn.limit(0)
    found = list(dict.fromkeys(found))
    output.problems(found)
    for problem in first_of(found):
        warm.log(f"poststop {options.jail}: {problem}")
    warm.log(f"poststop {options.jail}: {'done, with problems' if found else 'nothing is left'}")
    return 0


def _hook(session: Session, options: Namespace, verb: Callable[[], bool], done: str) -> int:
    """Run a verb under `on_error`: "warn" lets the jail start although its firewall is not as declared."""
    if not options.jail:
        raise UsageError("the jail's name is empty", None, "in a hook line of jail.conf, write $name")
    spawn.limit(warm.SECONDS)
    try:
        did = verb()
    except (JailpfError, OSError) as wrong:
        found = problems_of(wrong)
        output.problems(found)
        for problem in first_of(found):
            warm.log(f"{options.command} {options.jail}: {problem}")
        if options.command == "created":
            _close(session, options.jail)
        elif options.command == "prestart":
            _says_weak(session, options.jail)
        return 0 if _warns(session) else getattr(wrong, "status", PfRefusedError.status)
    finally:
        spawn.limit(0)
    output.problems(session.notes, level="yellow")
    if not did and not session.notes and output.on_terminal():
        print(f"nothing is declared for {options.jail}, so there is nothing to do")
    warm.log(f"{options.command} {options.jail}: {done if did else 'nothing to do'}")
    return 0


def _says_weak(session: Session, name: str) -> None:
    """Where no exit status of ours stops the jail's manager, say so."""
    from jailpf.managers.adapter import ask

    try:
        found = ask(session.jails.adapters, name)
        hooks = found[0].hooks(found[1]) if found else None
    except (JailpfError, OSError):
        return  # what is wrong has been said
    if hooks is not None and hooks.weak:
        output.problems([Problem(hooks.weak)], level="yellow")
        warm.log(f"prestart {name}: {hooks.weak}")


def _close(session: Session, name: str) -> None:
    """Under "refuse", close a jail that runs all the same."""
    from jailpf.lifecycle.closing import close

    try:
        if _warns(session) or not close(session, name):
            return
    except (JailpfError, OSError):
        return  # what is wrong has been said
    said = Problem(
        f"{name} runs nevertheless, and jailpf lets nobody in to it", None, f"correct it, then `jailpf load {name}`"
    )
    output.problems([said], level="yellow")
    warm.log(f"created {name}: {said}")


def _warns(session: Session) -> bool:
    try:
        return session.settings.on_error == "warn"
    except JailpfError:
        return False
