"""What `pfctl -a '*'` prints (15): the main ruleset, and in braces what its anchor lines call, all by one process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CALL = re.compile(r'(?:nat-|rdr-|binat-)?anchor "(?P<name>[^"]+)"')


def rulesets(lines: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The rules of each anchor that the main ruleset calls, by its path, as `-a PATH` alone prints them.

    Not those that anchors call themselves. One that is called twice (by `nat-anchor` and `rdr-anchor`) is printed twice; where the
    two differ, somebody has loaded it in between, and it is left out. Raises ValueError where braces do not match.
    """
    found: dict[str, tuple[str, ...]] = {}
    torn: set[str] = set()
    blocks: list[_Block] = []
    for line in map(str.strip, lines):
        if line == "}":
            if not blocks:
                raise ValueError("a closing brace without an opening one")
            block = blocks.pop()
            rules = tuple(block.rules)
            torn |= {block.path} if block.path and found.setdefault(block.path, rules) != rules else set()
            continue
        if blocks:
            blocks[-1].rules.append(line.removesuffix(" {"))
        if line.endswith(" {"):
            blocks.append(_inside(blocks[-1] if blocks else None, line))
    if blocks:
        raise ValueError("a brace that is not closed")
    return {path: rules for path, rules in found.items() if path not in torn}


class _Block:
    """What stands between two braces. path: of the anchor whose rules these are, "" where they are nobody's; parent: of the
    anchor whose children these are, "" likewise.
    """

    def __init__(self, path: str = "", parent: str = "") -> None:
        self.path, self.parent = path, parent
        self.rules: list[str] = []


def _inside(outer: _Block | None, line: str) -> _Block:
    call = _CALL.match(line)
    name = call["name"] if call else ""
    if not name or name.startswith(("/", "_")) or "/_" in name:
        return _Block()
    if outer is None:
        return _Block(parent=name[:-2]) if name.endswith("/*") else _Block(path=name)
    return _Block(path=f"{outer.parent}/{name}") if outer.parent else _Block()
