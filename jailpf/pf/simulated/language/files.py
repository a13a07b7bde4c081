"""Other files that a text names."""

from __future__ import annotations

import errno
import os

MOST = 16 << 20


def read(name: str) -> str:
    """What is in a file, byte for byte. Raises OSError, also for one that is too long: /dev/zero has no end."""
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read(MOST + 1)
    if len(text) > MOST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
    return text


def read_rules(name: str) -> str:
    """What is in a file of rules: of a directory pfctl reads nothing, and says nothing. Raises OSError."""
    return "" if os.path.isdir(name) else read(name)
