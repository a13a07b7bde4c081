"""Where a rule of the loaded main ruleset stands in the file that it was loaded from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session
    from jailpf.pf.simulated import Match

USUAL = "/etc/pf.conf"


class ConfLines:
    """The lines of pf.conf, by the rules that they become. pf itself keeps no lines."""

    def __init__(self, session: Session, world: World) -> None:
        settings = session.settings
        real = settings.pf == "pfctl"
        self.file = USUAL if real else os.path.join(os.path.dirname(settings.file), settings.main)
        self._lines = _read(self.file, world) if real or settings.main else {}

    def place(self, match: Match) -> str:
        """ "pf.conf:7: ", or "" where the file has the rule nowhere or more than once."""
        lines = self._lines.get((match.section, match.text), set())
        return f"{self.file}:{next(iter(lines))}: " if len(lines) == 1 else ""


def _read(file: str, world: World) -> dict[tuple[str, str], set[int]]:
    from jailpf.pf.simulated.language.files import read
    from jailpf.pf.simulated.language.parse import parse
    from jailpf.pf.simulated.rules.show import rule_text

    try:
        text = read(file)
    except OSError:
        return {}
    found: dict[tuple[str, str], set[int]] = {}
    for section, rules in parse(text, world.pf.topology, name=file, main=True, lenient=True).rules.items():
        for rule in rules:
            found.setdefault((section, rule_text(rule)), set()).add(rule.line)
    return found
