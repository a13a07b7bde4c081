"""How jailpf is called by what lasts longer than the Python that runs it now: hook lines, scripts of managers, `watch`."""

from __future__ import annotations

import os
import sys

import jailpf

LAUNCHER = "jailpf-hook"


def command() -> list[str]:
    """The words that run jailpf: the launcher, which takes the Python of the day; where it is not installed, this one."""
    file = os.path.abspath(jailpf.__file__)
    prefix = file.partition("/lib/python")[0] if "/lib/python" in file else ""
    for folder in (f"{prefix}/bin", os.path.dirname(sys.executable)) if prefix else (os.path.dirname(sys.executable),):
        for name in (LAUNCHER, "jailpf"):
            if os.access(found := os.path.join(folder, name), os.X_OK):
                return [found]
    # By its file and without site-packages: nothing of the environment counts. What needs more asks for it (__main__.py).
    return [sys.executable, "-IS", os.path.join(os.path.dirname(file), "__main__.py")]
