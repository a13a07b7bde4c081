"""template.conf of an AppJail jail: a line a parameter, `key: value` or `key+: value` (appjail-template(5))."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from jailpf.plugin import hook_command, is_hook_command

if TYPE_CHECKING:
    from jailpf.plugin import Jail, Settings

_ROW = re.compile(r"\s*\*?(?P<key>[A-Za-z0-9_.]+)(?P<more>\+)?\s*(?::\s*(?P<value>.*))?$")


def parameters(text: str) -> dict[str, tuple[str, ...]]:
    """The parameters as jail(8) will read them: `+:` adds, `:` replaces, a bare key has no value."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if row := _ROW.match(line):
            values = tuple(_words(row["value"] or ""))
            found[row["key"]] = (*found.get(row["key"], ()), *values) if row["more"] else values
    return found


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value, comments=True)
    except ValueError:
        return [value]


class Rows:
    """The hook rows of one jail, in the text of its template."""

    def __init__(self, settings: Settings, jail: Jail) -> None:
        created = "exec.created" if jail.settled else "exec.poststart"
        when = {"exec.prepare": "prestart", created: "created", "exec.poststop": "poststop"}
        self.rows = [f'{hook}+: "{hook_command(settings, verb, "${name}")}"\n' for hook, verb in when.items()]

    def attached(self, text: str | None) -> str | None:
        """With them, at the end: rows keep their order, and a row without "+" drops those above it."""
        if text is None:
            return None
        if [line for line in text.splitlines(keepends=True) if _ours(line)] == self.rows and self._last(text):
            return text
        rest = _without(text)
        return rest + ("" if rest.endswith("\n") or not rest else "\n") + "".join(self.rows)

    def detached(self, text: str | None, _before: str | None) -> str | None:
        """Without them."""
        return None if text is None else _without(text)

    def _last(self, text: str) -> bool:
        """Whether no row below ours touches one of our stages."""
        below = text[text.index(self.rows[-1]) + len(self.rows[-1]) :] if self.rows[-1] in text else text
        keys = {row.partition("+")[0] for row in self.rows}
        return not any((row := _ROW.match(line)) and row["key"] in keys for line in below.splitlines())


def _ours(line: str) -> bool:
    row = _ROW.match(line)
    return bool(row and row["key"].startswith("exec.") and is_hook_command(" ".join(_words(row["value"] or ""))))


def _without(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not _ours(line))
