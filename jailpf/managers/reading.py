"""Files and folders of managers, as text and names."""

from __future__ import annotations

import os

from jailpf.errors import ConfigError, PermissionDeniedError, Place
from jailpf.system import files


def read_text(file: str) -> str:
    """The text of a file that must belong to root and be written by nobody else, UTF-8.

    Raises ConfigError, PermissionDeniedError.
    """
    return files.read(file, ConfigError).decode("utf-8", "surrogateescape")


def listed(folder: str) -> list[str]:
    """The names in a folder, sorted; [] if there is no folder. Raises PermissionDeniedError."""
    try:
        return sorted(os.listdir(folder))
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(folder), "run as root") from None
    except OSError:
        return []
