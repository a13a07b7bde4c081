"""A finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from jailpf.errors import Problem


class Finding(NamedTuple):
    """level: "error" (who gets in is not as declared), "warning" or "fine". why: why it matters; mend: the remedy."""

    level: Literal["error", "warning", "fine"]
    what: str
    why: str = ""
    mend: str = ""

    @classmethod
    def of(cls, problem: Problem, why: str) -> Finding:
        """An error, as a finding."""
        where = f"{problem.place}: " if problem.place else ""
        return cls("error", where + problem.message, why, problem.remedy)
