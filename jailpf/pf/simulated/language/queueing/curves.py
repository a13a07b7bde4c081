"""Service curves: the sum of several, and whether it stays below another one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple


class Service(NamedTuple):
    """A curve of two lines: m1 for the time d, then m2."""

    m1: int
    d: int
    m2: int

    def at(self, x: float) -> float:
        """What it serves up to a time."""
        if x <= self.d:
            return x * self.m1
        return self.d * self.m1 + (x - self.d) * self.m2


@dataclass
class _Segment:
    x: float
    y: float
    d: float
    m: float


@dataclass
class Segments:
    """The sum of curves, as lines one after the other."""

    parts: list[_Segment] = field(default_factory=list)

    def add(self, curve: Service) -> None:
        """Add one more curve."""
        if not curve.m1 and not curve.m2:
            return
        if curve.d:
            self._add(0.0, float(curve.d), float(curve.m1))
        self._add(float(curve.d), math.inf, float(curve.m2))

    def under(self, limit: Service) -> bool:
        """Whether the sum is nowhere above a curve."""
        if not limit.m1 and not limit.m2:
            return all(part.m == 0 for part in self.parts)
        end = self._entry(math.inf)
        real = self.parts[:end]
        if any(part.y > limit.at(part.x) for part in real):
            return False
        if not real:
            return True
        last = real[-1]
        if last.m > limit.m2:
            return False
        if last.x < limit.d and last.m > limit.m1:
            return last.y + (limit.d - last.x) * last.m <= limit.at(limit.d)
        return True

    def _entry(self, x: float) -> int:
        """The index of the line that begins at a time; it is made when there is none."""
        before = None
        at = 0
        for at, part in enumerate(self.parts):
            if part.x == x:
                return at
            if part.x > x:
                break
            before = part
        else:
            at = len(self.parts)
        following = self.parts[at] if at < len(self.parts) else None
        new = _Segment(x, 0.0, 0.0, 0.0)
        if not (x == math.inf or following is None):
            new.d = math.inf if following.x == math.inf else following.x - x
        if before is not None:
            if x == math.inf:
                before.d = math.inf
                new.y = before.y if before.m == 0 else math.inf
            else:
                before.d = x - before.x
                new.y = before.d * before.m + before.y
            new.m = before.m
        self.parts.insert(at, new)
        return at

    def _add(self, x: float, d: float, m: float) -> None:
        stop = math.inf if d == math.inf else x + d
        self._entry(x)
        self._entry(stop)
        start, end = self._entry(x), self._entry(stop)
        for part in self.parts[start:end]:
            part.m += m
            part.y += (part.x - x) * m
        for part in self.parts[end : self._entry(math.inf)]:
            part.y += m * d
