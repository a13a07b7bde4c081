"""Hook lines in files of a manager's own form: properties in a list, scripts in a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers.attach.diffs import unified
from jailpf.managers.attach.lines import called, programs, settings_files
from jailpf.managers.attach.planning import Change, Plan
from jailpf.managers.attach.replacing import backup_of
from jailpf.managers.hooks import FileHooks
from jailpf.system import files

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings
    from jailpf.model import Jail


class FilesPlan(Plan):
    """Keeps the new text of every file, so that jails which share one are planned one after the other."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.new: dict[str, str | None] = {}

    def attach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan the hook lines of a jail. Raises ConfigError for a text that they cannot be put into."""
        return self._plan(manager, hooks, jail, remove=False)

    def detach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan their removal: what stood there before stands there again."""
        return self._plan(manager, hooks, jail, remove=True)

    def contents(self) -> dict[str, bytes | None]:
        """The new content of each file."""
        return {file: None if text is None else _bytes(text) for file, text in self.new.items()}

    def _plan(self, manager: str, hooks: object, jail: Jail, remove: bool) -> Change:
        assert isinstance(hooks, FileHooks)  # noqa: S101
        change = Change(jail.name, manager, hooks.files[0].path)
        old_calls: list[str] = []
        new_calls: list[str] = []
        for one in hooks.files:
            file = one.path
            old = self._now(file)
            without = one.detached(old, _text(_backup(file)))
            change.attached |= without != old
            new = without if remove else one.attached(old)
            change.programs = tuple(dict.fromkeys((*change.programs, *programs(old or ""))))
            change.settings = tuple(dict.fromkeys((*change.settings, *settings_files(old or ""))))
            old_calls, new_calls = old_calls + called(old or ""), new_calls + called(new or "")
            if not remove and one.mode & 0o100 and os.path.isfile(file) and not os.access(file, os.X_OK):
                raise ConfigError("is not executable, so it is not run", Place(file), "chmod +x, or remove it")
            if new == old:
                continue
            if not remove and one.attached(new) != new:
                raise ConfigError(f"the adapter {manager!r} would change it again and again", Place(file))
            self.new[file], self.modes[file] = new, one.mode
            self.clearing |= {file} if one.folder else set()
            change.diff += unified(file, old or "", new or "")
        if change.changed and not remove and (not new_calls or old_calls != new_calls):
            gone = [one for one in new_calls if one not in old_calls]
            strange = [one for one in old_calls if one not in new_calls]
            change.wrong = (
                *(f"nothing calls `jailpf {one}`" for one in gone),
                *(f"something calls `jailpf {one}`" for one in strange),
            ) or ("its hooks are not those that attach writes",)
        return change

    def _now(self, file: str) -> str | None:
        if file not in self.new:
            there = os.path.lexists(file)
            self.originals[file] = raw = files.read(file, ConfigError) if there else None
            return _text(raw)
        return self.new[file]


def _backup(file: str) -> bytes | None:
    try:
        with open(backup_of(file), "rb") as opened:
            return opened.read()
    except OSError:
        return None


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
