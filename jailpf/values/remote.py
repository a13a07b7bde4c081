"""What the members of a table may follow: names of hosts, and documents."""

from __future__ import annotations

import re

from jailpf.values.base import text


class HostName(str):
    """The name of a host in the DNS."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> HostName:
        """Make it. Raises ValueError for what is no name, an address included."""
        word = text(raw, "the name of a host")
        label = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
        if len(word) > 253 or not re.fullmatch(rf"{label}(\.{label})*\.?", word, re.ASCII):
            raise ValueError(f"{word!r} is not the name of a host")
        if re.fullmatch(r"(0[xX])?[0-9a-fA-F.]*[0-9]\.?", word) and not re.search(r"[g-zG-Z]", word):
            raise ValueError(f"{word!r} is an address; write it in `addresses`")
        return cls(word)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Text."""
        return {"type": "string", "minLength": 1, "maxLength": 253}


class Url(str):
    """An https or http URL."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Url:
        """Make it. Raises ValueError."""
        word = text(raw, "a URL")
        if not re.fullmatch(r"https?://[!-~]{1,2000}", word) or re.search(r"[\"\\<>#]", word):
            raise ValueError(f'{word!r} is not a URL that can be fetched; write "https://HOST/PATH"')
        if "@" in word.split("/")[2]:
            raise ValueError(
                "a URL with a user name would show its password to everybody; fetch the list by cron, and use `file`"
            )
        return cls(word)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A pattern."""
        return {"type": "string", "pattern": "^https?://"}
