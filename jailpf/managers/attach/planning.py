"""What is going to change: planned for all jails first, then checked, then written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings
    from jailpf.managers.hooks import FileHooks, JailConfHooks
    from jailpf.model import Jail


@dataclass
class Change:
    """One jail's change: its file, a unified diff ("" for none), and sentences about it.

    wrong: what is wrong with its hooks now, () when they call jailpf as they should, in any form; attached: whether any line of ours is there now;
    weak: as of the manager's hooks.
    """

    jail: str
    manager: str
    file: str
    diff: str = ""
    wrong: tuple[str, ...] = ()
    attached: bool = False
    weak: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the file changes."""
        return bool(self.diff)


class Plan:
    """The changes of all files of one form. originals: what they said when they were read, None: not there; modes: of
    those that are made; clearing: those whose folder goes with them, once it is empty."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.originals: dict[str, bytes | None] = {}
        self.modes: dict[str, int] = {}
        self.clearing: set[str] = set()

    def attach(self, manager: str, hooks: JailConfHooks | FileHooks, jail: Jail) -> Change:
        """Plan the hook lines of a jail."""
        raise NotImplementedError  # pragma: no cover

    def detach(self, manager: str, hooks: JailConfHooks | FileHooks, jail: Jail) -> Change:
        """Plan their removal."""
        raise NotImplementedError  # pragma: no cover

    def verify(self) -> None:
        """Raise ConfigError when the change would do anything else."""

    def traceless(self, backup: bytes, content: bytes | None) -> bool:
        """Whether a backup tells nothing that the content does not."""
        return backup == content

    def contents(self) -> dict[str, bytes | None]:
        """The new content of each file, None for one that goes."""
        raise NotImplementedError  # pragma: no cover
