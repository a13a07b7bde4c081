"""The exec_* properties in config.json, which iocage runs at the stages of a jail's life.

The file is edited, not `iocage set` called: four properties change in one replacement or none, `-n` can show it, and
iocage reads the file anew at every start. Each property is one string, so commands are chained with `&&`; iocage gives
no jail name to host hooks, so the name is written out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jailpf.plugin import ConfigError, Place, hook_command, is_hook_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jailpf.plugin import Jail
    from jailpf_adapters.iocage.adapter import Iocage

NOTHING = "/usr/bin/true"
HOOKS = ("prestart", "created", "poststart", "poststop")


class Properties:
    """The hook lines of one jail, in the text of its config.json."""

    def __init__(self, iocage: Iocage, jail: Jail) -> None:
        self.iocage, self.jail, self.file = iocage, jail, iocage.file_of(jail.name)

    def attached(self, text: str | None) -> str | None:
        """With them. Raises ConfigError for a command that nothing can be chained to."""
        if text is None:
            return None
        own = json.loads(text)
        effective = {**self.iocage.defaults(), **own}
        wanted = self._wanted()
        before = dict(own)
        for hook in HOOKS:
            key = f"exec_{hook}"
            said = str(effective.get(key, NOTHING))
            rest = _rest(said)
            new = _chain(hook, rest, wanted[hook], self.file) if hook in wanted else " && ".join(rest) or NOTHING
            if new != said:
                own[key] = new
        return text if own == before else _dump(own, text)

    def detached(self, text: str | None, backup: str | None) -> str | None:
        """Without them: what stood there before stands there again."""
        if text is None:
            return None
        own = json.loads(text)
        before, earlier = dict(own), _earlier(backup)
        for hook in HOOKS:
            key = f"exec_{hook}"
            if key not in own or not any(map(is_hook_command, _parts(str(own[key])))):
                continue
            own[key] = " && ".join(_rest(str(own[key]))) or NOTHING
            # A property that was not there before came from defaults.json, and shall again.
            if earlier is not None and key not in earlier:
                del own[key]
        return text if own == before else _dump(own, text)

    def _wanted(self) -> dict[str, str]:
        name, settings = self.jail.name, self.iocage.settings
        created = "created" if self.jail.settled else "poststart"
        when = {"prestart": "prestart", created: "created", "poststop": "poststop"}
        return {hook: hook_command(settings, verb, name) for hook, verb in when.items()}


def called_for_others(config: Mapping[str, Any], name: str) -> list[str]:
    """The names, other than the jail's own, that its hooks call jailpf for."""
    commands = [part for hook in HOOKS for part in _parts(str(config.get(f"exec_{hook}", "")))]
    names = [command.split()[-1] for command in commands if is_hook_command(command)]
    return [one for one in dict.fromkeys(names) if one != name]


def _chain(hook: str, rest: list[str], mine: str, file: str) -> str:
    """poststop: ours first, it always ends 0 and shall run whatever the other does; else behind the other's work."""
    for command in rest:
        # iocage joins the words of a command again and loses its quotes; a comment or `&` would swallow what follows.
        if re.search(r"""["'\\`]|(^|\s)#|[&;|]\s*$""", command):
            message = f"jailpf cannot chain to exec_{hook} = {command!r}"
            raise ConfigError(message, Place(file), "put that command in a script, and set the script's path here")
    return " && ".join([mine, *rest] if hook == "poststop" else [*rest, mine])


def _rest(value: str) -> list[str]:
    return [part for part in _parts(value) if not is_hook_command(part) and part != NOTHING]


def _parts(value: str) -> list[str]:
    return [part for part in re.split(r"\s*&&\s*", value.strip()) if part and part != "none"]


def _earlier(backup: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(backup) if backup is not None else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _dump(config: Mapping[str, Any], old: str) -> str:
    """In the style of the old text: iocage writes four blanks, sorted keys, no newline at the end."""
    found = re.match(r"\{\n([ \t]+)", old)
    ordered = list(json.loads(old))
    text = json.dumps(
        config, indent=found[1] if found else None, sort_keys=ordered == sorted(ordered), ensure_ascii=False
    )
    return text + ("\n" if old.endswith("\n") else "")
