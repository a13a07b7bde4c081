"""Did you mean ...?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, only_near: bool = False) -> str:
    """A remedy that names the nearest known word, or all of them when none is near; only_near: that word alone, or ""."""
    import difflib

    words = sorted(set(known))
    plain = word.replace("-", "_").lower()
    near = [plain] if plain in words else difflib.get_close_matches(plain, words, n=1, cutoff=0.6)
    if only_near:
        return near[0] if near else ""
    if near:
        return f"did you mean {near[0]!r}?"
    return "known are " + ", ".join(words) if words else ""
