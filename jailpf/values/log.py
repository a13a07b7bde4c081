"""What pf logs of a rule, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jailpf.values.base import describe, text


@dataclass(frozen=True, slots=True)
class Log:
    """`log` of pf.conf(5): the first packet of a connection or all of them, to pflog0 or another pflog interface."""

    every: bool = False
    to: str = ""

    @classmethod
    def parse(cls, raw: object) -> Log | None:
        """From true, false, "all" or { to = "pflog1", all = true }. None: nothing is logged. Raises ValueError."""
        if isinstance(raw, bool):
            return cls() if raw else None
        if raw == "all":
            return cls(every=True)
        if not isinstance(raw, dict):
            got = repr(raw) if isinstance(raw, str) else describe(raw)
            raise ValueError(f'log is true, false, "all" or {{ to = "pflog1", all = true }}, not {got}')
        for name in raw:
            if name not in ("to", "all"):
                raise ValueError(f"{name!r} is not a key of log; known are all, to")
        every = raw.get("all", False)
        if not isinstance(every, bool):
            raise ValueError(f"`all` is true or false, not {describe(every)}")
        to = text(raw.get("to", ""), "a pflog interface")
        if to and not re.fullmatch(r"pflog(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])", to, re.ASCII):
            raise ValueError(f'{to!r} is not a pflog interface; write "pflog1", up to "pflog255"')
        return cls(every, "" if to == "pflog0" else to)

    @classmethod
    def schema(cls) -> dict[str, object]:
        """true, false, "all" or a table."""
        inside = {
            "to": {"type": "string", "pattern": "^pflog[0-9]{1,3}$", "description": "The pflog interface."},
            "all": {
                "type": "boolean",
                "description": "Whether to log all packets, not only the first of each connection.",
            },
        }
        table = {"type": "object", "additionalProperties": False, "properties": inside}
        return {"anyOf": [{"type": "boolean"}, {"enum": ["all"]}, table]}

    def __str__(self) -> str:
        options = ["all"] * self.every + [f"to {self.to}"] * bool(self.to)
        return f"log ({', '.join(options)})" if options else "log"
