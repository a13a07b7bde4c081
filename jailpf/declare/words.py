"""Words that only jailpf.toml has."""

from __future__ import annotations

import re

from jailpf.values import Filename


class AbsolutePath(Filename):
    """A path that begins with a slash."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> AbsolutePath:
        """Make the path. Raises ValueError."""
        path = Filename.parse(raw)
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is not an absolute path; begin it with '/'")
        return cls(path)


class Seconds(int):
    """A number of seconds, from 1 to 3600."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> Seconds:
        """From a whole number. Raises ValueError."""
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= 3600:
            raise ValueError("seconds are a whole number from 1 to 3600")
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A range."""
        return {"type": "integer", "minimum": 1, "maximum": 3600}


class AdapterName(str):
    """The name of an adapter, such as "jail.conf"."""

    __slots__ = ()

    @classmethod
    def parse(cls, raw: object) -> AdapterName:
        """Make the name. Raises ValueError."""
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", raw):
            raise ValueError(f"{raw!r} is not the name of an adapter")
        return cls(raw)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """A pattern."""
        return {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"}
