"""Hook lines of a jail that has a jail.conf to itself: one `.include` below its block, of a file that jailpf keeps.

Managers edit such files with sed(1) and awk(1): a line that names no hook survives what replaces or removes hooks, and an
include that ends up inside the block adds to that block all the same. Where jail(8) knows no `.include` (13), the lines
stay in the block.
"""

from __future__ import annotations

import functools
import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers import parameters
from jailpf.managers.attach import jailconf_check as check
from jailpf.managers.attach.diffs import unified
from jailpf.managers.attach.jailconf_edit import applied
from jailpf.managers.attach.jailconf_include import with_include
from jailpf.managers.attach.lines import lines_of
from jailpf.managers.attach.planning import Change, Plan
from jailpf.managers.attach.replacing import replace
from jailpf.managers.hooks import JailConfHooks
from jailpf.managers.jailconf_text import OutlineError, outline
from jailpf.system import files

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings
    from jailpf.errors import JailpfError
    from jailpf.managers.attach.lines import Hooks
    from jailpf.model import Jail

HEAD = "# The hooks of every jail whose jail.conf includes this file. `jailpf attach` keeps it; without it no such jail starts.\n"


class IncludePlan(Plan):
    """new: the texts to be, of jails' files and of the included ones."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.new: dict[str, str] = {}
        self.planned: list[tuple[str, Jail, Hooks, Change, check.Jails]] = []

    def attach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan the include of a jail. Raises ConfigError, PermissionDeniedError."""
        return self._plan(manager, hooks, jail, lines_of(self.settings, "$name", jail.settled))

    def detach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan its removal. The included file stays: another jail may need it."""
        return self._plan(manager, hooks, jail, ())

    def verify(self) -> None:
        """Raise ConfigError when jail(8) would read anything but our hooks differently."""
        for top, jail, wanted, change, before in self.planned:
            if not change.changed:
                continue
            after = check.read_changed(self.settings, top, self.new)
            check.must_agree(before, after, top, self.loads)
            known = after[jail.running_name]
            if wanted and not check.effective(known, jail.running_name, wanted):
                raise ConfigError(f"the hooks of {jail.name} would not run", Place(top), "the file stays as it is")
            if not wanted and check.attached(known):
                change.notes.append(f"{jail.name} runs hook lines of jailpf from another file")

    def contents(self) -> dict[str, bytes | None]:
        """The new content of each file, the included ones first: a jail.conf must never name one that is not there."""
        order = sorted(self.new, key=lambda file: file not in files_of(self.settings))
        return {file: self.new[file].encode("utf-8", "surrogateescape") for file in order}

    def traceless(self, backup: bytes, content: bytes | None) -> bool:
        """Whether a backup differs from the content by what is ours alone."""
        ours = files_of(self.settings)
        text = with_include(backup.decode("utf-8", "surrogateescape"), "", ours)
        return content is not None and text == content.decode("utf-8", "surrogateescape")

    def _plan(self, manager: str, hooks: object, jail: Jail, wanted: Hooks) -> Change:
        assert isinstance(hooks, JailConfHooks)  # noqa: S101
        self.loads = hooks.loads or self.loads
        top, name = hooks.file, jail.running_name
        change = Change(jail.name, manager, top)
        included = files_of(self.settings)
        path = included[0 if jail.settled else 1] if wanted else ""
        if path:
            change.diff = self._hold(path, text_of(self.settings, jail.settled))
        old = self._old(top)
        theirs = self._without_theirs(change, old, name, bool(wanted))
        change.diff = self._hold(top, with_include(theirs, path, included, Place(top))) + change.diff
        before = parameters.read(self.settings, top)
        if name not in before:
            raise ConfigError(f"there is no block for {name}", Place(top))
        change.attached = check.attached(before[name]) or with_include(old, "", included) != old
        change.wrong = check.wrong(before[name], name, wanted)
        change.programs = check.programs(before[name])
        change.settings = check.settings_files(before[name])
        self.planned.append((top, jail, wanted, change, before))
        return change

    def _without_theirs(self, change: Change, text: str, name: str, attach: bool) -> str:
        """The text without the lines of what jailpf replaces, or with them again."""
        try:
            blocks = dict(outline(text).walk())
        except OutlineError:
            return text
        above = check.set_outside(change.file) if attach else None
        block = blocks.get(name)
        return applied(text, self.theirs(change, text, block, name, above)) if block else text

    def _old(self, file: str) -> str:
        if file not in self.originals:
            self.originals[file] = files.read(file, ConfigError) if os.path.lexists(file) else None
        return (self.originals[file] or b"").decode("utf-8", "surrogateescape")

    def _hold(self, file: str, text: str) -> str:
        """Keep a text for a file; the diff, "" when it says that already."""
        old = self._old(file)
        if text == old:
            return ""
        self.new[file] = text
        return unified(file, old, text)


def files_of(settings: Settings) -> tuple[str, str]:
    """The included files: of jails whose addresses are known before they run, and of the others."""
    folder = os.path.dirname(settings.file)
    return f"{folder}/hooks.conf", f"{folder}/hooks-vnet.conf"


def text_of(settings: Settings, settled: bool) -> str:
    """What stands in the included file."""
    return HEAD + "".join(f'exec.{hook} += "{command}";\n' for hook, command in lines_of(settings, "$name", settled))


def restore(settings: Settings, wrong: JailpfError) -> bool:
    """Write an included file that jail(8) misses, so that the jails which include it are known again; whether it was that."""
    missed = False
    for file, settled in zip(files_of(settings), (True, False), strict=True):
        if file in str(wrong) and not os.path.lexists(file):
            replace(file, None, text_of(settings, settled).encode())
            missed = True
    return missed


def knows_include(settings: Settings) -> bool:
    """Whether jail(8) of this host knows `.include`. It is asked once; on a laptop our own parser does."""
    if parameters.without_jail(settings):
        return True
    return _knows_include(settings.programs["jail"])


@functools.cache
def _knows_include(program: str) -> bool:
    from jailpf.system import programs

    with TemporaryDirectory(prefix="jailpf-") as folder:
        for name, text in (("empty.conf", ""), ("jail.conf", f'x {{ }}\n.include "{folder}/empty.conf";\n')):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as opened:
                opened.write(text)
        return not programs.ask(program, "-f", f"{folder}/jail.conf", "-e", parameters.SEPARATOR).status
