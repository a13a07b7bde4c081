"""Attaching iocage's jails: the exec_* properties in config.json (peers.md 3.3).

The file is edited, not `iocage set` called: four properties change in one replacement or none, `-n` can show it, and
iocage reads the file anew at every start. Each property is one string, so commands are chained with `&&`; iocage gives
no jail name to host hooks, so the name is written out.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from jailpf.errors import ConfigError, Place
from jailpf.managers.attach.diffs import unified
from jailpf.managers.attach.hooks import hooks, ours
from jailpf.managers.attach.planning import Change, Plan
from jailpf.managers.attach.replacing import backup_of
from jailpf.managers.builtin import Iocage
from jailpf.managers.iocage import read_json
from jailpf.system import files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.model import Jail

NOTHING = "/usr/bin/true"
HOOKS = ("prestart", "created", "poststart", "poststop")


class IocagePlan(Plan):
    """config.json of each jail."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.new: dict[str, bytes] = {}

    def attach(self, adapter: object, jail: Jail) -> Change:
        """Plan the properties of a jail. Raises ConfigError for a command that nothing can be chained to."""
        assert isinstance(adapter, Iocage)  # noqa: S101
        file = adapter.file_of(jail.name)
        effective = adapter.config(jail.name)
        own = read_json(file)
        wanted = dict(hooks(self.settings, jail.name, jail.settled))
        for hook in HOOKS:
            key = f"exec_{hook}"
            before = str(effective.get(key, NOTHING))
            rest = _rest(before)
            after = _chain(hook, rest, wanted[hook], file) if hook in wanted else " && ".join(rest) or NOTHING
            if after != before:
                own[key] = after
        return self._change(jail, file, own)

    def detach(self, adapter: object, jail: Jail) -> Change:
        """Plan their removal: what stood there before stands there again."""
        assert isinstance(adapter, Iocage)  # noqa: S101
        file = adapter.file_of(jail.name)
        own = read_json(file)
        backup = _backup(file)
        for hook in HOOKS:
            key = f"exec_{hook}"
            if key not in own or not any(map(ours, _parts(str(own[key])))):
                continue
            own[key] = " && ".join(_rest(str(own[key]))) or NOTHING
            # A property that was not there before came from defaults.json, and shall again.
            if backup is not None and key not in backup:
                del own[key]
        return self._change(jail, file, own)

    def contents(self) -> dict[str, bytes]:
        """The new content of each file."""
        return self.new

    def _change(self, jail: Jail, file: str, config: Mapping[str, Any]) -> Change:
        raw = files.read(file, ConfigError)
        old = raw.decode("utf-8", "surrogateescape")
        change = Change(jail.name, Iocage.name, file)
        if config != read_json(file):
            new = _dump(config, old)
            self.originals[file], self.new[file] = raw, new.encode("utf-8", "surrogateescape")
            change.diff = unified(file, old, new)
        return change


def _chain(hook: str, rest: list[str], mine: str, file: str) -> str:
    """poststop: ours first, it always ends 0 and shall run whatever the other does; else behind the other's work."""
    for command in rest:
        # iocage joins the words of a command again and loses its quotes; a comment or `&` would swallow what follows.
        if re.search(r"""["'\\`]|(^|\s)#|[&;|]\s*$""", command):
            message = f"nothing can be chained to exec_{hook} = {command!r}"
            raise ConfigError(message, Place(file), "put that command into a script, and the script's path here")
    return " && ".join([mine, *rest] if hook == "poststop" else [*rest, mine])


def _rest(value: str) -> list[str]:
    return [part for part in _parts(value) if not ours(part) and part != NOTHING]


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"\s*&&\s*", value.strip()) if part and part != "none"]


def _backup(file: str) -> dict[str, Any] | None:
    try:
        return read_json(backup_of(file)) if os.path.isfile(backup_of(file)) else None
    except ConfigError:
        return None


def _dump(config: Mapping[str, Any], old: str) -> str:
    """In the style of the old text: iocage writes four blanks, sorted keys, no newline at the end."""
    import json

    found = re.match(r"\{\n([ \t]+)", old)
    ordered = list(json.loads(old))
    text = json.dumps(
        config, indent=found[1] if found else None, sort_keys=ordered == sorted(ordered), ensure_ascii=False
    )
    return text + ("\n" if old.endswith("\n") else "")
