"""As much of the package `sh` as jailpf.programs uses, for a FreeBSD with nothing but Python and pytest on it.

The tests put this folder on the path only where `sh` is not installed.
"""

from __future__ import annotations

import os
import subprocess
from typing import IO, Any, NamedTuple


class CommandNotFound(AttributeError):  # noqa: N818 - the names are those of `sh`
    """There is no such program."""


class ForkException(Exception):  # noqa: N818
    """It could not be run."""


class TimeoutException(Exception):  # noqa: N818
    """It took too long."""


class ErrorReturnCode(Exception):  # noqa: N818
    """Never raised here: jailpf takes every exit status."""

    exit_code = 1
    stdout = stderr = b""


class Done(NamedTuple):
    """A program that has ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Command:
    """A program by its absolute path."""

    def __init__(self, program: str) -> None:
        if not os.access(program, os.X_OK):
            raise CommandNotFound(program)
        self.program = program

    def __call__(
        self, *args: str, _in: IO[bytes], _env: dict[str, str], _cwd: str, _timeout: float, **options: Any
    ) -> Done:
        """Run it to its end."""
        try:
            done = subprocess.run(
                [self.program, *args],
                stdin=_in,
                capture_output=True,
                env=_env,
                cwd=_cwd,
                timeout=_timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutException from None
        except OSError as wrong:
            raise ForkException(str(wrong)) from None
        return Done(done.returncode, done.stdout, done.stderr)
