"""Running the base system's programs: absolute paths, a time limit on each, and errors that say everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")

TOOLS = {
    "pfctl": "/sbin/pfctl",
    "jail": "/usr/sbin/jail",
    "jls": "/usr/sbin/jls",
    "jexec": "/usr/sbin/jexec",
    "ifconfig": "/sbin/ifconfig",
    "sysctl": "/sbin/sysctl",
    "kldstat": "/sbin/kldstat",
    "kldload": "/sbin/kldload",
    "kldunload": "/sbin/kldunload",
    "route": "/sbin/route",
    "netstat": "/usr/bin/netstat",
    "ndp": "/usr/sbin/ndp",
    "python": sys.executable,
}
ENVIRONMENT = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "HOME": "/root",
    "LC_ALL": "C",
}
SECONDS = 60.0


class ToolError(AssertionError):
    """A program failed, or did not end."""


class Said(NamedTuple):
    """What a program said."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both streams."""
        return self.out + self.err


def run(tool: str, *args: str, text: str = "", seconds: float = SECONDS, must: bool = True) -> Said:
    """Run one of TOOLS, or a program by its path. `must`: raise ToolError unless it ends with 0."""
    argv = [TOOLS.get(tool, tool), *args]
    return finish(start(argv), argv, text, seconds, must)


def start(argv: list[str]) -> subprocess.Popen[str]:
    """Begin a program in a process group of its own, to be `finish`ed."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, errors="replace", env=ENVIRONMENT, cwd="/",
        start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str], argv: list[str], text: str, seconds: float, must: bool) -> Said:
    """Wait for it; what still runs after `seconds` is killed with all that it started."""
    try:
        out, err = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        end(process)
        raise ToolError(f"{' '.join(argv)}: did not end within {seconds:g} s") from None
    except BaseException:
        end(process)
        raise
    said = Said(process.returncode, out, err)
    if must and said.status:
        given = f"\n--- standard input\n{text}" if text else ""
        raise ToolError(f"{' '.join(argv)}: exit {said.status}\n--- stdout\n{out}\n--- stderr\n{err}{given}")
    return said


def end(process: subprocess.Popen[str]) -> None:
    """Kill a program with its process group, and close its pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait(10)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            try:
                pipe.close()
            except OSError:
                continue


def until(what: str, ready: Callable[[], Found], seconds: float = 15.0) -> Found:
    """Ask `ready` again and again until it answers something true. Raises ToolError at the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while True:
        if found := ready():
            return found
        if time.monotonic() > deadline:
            raise ToolError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def sysctl(name: str) -> str:
    """The value of a sysctl, "" when this kernel has none of that name."""
    said = run("sysctl", "-n", name, must=False)
    return said.out.strip() if not said.status else ""


def release() -> int:
    """The major release: 13, 14, 15, ..."""
    word = sysctl("kern.osrelease").partition(".")[0]
    return int(word) if word.isdigit() else 0
