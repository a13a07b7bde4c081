"""The command line: one function for each command, imported when it is called."""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from jailpf.errors import JailpfError, PermissionDeniedError, PfRefusedError, Problem, problems_of

if TYPE_CHECKING:
    from argparse import Namespace


def main(arguments: list[str]) -> int:
    """Run one command line; the exit status. No traceback for a user's mistake, one for a bug of ours (70)."""
    from jailpf.cli import parser

    os.umask(0o022)
    gc.set_threshold(
        100_000, 50, 100
    )  # commands are short and make few cycles: by default it costs a tenth of their time
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - closed by whoever started us; for as long as we live
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    try:
        options = parser.parse(arguments)
        return _run(options)
    except JailpfError as wrong:
        _told(arguments, wrong.problems)
        return wrong.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return 130
    except RecursionError:
        _told(arguments, [Problem("jailpf: nested too deeply")])
        return 65
    except Exception:
        import traceback

        traceback.print_exc()
        _told(arguments, [Problem("jailpf: this is a bug of jailpf", None, "please report it with the lines above")])
        return JailpfError.status


def _told(arguments: list[str], problems: list[Problem]) -> None:
    """What is wrong, on standard error; with --json also on standard output, where a program reads."""
    from jailpf.cli import output
    from jailpf.cli.commands import COMMANDS

    output.problems(problems)
    if "--json" in arguments:
        names = {command.name for command in COMMANDS}
        command = next((word for word in arguments if word in names), "")
        # no map() here: once jailpf.cli.map is imported, that is its name in this package
        output.as_json(command, errors=[output.problem_json(problem) for problem in problems])


def _run(options: Namespace) -> int:
    from jailpf.cli.output import show_command
    from jailpf.cli.progress import progress
    from jailpf.lifecycle.session import Session

    session = Session(
        file=options.file,
        run=options.run,
        plans=options.plans,
        pf_name=options.pf,
        show=show_command if options.verbose else None,
        progress=progress,
    )
    if options.verbose:
        from jailpf.system import programs

        programs.trace = show_command
        from traceback import print_exception

        from jailpf.declare import foreign

        foreign.trace = print_exception
    from jailpf.state import lock

    jail = getattr(options, "jail", None) or " ".join(getattr(options, "jails", None) or ())
    lock.who = f"{options.command} {jail}".strip()[:200]
    command = getattr(import_module(f"jailpf.cli.{options.module}"), options.function)
    try:
        status = int(command(session, options) or 0)
        sys.stdout.flush()  # here, where a reader that went away is no error
        return status
    except JailpfError:
        raise
    except OSError as wrong:
        if isinstance(wrong, BrokenPipeError):
            raise
        if wrong.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) and not wrong.filename:
            wrong.filename = "standard output"  # files of ours are named
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where the rest goes at the end
        if wrong.errno in (errno.EACCES, errno.EPERM) and str(wrong.filename or "").startswith(session.directory.path):
            remedy = "run as root, or choose another with --run"
            raise PermissionDeniedError(f"{wrong.filename}: {wrong.strerror}", None, remedy) from None
        raise PfRefusedError(problems_of(wrong)) from None
