"""What every value can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Self


class Value(Protocol):
    """A typed value: `parse` takes what TOML holds, `str` gives pf.conf(5) text, `schema` a JSON Schema."""

    @classmethod
    def parse(cls, raw: object) -> Self:
        """Make the value. Raises ValueError with a sentence for the user."""

    @classmethod
    def schema(cls) -> dict[str, object]:
        """The JSON Schema of what `parse` takes, as far as a schema can say it."""


def text(raw: object, what: str) -> str:
    """`raw` as a string. Raises ValueError for anything else, and for letters that nobody sees."""
    from jailpf.values.near import unseen

    if not isinstance(raw, str):
        raise ValueError(f"{what} is written as a string, not {describe(raw)}")
    if (raw.strip(" \t") != raw or not raw.isascii()) and (wrong := unseen(raw)):
        raise ValueError(wrong)
    return raw


def describe(raw: object) -> str:
    """What kind of TOML value this is, in TOML's words."""
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a float",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(raw), "a date or time")
