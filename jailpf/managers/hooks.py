"""Where a manager's hook lines are written: the two forms that `attach` knows how to plan, show, write and verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class JailConfHooks:
    """Hook lines in a jail.conf(5), in the block of the jail or next to it. file: what jail(8) is given; alone: that
    file is this jail's only, so that one line below the block may stand for all; weak: as of FileHooks; loads: what hook
    commands of another tool that loads pf rules are like, a regular expression in which `name` may be the jail's: `attach` takes those out."""

    file: str
    alone: bool = False
    weak: str = ""
    loads: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFile:
    """One file that holds hook lines: a list of properties, or a script of its own.

    attached: its text with the hook lines, from its text (None: there is no file); detached: its text without them,
    from its text and the one before `attach` where that was kept. None as a text: no file. Both give back what they
    are given when nothing is to change. mode: of a new file; folder: whether its folder goes with it when it is empty.
    """

    path: str
    attached: Callable[[str | None], str | None]
    detached: Callable[[str | None, str | None], str | None]
    mode: int = 0o644
    folder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHooks:
    """Hook lines in files of the manager's own format. weak: a sentence about what its hooks cannot do."""

    files: tuple[HookFile, ...]
    weak: str = ""
