"""jail.conf as jail(8) reads it: its whole language (jail.conf(5)), and what `jail -f FILE -e SEPARATOR` prints of it.

Where jail(8) exists it stays the judge; this is for a laptop with `pf = "simulated"`, and the stand-in of the tests. Held by what
the parser of FreeBSD 15.1 says of 249 files.
"""

from __future__ import annotations

from jailpf.managers.jailparse.parser import JailConfError, parse
from jailpf.managers.jailparse.resolve import resolve
from jailpf.managers.jailparse.show import show

__all__ = ["JailConfError", "parse", "read", "resolve", "show"]

Parameters = dict[str, tuple[str, ...]]


def read(file: str) -> tuple[list[Parameters], list[str]]:
    """The jails of a file, each {parameter: values} with variables, globals and wildcards applied; and jail(8)'s warnings.

    Raises JailConfError with the lines that jail(8) writes on standard error.
    """
    blocks = parse(file)
    warnings: list[str] = []
    return resolve(blocks, warnings), warnings
