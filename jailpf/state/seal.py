"""Checksums of what jailpf keeps: whatever was edited, cut or emptied since it was written is noticed.

Against accidents and curious hands; nobody but root can write there.
"""

from zlib import crc32

from jailpf import __version__
from jailpf.state import rundir

RECORD, PLAN, CLAIMS = "record 3", "plan 3", "claims 2"


def head(kind: str) -> str:
    """How a sealed file of this version of jailpf begins."""
    return f"jailpf {__version__} {kind} "


def sealed(kind: str, body: bytes) -> bytes:
    """The body below a line that says what it is, and its checksum."""
    return f"{head(kind)}{crc32(body):08x}\n".encode() + body


def opened(kind: str, raw: bytes) -> bytes:
    """The body. Raises ValueError for anything that `sealed` of this version did not make."""
    first, _, body = raw.partition(b"\n")
    if first != f"{head(kind)}{crc32(body):08x}".encode():
        raise ValueError(f"not a {kind} of this version of jailpf, or changed after jailpf wrote it")
    return body


def read(kind: str, path: str) -> bytes:
    """The body of a sealed file. Raises OSError, ValueError."""
    return opened(kind, rundir.read(path))


def line(words: str) -> str:
    """Words that stand in one line of a sealed file. Raises ValueError where they would be two."""
    if "\n" in words or "\r" in words:
        raise ValueError("a line end where none can be")
    return words + "\n"
