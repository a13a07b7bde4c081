"""As much of the package `sh` as jailpf.system.programs uses, for a FreeBSD with nothing but Python and pytest on it.

The tests put this folder on the path only where `sh` is not installed.
"""

from __future__ import annotations

import os
import subprocess
from typing import IO, Any


class CommandNotFound(AttributeError):  # noqa: N818 - the names are those of `sh`
    """There is no such program."""


class ForkException(Exception):  # noqa: N818
    """It could not be run."""


class ErrorReturnCode(Exception):  # noqa: N818
    """Never raised here: jailpf takes every exit status."""

    exit_code = 1
    stdout = stderr = b""


class Running:
    """A program that was started."""

    def __init__(self, process: subprocess.Popen[bytes], out: Any, err: Any) -> None:
        self.process, self.out, self.err = process, out, err
        self.exit_code = 0

    def wait(self) -> None:
        """Until it has ended."""
        for sink, said in zip((self.out, self.err), self.process.communicate(), strict=True):
            sink.write(said)
        self.exit_code = self.process.returncode

    def kill(self) -> None:
        """Now."""
        self.process.kill()


class Command:
    """A program by its absolute path."""

    def __init__(self, program: str) -> None:
        if not os.access(program, os.X_OK):
            raise CommandNotFound(program)
        self.program = program

    def __call__(self, *args: str, _in: IO[bytes], _env: dict[str, str], _cwd: str, **options: Any) -> Running:
        """Start it."""
        try:
            process = subprocess.Popen(
                [self.program, *args],
                stdin=_in,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_env,
                cwd=_cwd,
            )
        except OSError as wrong:
            raise ForkException(str(wrong)) from None
        return Running(process, options["_out"], options["_err"])
