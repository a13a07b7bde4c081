"""Reading a table of SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jailpf.plugin import ConfigError, PfUnavailableError, Place, read_file

if TYPE_CHECKING:
    from typing import Literal

MISSING = "install the package pyXY-sqlite3 for this Python"


def rows(file: str, table: Literal["jails", "expose"]) -> list[dict[str, Any]]:
    """All rows of a table, by column. Raises ConfigError, PermissionDeniedError, PfUnavailableError without sqlite3."""
    read_file(file, ConfigError)  # for its owner: nobody else may decide who gets in
    try:
        import sqlite3
    except ImportError:
        raise PfUnavailableError("Python's sqlite3 is not installed", None, MISSING) from None
    try:
        base = sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True, timeout=5)
        try:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute(f"SELECT * FROM {table} ORDER BY rowid")]  # noqa: S608 - two words
        finally:
            base.close()
    except sqlite3.Error as wrong:
        raise ConfigError(f"cannot be read: {wrong}", Place(file)) from None
