"""The hook lines: which command belongs to which hook, and which commands are ours."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from jailpf.declare.settings import DEFAULT_FILE, DEFAULT_RUN
from jailpf.errors import ConfigError
from jailpf.system import itself

if TYPE_CHECKING:
    from jailpf.declare.settings import Settings

Hooks = tuple[tuple[str, str], ...]
"""((hook without "exec.", command), ...)"""

_SAFE = re.compile(r"/[A-Za-z0-9_./+:@,-]*")
_OURS = re.compile(
    r"(?:\S*/jailpf(?:-hook)?|\S*/python[\w.]* (?:-I -m jailpf|-IS \S*/jailpf/__main__\.py))(?: (?:-c|--run|--plans|--pf) \S+| -v)*"
    r" (?:prestart|created|poststop)(?: \x22?(?:\$\w+|\$\{\w+\}|[^\s$;&|\x22]+)\x22?)?"
)


def lines_of(settings: Settings, name: str, settled: bool) -> Hooks:
    """What a jail's hooks of jail(8) run. The check stands in `prepare`, before anything is made that a refusal would leave
    behind. name: "$name" where the manager substitutes it, else the jail's name.

    A jail that is not settled calls `created` from poststart instead: before, nobody knows its addresses, and a
    `created` that fails would keep it from starting. Raises ConfigError as hook_command does.
    """
    when = [("prepare", "prestart"), ("created" if settled else "poststart", "created"), ("poststop", "poststop")]
    return tuple((hook, hook_command(settings, verb, name)) for hook, verb in when)


def hook_command(settings: Settings, verb: str, name: str) -> str:
    """The command of a hook. verb: prestart, created or poststop; name: the jail's, or what the manager replaces by it.

    Raises ConfigError for a path that jail(8), /bin/sh or a manager's sed(1) would take for something else.
    """
    words = itself.command()
    words += ["-c", settings.file] if settings.file != DEFAULT_FILE else []
    words += ["--run", settings.run] if settings.run != DEFAULT_RUN else []
    words += ["--plans", settings.plans] if settings.plans else []
    for path in (word for word in words if not word.startswith("-")):
        if not _SAFE.fullmatch(path):
            raise ConfigError(
                f"{path!r} cannot be part of a hook line", None, "use a path without spaces, quotes, '=' and '$'"
            )
    return " ".join([*words, verb, name])


def is_hook_command(command: str) -> bool:
    """Whether a hook's command was written by `attach` of this or another version."""
    return ours(command)


def called(text: str) -> list[str]:
    """What hook commands of ours stand in a text, as "VERB NAME", sorted: whatever program and settings they name."""
    return sorted(" ".join(found[0].replace('"', "").split()[-2:]) for found in _OURS.finditer(text))


def programs(text: str) -> tuple[str, ...]:
    """The files that hook commands of ours in a text run: a launcher, or a Python and what it is given."""
    words = [found[0].split() for found in _OURS.finditer(text)]
    return tuple(dict.fromkeys(word for each in words for word in (each[0], each[2] * (each[1] == "-IS")) if word))


def settings_files(text: str) -> tuple[str, ...]:
    """The jailpf.toml that each hook command of ours in a text reads."""
    commands = (found[0].split() for found in _OURS.finditer(text))
    return tuple(dict.fromkeys(dict(pairwise(words)).get("-c", DEFAULT_FILE) for words in commands))


def ours(command: str) -> bool:
    """Whether a hook's command was written by `attach` of this or another version."""
    return _OURS.fullmatch(" ".join(command.split())) is not None
