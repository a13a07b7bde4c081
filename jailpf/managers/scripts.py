"""Hook lines in scripts of sh(1): a file of our own, or a line of ours in the file that is there."""

from __future__ import annotations

import re

from jailpf.errors import ConfigError, Place
from jailpf.managers.attach.lines import ours
from jailpf.managers.hooks import HookFile

SHEBANG = "#!/bin/sh\n"
_SH = re.compile(r"#! ?(/\S*/env )?(/\S*/)?(ba|z|k)?sh\b[^\n]*\n")


def script(path: str, command: str, *, folder: bool = False, last: bool = False) -> HookFile:
    """A script that runs the command: a new one, or a line added at the top of an existing one, or with `last` at its end.

    command: as hook_command gives it, the name in double quotes: `"$NAME"`; folder: as of HookFile. Its last command
    decides how a script ends, so where that counts (a stage that can refuse) it belongs last.
    """
    line = f"{command}\n"

    def attached(text: str | None) -> str:
        if text is None or not _foreign(text):
            return SHEBANG + line
        head = _SH.match(text)
        if head is None:
            raise ConfigError("is not a sh(1) script", Place(path), "replace it with a sh(1) script that runs it")
        if line in text.splitlines(keepends=True) and len(_ours(text)) == 1:
            return text
        rest = _without(text)[head.end() :]
        if last:
            return head[0] + rest + ("" if rest.endswith("\n") or not rest else "\n") + line
        return head[0] + line + rest

    def detached(text: str | None, before: str | None) -> str | None:
        if text is None or not _ours(text):
            return text
        if _foreign(text):
            return _without(text)
        return before if before is not None and not _ours(before) else None

    return HookFile(path=path, attached=attached, detached=detached, mode=0o755, folder=folder)


def _ours(text: str) -> list[str]:
    return [line for line in text.splitlines() if ours(line.strip().removeprefix("exec "))]


def _without(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\n") not in _ours(text))


def _foreign(text: str) -> bool:
    """Whether anything in it is not ours: neither a comment nor blank."""
    return any(line.strip() and not line.startswith("#") for line in _without(text).splitlines())
