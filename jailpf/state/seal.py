"""Checksums of what jailpf keeps: whatever was edited, cut or emptied since it was written is noticed.

Against accidents and curious hands; nobody but root can write there.
"""

from zlib import crc32

from jailpf import __version__
from jailpf.state import rundir

RECORD, PLAN, CLAIMS = "record 3", "plan 3", "claims 2"
"""What they are, and the number of their form. A plan is also the version's that made it: another one may compile otherwise. What is
loaded stays loaded while jailpf is upgraded, and every version that knows the form takes it away.
"""


def head(kind: str) -> str:
    """How a sealed file of this version of jailpf begins."""
    return f"jailpf {__version__} {kind} "


def sealed(kind: str, body: bytes) -> bytes:
    """The body below a line that says what it is, and its checksum."""
    return f"{head(kind)}{crc32(body):08x}\n".encode() + body


def opened(kind: str, raw: bytes) -> bytes:
    """The body. Raises ValueError for anything that `sealed` did not make, and for a plan of another version."""
    first, _, body = raw.partition(b"\n")
    name, _, rest = first.partition(b" ")
    version, _, what = rest.partition(b" ")
    if name != b"jailpf" or what != f"{kind} {crc32(body):08x}".encode():
        raise ValueError(f"not a {kind} of jailpf, or changed after jailpf wrote it")
    if kind == PLAN and version != __version__.encode():
        raise ValueError("a plan of another version of jailpf")
    return body


def read(kind: str, path: str) -> bytes:
    """The body of a sealed file. Raises OSError, ValueError."""
    return opened(kind, rundir.read(path))


def line(words: str) -> str:
    """Words that stand in one line of a sealed file. Raises ValueError where they would be two."""
    if "\n" in words or "\r" in words:
        raise ValueError("a line end where none can be")
    return words + "\n"
