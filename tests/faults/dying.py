"""A verb in a process of its own that dies, or is denied something, at the Nth call that changes anything."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from jailpf.errors import JailpfError
from jailpf.pf.pfctl import Pfctl
from jailpf.pf.simulated import Simulated
from jailpf.state import writes
from jailpf.system import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_REACHED = 100
CHANGES = ("load", "load_children", "unload", "kill")


def attempt(verb: Callable[[], object], number: int, fault: str) -> int:
    """Run `verb` in a child. fault: "kill" before or "kill-after" the call; an errno for each write from then on.

    Returns minus the signal, 1 when the verb raised one of our errors, NOT_REACHED when it made fewer calls.
    """
    pid = os.fork()
    if not pid:
        status = 99
        try:
            status = _run(verb, number, fault)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _run(verb: Callable[[], object], number: int, fault: str) -> int:
    done = 0

    def counted(owner: Any, name: str) -> None:
        whole = getattr(owner, name)

        def call(*words: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == number and fault == "kill":
                os.kill(os.getpid(), 9)
            if done >= number and fault.startswith("E") and not (fault == "ENOSPC" and name in ("remove", "commit")):
                raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)), words[0])
            answer = whole(*words, **named)
            if done == number and fault == "kill-after":
                os.kill(os.getpid(), 9)
            return answer

        setattr(owner, name, call)

    for each in ("folder", "replace", "commit", "remove"):
        counted(writes, each)
    if not fault.startswith("E"):
        counted(spawn, "run")
        for driver in (Simulated, Pfctl):
            for each in CHANGES:
                counted(driver, each)
    status = 0
    try:
        verb()
    except (JailpfError, OSError):
        status = 1
    return NOT_REACHED if done < number else status
