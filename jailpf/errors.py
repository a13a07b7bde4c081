"""All errors of jailpf: one tree, each class with its sysexits(3) status.

JailpfError                70  EX_SOFTWARE
|-- UsageError             64  EX_USAGE        the command line
|-- DeclarationError       65  EX_DATAERR      a jail's file
|   `-- ConflictError      65                  two claims on one port
|-- NoJailError            66  EX_NOINPUT      no such jail
|-- PfUnavailableError     69  EX_UNAVAILABLE  /dev/pf, pf.ko, a program
|   `-- PfInterruptedError 69                  pfctl was killed: what it did is not known
|       `-- PfSilentError  69                  pfctl hung, and is not asked again
|-- PfRefusedError         71  EX_OSERR        pf said no
|-- TryAgainError          75  EX_TEMPFAIL     the lock, "Device busy"
|-- PermissionDeniedError  77  EX_NOPERM       not root, ownership of files
|-- ConfigError            78  EX_CONFIG       jailpf.toml, jail managers
|   `-- PluginError        78                  a plugin that fails to load
`-- VetoError              65                  jailpf_prestart said no
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Place(NamedTuple):
    """A place in a file: line and column count from 1 (0: unknown)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


MOST_LETTERS, MOST_LINES = 1000, 200


def shortened(text: str) -> str:
    """A sentence of at most 1000 letters: what somebody's file holds stands in it, and may be of any length."""
    left = len(text) - MOST_LETTERS
    return text if left <= 0 else f"{text[: MOST_LETTERS // 2]}... ({left} more) ...{text[-MOST_LETTERS // 2 :]}"


class Problem(NamedTuple):
    """What is wrong, where, and what to do about it."""

    message: str
    place: Place | None = None
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        end = " " if self.message.endswith("?") else "; "
        return where + shortened(self.message) + (f"{end}{shortened(self.remedy)}" if self.remedy else "")


class JailpfError(Exception):
    """The base class of all errors. `problems` has one entry for each problem."""

    status = 70

    def __init__(self, message: str | Problem | list[Problem], place: Place | None = None, remedy: str = "") -> None:
        if isinstance(message, str):
            message = Problem(message, place, remedy)
        self.problems = [message] if isinstance(message, Problem) else list(message)
        super().__init__("\n".join(map(str, first_of(self.problems))))


def first_of(problems: Iterable[Problem]) -> list[Problem]:
    """At most 200 of them, and how many more there are."""
    found = list(problems)
    left = len(found) - MOST_LINES
    return found if left <= 0 else [*found[:MOST_LINES], Problem(f"and {left} more problems like these")]


def problems_of(wrong: JailpfError | OSError) -> list[Problem]:
    """What to tell the user about an error, ours or the system's."""
    if isinstance(wrong, JailpfError):
        return wrong.problems
    what = wrong.strerror or str(wrong)
    return [Problem(f"{wrong.filename}: {what}" if wrong.filename else what, None, _MENDS.get(wrong.errno or 0, ""))]


_MENDS = {
    errno.ENOSPC: "make room on that file system: df(1) -h, and -i for files",
    errno.EDQUOT: "make room, or raise the quota",
    errno.EROFS: "that file system is read-only: mount(8)",
    errno.EACCES: "run as root",
    errno.EPERM: "run as root",
    errno.ENOTDIR: "this must be a folder, not a file: choose another with --run",
    errno.EMFILE: "limit -n is too low",
}


class UsageError(JailpfError):
    """The command line is wrong."""

    status = 64


class DeclarationError(JailpfError):
    """A jail's file or a table file is wrong."""

    status = 65


class ConflictError(DeclarationError):
    """Two declarations claim the same interface, address, protocol and port."""


class VetoError(DeclarationError):
    """Raised by a plugin's `jailpf_prestart` to refuse the start: VetoError("SENTENCE", remedy="WHAT TO DO")."""


class NoJailError(JailpfError):
    """There is no such jail, or nothing is declared for it."""

    status = 66


class PfUnavailableError(JailpfError):
    """pf or a program that jailpf needs is not available."""

    status = 69


class PfInterruptedError(PfUnavailableError):
    """pfctl was killed or took too long: whether pf did what it was told is not known."""


class PfSilentError(PfInterruptedError):
    """pfctl took too long: the next one would as well."""


class PfRefusedError(JailpfError):
    """pf refused rules or a command."""

    status = 71


class TryAgainError(JailpfError):
    """Another process holds the lock or the anchor; the command may work a moment later."""

    status = 75


class PermissionDeniedError(JailpfError):
    """Not root, or a file that somebody else could have written."""

    status = 77


class ConfigError(JailpfError):
    """jailpf.toml, a jail manager, or a file of one is wrong."""

    status = 78


class PluginError(ConfigError):
    """A plugin cannot be loaded or does not keep to the API."""
