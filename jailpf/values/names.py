"""Names: interfaces, tables, jails, services, files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jailpf.values.base import text
from jailpf.values.keywords import KEYWORDS
from jailpf.values.near import listed

if TYPE_CHECKING:
    from typing import Self

INTERFACE = r"[A-Za-z][A-Za-z0-9_.]{0,14}"
TABLE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,30}"


class _Word(str):
    """A string that matched `pattern`."""

    __slots__ = ()
    pattern = ""
    what = ""
    rule = ""
    unquoted = False
    between = r", *"

    @classmethod
    def parse(cls, raw: object) -> Self:
        """Make the name. Raises ValueError when it is not one."""
        if isinstance(raw, dict):
            raise ValueError(
                f"{cls.what} is written as a string, not a table; write a list: {listed(list(map(str, raw)))}"
            )
        word = text(raw, cls.what)
        parts = re.split(cls.between, word)
        if len(parts) > 1 and all(re.fullmatch(cls.pattern, part, re.ASCII) for part in parts):
            raise ValueError(f"{word!r} is not {cls.what}, but several; write a list: {listed(parts)}")
        if not re.fullmatch(cls.pattern, word, re.ASCII):
            raise ValueError(f"{word!r} is not {cls.what}: {cls.rule}")
        if cls.unquoted and word in KEYWORDS:
            raise ValueError(f"{word!r} is a word of pf.conf(5) and cannot be {cls.what}")
        return cls(word)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A pattern."""
        return {"type": "string", "pattern": f"^{cls.pattern}$"}


class Interface(_Word):
    """A network interface or a group of them, at most 15 bytes (facts.md section 1)."""

    __slots__ = ()
    pattern = INTERFACE
    what = "an interface"
    rule = "a letter, then letters, digits, '.' and '_', at most 15 in all"
    unquoted = True
    between = r"[, ]+"


class TableName(_Word):
    """The name of a pf table, without the angle brackets, at most 31 bytes (facts.md section 1)."""

    __slots__ = ()
    pattern = TABLE
    what = "the name of a table"
    rule = "letters, digits, '_', '.' and '-', at most 31 in all, and no '<' '>' around it"
    unquoted = True


class Name(_Word):
    """The NAME in [KEYWORD.NAME]. It becomes part of labels."""

    __slots__ = ()
    pattern = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"
    what = "a name"
    rule = "letters, digits, '_' and '-', at most 63 in all"


class JailName(_Word):
    """The name of a jail as jail(8) takes it, children of a jail included ("parent.child")."""

    __slots__ = ()
    pattern = r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,254}"
    what = "the name of a jail"
    rule = "letters, digits, and _ . : + @ - inside, without '..'"


class Filename(str):
    """A path, absolute or relative to the file that names it."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Filename:
        """Make the path. Raises ValueError for characters that pfctl's quoting cannot carry."""
        name = raw if isinstance(raw, str) else text(raw, "a file name")
        if not name or not re.fullmatch(r"[^\x00-\x1f\x7f\"\\$#]+", name):
            raise ValueError(
                f"{name!r} is not a file name that pf can take: no quotes, '$', '#', '\\' or control characters"
            )
        if len(name.encode()) > 1023:
            raise ValueError("the file name is longer than 1023 bytes")
        return cls(name)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """Any text."""
        return {"type": "string", "minLength": 1}
