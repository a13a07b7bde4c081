"""What an importer hands over, and how it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, PermissionDeniedError, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


@dataclass(frozen=True, slots=True)
class Copy:
    """A table file to be written beside the declaration, and where it came from, "" where nothing was there."""

    source: str
    target: str
    content: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A pf.conf that jails' rules leave. file: its path; old, new: its text before, and after with the lines that call their anchors; theirs:
    whether rules of these jails stay in it; named: its statements with
    names of jails, with the addresses instead; again: the same import, but of no
    jail of the first names, and for those of the second with nothing let in but what comes in by the external interfaces."""

    file: str
    old: str
    new: str
    theirs: bool
    named: Mapping[str, str]
    again: Callable[[Collection[str], Collection[str]], list[Imported]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One jail's declaration.

    file: where it belongs; text: TOML; problems: what could not be expressed, line by line (kept in the text as
    comments); warnings: what was written differently; copies: table files; before: the rules it was made of, as one pf
    text; whole: the file that they came from, if they leave it; refused: why it must not be written; unread: whether some of the rules of before are not known.
    """

    jail: str
    file: str
    text: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    copies: tuple[Copy, ...] = ()
    before: str = ""
    whole: Whole | None = None
    refused: tuple[Problem, ...] = ()
    unread: bool = False

    def write(self) -> list[str]:
        """Write the table files and the declaration; a sentence for each.

        Raises ConfigError when one of them already exists with another content, PermissionDeniedError. Nothing is
        written then.
        """
        for path, content in self._files():
            if os.path.lexists(path) and (path == self.file or not _says(path, content)):
                remedy = (
                    "`jailpf import -n` prints what would be written" if path == self.file else "rename or remove it"
                )
                raise ConfigError("already exists", Place(path), remedy)
        made: list[str] = []
        try:
            os.makedirs(os.path.dirname(self.file), 0o755, exist_ok=True)
            for path, content in self._files():
                if not os.path.lexists(path):
                    made.append(_write(path, content))
        except OSError as wrong:
            for path in made:
                os.unlink(path)
            if isinstance(wrong, PermissionError):
                raise PermissionDeniedError(
                    f"cannot be written: {wrong.strerror}", Place(self.file), "run as root"
                ) from None
            raise ConfigError(f"cannot be written: {wrong.strerror}", Place(self.file)) from None
        sources = {copy.target: copy.source for copy in self.copies}
        copied = (f", a copy of {sources[path]}" if sources.get(path) else "" for path in made)
        return [f"wrote {path}{how}" for path, how in zip(made, copied, strict=True)]

    def _files(self) -> list[tuple[str, str]]:
        """The declaration last: it names the others."""
        return [*((copy.target, copy.content) for copy in self.copies), (self.file, self.text)]


def _says(path: str, content: str) -> bool:
    try:
        with open(path, "rb") as opened:
            return opened.read() == content.encode("utf-8", "surrogateescape")
    except OSError:
        return False


def _write(path: str, content: str) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as opened:
        os.fchmod(descriptor, 0o644)
        opened.write(content.encode("utf-8", "surrogateescape"))
    return path
