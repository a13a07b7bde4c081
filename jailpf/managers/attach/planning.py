"""What is going to change: planned for all jails first, then checked, then written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jailpf.errors import Place
from jailpf.managers.attach.replaced import put_back, taken_out
from jailpf.managers.jailconf_text import line_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jailpf.declare.settings import Settings
    from jailpf.managers.attach.jailconf_edit import Edit
    from jailpf.managers.hooks import FileHooks, JailConfHooks
    from jailpf.managers.jailconf_text import Block
    from jailpf.model import Jail


@dataclass
class Change:
    """One jail's change: its file, a unified diff ("" for none), and sentences about it.

    wrong: what is wrong with its hooks now, () when they call jailpf as they should, in any form; attached: whether any line of ours is there now;
    programs: the files that those run; settings: the jailpf.toml that they read;
    weak: as of the manager's hooks; taken: the lines of what jailpf replaces that are taken out, or put back.
    """

    jail: str
    manager: str
    file: str
    diff: str = ""
    wrong: tuple[str, ...] = ()
    attached: bool = False
    programs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    weak: str = ""
    taken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the file changes."""
        return bool(self.diff)


class Plan:
    """The changes of all files of one form. originals: what they said when they were read, None: not there; modes: of
    those that are made; clearing: those whose folder goes with them, once it is empty."""

    keep = False
    """Whether the lines of what jailpf replaces stay."""
    loads = ""
    """What those are like, as the hooks of the managers say."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.originals: dict[str, bytes | None] = {}
        self.modes: dict[str, int] = {}
        self.clearing: set[str] = set()

    def theirs(
        self, change: Change, text: str, block: Block, jail: str, above: Mapping[str, Collection[str]] | None
    ) -> list[Edit]:
        """What happens to the lines of what jailpf replaces in a block of `change.file`, which is told.

        above: the hooks that are set for every jail; None: they are put back.
        """
        if above is None:
            back = list(put_back(text, block))
            places = [Place(change.file, line_of(text, one.start)) for one in back]
            change.taken += [f"{place}: {one.new} is restored" for place, one in zip(places, back, strict=True)]
            return back
        found = taken_out(text, block, jail, above, self.loads)
        for line, written in found.left:
            place = Place(change.file, line)
            change.notes.append(f"{place}: {written} does more than load rules; remove that part by hand")
        for line, written in found.needed:
            place = Place(change.file, line)
            change.notes.append(f"{place}: {written} stays because its load stays; remove both by hand")
        declared = os.path.lexists(self.settings.jail_file(change.jail))
        stays = "stays" if self.keep else "" if declared else f"stays as long as nothing is declared for {change.jail}"
        told = [f"{Place(change.file, line)}: {written}" for line, written in found.lines]
        if stays:
            change.notes += [f"{one} {stays}" for one in told]
            return []
        change.taken += [f"{one} is commented out; detach restores it" for one in told]
        return found.edits

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
