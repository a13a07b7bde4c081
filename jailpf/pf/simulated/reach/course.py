"""What may have happened to a flow's packets so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jailpf.pf.simulated.kernel.flat import Flat


class Course(NamedTuple):
    """One course of the evaluation, as kernel/courses.py has it."""

    tag: str = ""
    flat: Flat | None = None
    ended: frozenset[int] = frozenset()
    over: bool = False
    doubts: tuple[Flat, ...] = ()
    entered: tuple[tuple[int, bool], ...] = ()
