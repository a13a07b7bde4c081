"""Reading what a jail may have written: plain files only, no links, bounded."""

from __future__ import annotations

import os
import stat

from jailpf.errors import ConfigError, PermissionDeniedError, Place

MAX_BYTES = 4 << 20


def text_of(file: str, errors: str = "replace") -> str:
    """The text of a file; FileNotFoundError when it is missing. Raises ConfigError for anything but a plain file.

    errors: what becomes of bytes that are not UTF-8, as of bytes.decode.
    The folder may belong to the jail: a link in it could lead to any file of the host.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except PermissionError as wrong:
        raise PermissionDeniedError(f"cannot be read: {wrong.strerror}", Place(file), "run as root") from None
    except OSError:
        raise ConfigError("is not a plain file", Place(file), "links are not followed") from None
    with open(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError("is not a plain file", Place(file))
        raw = opened.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"is larger than {MAX_BYTES >> 20} MiB", Place(file))
    return raw.decode("utf-8", errors)
