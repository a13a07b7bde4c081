"""What `jail -e SEPARATOR` prints: a line for each jail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def show(jails: Iterable[Mapping[str, tuple[str, ...]]], separator: str) -> str:
    """The lines; values of a list are joined by commas, quoted where jail(8) quotes them."""
    lines = []
    for jail in jails:
        words = [name + ("=" + ",".join(map(quoted, values)) if values else "") for name, values in jail.items()]
        lines.append(separator.join(words) + "\n")
    return "".join(lines)


def quoted(text: str) -> str:
    """A value as jail(8) prints it: in quotes when it is empty, or has quotes or blanks in it."""
    mark = ""
    if not text or "'" in text:
        mark = '"'
    elif '"' in text:
        mark = "'"
    elif " " in text or "\t" in text:
        mark = '"'
    return mark + "".join("\\" + letter if letter in ("\\", mark) and letter else letter for letter in text) + mark
