"""On a FreeBSD the tests are about the hosts that they make, never about the one that they run on (tests/freebsd is).

As a program it is jailpf in such a process: `python -I nowhere.py WORD ...`.
"""

from __future__ import annotations

import os
import platform
import sys

from jailpf.declare.settings import PROGRAMS

FOLDER = "/nowhere"
begun = False


def begin() -> None:
    """From now on, in this process and those that it forks: no programs of a base system, as on a laptop."""
    global begun
    begun = True
    here = os.uname()
    other = os.uname_result(("Linux", here.nodename, "6", here.version, here.machine))
    os.uname = lambda: other  # type: ignore[assignment]
    platform.system = lambda: "Linux"
    for name, path in PROGRAMS.items():
        PROGRAMS[name] = f"{FOLDER}{path}"


if __name__ == "__main__":
    from jailpf.__main__ import main

    begin()
    sys.exit(main())
