"""Which FreeBSD this is."""

from __future__ import annotations

import os
import re


def release() -> int:
    """The major release of this FreeBSD; 15 anywhere else."""
    found = re.match(r"\d+", os.uname().release)
    return int(found[0]) if found and os.uname().sysname == "FreeBSD" else 15
