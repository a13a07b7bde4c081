"""What is wrong with a text, in pfctl's words."""

from __future__ import annotations

from typing import NamedTuple


class Complaint(NamedTuple):
    """One sentence of pfctl; `placed` when pfctl writes FILE:LINE in front of it."""

    message: str
    placed: bool = True


class RuleError(Exception):
    """A statement that pfctl refuses, in its words. With `silent`, pfctl refuses it without another word."""

    def __init__(self, *complaints: str | Complaint) -> None:
        self.complaints = [Complaint(c) if isinstance(c, str) else c for c in complaints]
        super().__init__("; ".join(c.message for c in self.complaints))


class Stopped(Exception):  # noqa: N818
    """pfctl gives up at once, with a sentence that names no place."""


class SyntaxFault(Exception):  # noqa: N818  -- no error for a caller, the parser's way out of a statement
    """A token that cannot stand where it stands."""


NO_COMBINATION = "rule expands to no valid combination"
SKIPPING = "skipping rule due to errors"
