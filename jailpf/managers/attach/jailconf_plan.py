"""Hook lines in files of jail.conf(5)'s form: one reading of jail(8) before, one after, one replacement for each file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jailpf.errors import ConfigError, Place
from jailpf.managers import parameters
from jailpf.managers.attach import jailconf_check as check
from jailpf.managers.attach.diffs import of_edits
from jailpf.managers.attach.jailconf_edit import applied, blocks_of, calls_in, edits, stripped
from jailpf.managers.attach.lines import lines_of
from jailpf.managers.attach.planning import Change, Plan
from jailpf.managers.hooks import JailConfHooks
from jailpf.managers.jailconf_text import OutlineError, outline
from jailpf.managers.sources import sources, text_of
from jailpf.system import files

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings
    from jailpf.managers.attach.jailconf_edit import Edit
    from jailpf.managers.attach.lines import Hooks
    from jailpf.managers.jailconf_text import Block
    from jailpf.managers.parameters import Parameters
    from jailpf.model import Jail

OUTSIDE = "{name} runs hook lines of jailpf from outside its own block"


class JailConfPlan(Plan):
    """Gathers the edits of all jails, then has jail(8) judge every file that it reads (`tops`)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.before: dict[str, dict[str, Parameters]] = {}
        self.tops: dict[str, list[tuple[Jail, Hooks, Change]]] = {}
        self.texts: dict[str, str] = {}
        self.edits: dict[str, list[Edit]] = {}
        self._places: dict[str, dict[str, str]] = {}
        self._blocks: dict[str, dict[str, Block]] = {}

    def attach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan the hook lines of a jail. Raises ConfigError, PermissionDeniedError."""
        return self._plan(manager, hooks, jail, lines_of(self.settings, "$name", jail.settled))

    def detach(self, manager: str, hooks: object, jail: Jail) -> Change:
        """Plan their removal. Raises ConfigError, PermissionDeniedError."""
        return self._plan(manager, hooks, jail, ())

    def verify(self) -> None:
        """Raise ConfigError when jail(8) would read anything but our hooks differently."""
        new = self._new_texts()
        for top, planned in self.tops.items():
            changed = {change.file: new[change.file] for _, _, change in planned if change.changed}
            if not changed:
                continue
            after = check.read_changed(self.settings, top, changed)
            check.must_agree(self.before[top], after, next(iter(changed)), self.loads)
            for jail, wanted, change in planned:
                known = after[jail.running_name]
                if wanted and check.wrong(known, jail.running_name, wanted):
                    raise _ineffective(top, jail, wanted, known, change.file)
                if not wanted and check.attached(known) and not change.notes:
                    change.notes.append(OUTSIDE.format(name=jail.name))

    def contents(self) -> dict[str, bytes | None]:
        """The new content of each file."""
        return {file: text.encode("utf-8", "surrogateescape") for file, text in self._new_texts().items()}

    def _plan(self, manager: str, hooks: object, jail: Jail, wanted: Hooks) -> Change:
        assert isinstance(hooks, JailConfHooks)  # noqa: S101
        self.loads = hooks.loads or self.loads
        top, name = hooks.file, jail.running_name
        if top not in self.before:
            self.before[top] = parameters.read(self.settings, top)
            self._places[top] = _places(top)
        known = self.before[top][name]
        file = self._places[top].get(name, "")
        if not file:
            remedy = "write the hook lines by hand, as `jailpf attach -n` shows them for another jail"
            raise ConfigError(f"there is no block for {name}", Place(top), remedy)
        change = Change(jail.name, manager, file)
        change.attached = check.attached(known)
        change.wrong = check.wrong(known, name, wanted)
        change.programs = check.programs(known)
        change.settings = check.settings_files(known)
        block = self._block(file, name)
        inside = calls_in(block)
        outside = check.calls(known)
        for one in inside:
            outside = (
                [*outside[: outside.index(one)], *outside[outside.index(one) + 1 :]] if one in outside else outside
            )
        theirs = self.theirs(change, self._text(file), block, name, above=check.set_outside(top) if wanted else None)
        done = check.effective(known, name, wanted) if wanted else not change.attached
        if wanted and not inside and not change.wrong:
            done = True
            change.notes.append(OUTSIDE.format(name=name))
        if not done:
            # What lines of the whole file call already stands in no block as well.
            need = tuple(one for one in wanted if (one[0], one[1].split()[-2]) not in outside)
            theirs = [*edits(self._text(file), block, need), *theirs]
        if theirs:
            self.edits.setdefault(file, []).extend(theirs)
            change.diff = of_edits(file, self.texts[file], theirs)
        if not done and not change.diff:
            change.notes.append(OUTSIDE.format(name=name))
        self.tops.setdefault(top, []).append((jail, wanted, change))
        return change

    def _text(self, file: str) -> str:
        if file not in self.texts:
            self.originals[file] = raw = files.read(file, ConfigError)
            self.texts[file] = raw.decode("utf-8", "surrogateescape")
        return self.texts[file]

    def _block(self, file: str, name: str) -> Block:
        if file not in self._blocks:
            self._blocks[file] = blocks_of(self._text(file), file)
        return self._blocks[file][name]

    def _new_texts(self) -> dict[str, str]:
        return {file: applied(self.texts[file], found) for file, found in self.edits.items()}

    def traceless(self, backup: bytes, content: bytes | None) -> bool:
        """Whether a backup differs from the content by hook lines of ours alone."""
        text = backup.decode("utf-8", "surrogateescape")
        return content is not None and stripped(text) == content.decode("utf-8", "surrogateescape")


def _places(top: str) -> dict[str, str]:
    """{jail: the file that holds its block}."""
    found: dict[str, str] = {}
    for file in sources(top):
        if not os.path.isfile(file):
            continue
        try:
            blocks = [name for name, _ in outline(text_of(file)).walk()]
        except OutlineError:
            continue
        for name in blocks:
            found.setdefault(name, file)
    return found


def _ineffective(top: str, jail: Jail, wanted: Hooks, known: Parameters, file: str) -> ConfigError:
    for hook, command in wanted:
        if (hook, command.split()[-2]) not in check.calls(known):
            where = check.who_replaces(top, hook)
            message = f"exec.{hook} of {jail.name} is replaced by `=` after its block" + (
                f", at {where}" if where else ""
            )
            return ConfigError(message, Place(file), "write `+=` there, or move that line above the jails")
    return ConfigError(
        f"{jail.name} would run hook lines of jailpf twice", Place(file), "remove those outside its own block"
    )
