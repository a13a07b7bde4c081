"""Files as newsyslog(8) compresses them, with what was in them."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from jailpf.errors import ConfigError, Place
from jailpf.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = 6  # bytes, by which each form is known
ZSTD = b"\x28\xb5\x2f\xfd"


@contextmanager
def unpacked(file: str, zstd: str) -> Iterator[str]:
    """The path of a plain file: this one, or a copy of what is in it (.gz, .bz2, .xz, .zst) that goes at the end.

    zstd: the program. Raises OSError, ConfigError for what is damaged.
    """
    with open(file, "rb") as opened:
        start = opened.read(BEGIN)
    module = _module(start)
    if module is None and not start.startswith(ZSTD):
        yield file
        return
    with tempfile.NamedTemporaryFile(prefix="jailpf-") as copy:
        if module is None:
            programs.save(copy, zstd, "-dcq", "--", file)
        else:
            _copy(module, file, copy)
        copy.flush()
        yield copy.name


def _module(start: bytes) -> Any:
    if start.startswith(b"\x1f\x8b"):
        import gzip

        return gzip
    if start.startswith(b"BZh"):
        import bz2

        return bz2
    if start.startswith(b"\xfd7zXZ\x00"):
        import lzma

        return lzma
    return None


def _copy(module: Any, file: str, copy: IO[bytes]) -> None:
    import zlib
    from lzma import LZMAError

    with module.open(file, "rb") as packed:
        try:
            shutil.copyfileobj(packed, copy)
        except (OSError, EOFError, LZMAError, zlib.error) as wrong:
            if isinstance(wrong, OSError) and wrong.errno:
                raise
            raise ConfigError(f"it is damaged: {wrong}", Place(file)) from None
